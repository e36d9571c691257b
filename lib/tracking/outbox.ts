/**
 * The queue between the program and the server.
 *
 * Operations of one run go in the order they were made ("lane"); runs and artifacts go beside each
 * other. When the server does not answer, all that waits goes to the spool on disk, and is tried
 * again with growing pauses until it arrives; a refusal for good is reported by the next flush and
 * the refused record kept beside the spool.
 *
 * ```
 * logMetric → buffer → batch → lane ──deliver──▶ server
 *                               │  ▲
 *                    away: append, sync, read back
 *                               ▼  │
 *                              spool
 * ```
 * @module
 */
import { backoffMs } from "./backoff.ts";
import { deliver, type RunDirectory } from "./deliver.ts";
import { isRetryable, type Rejection, TrackingError } from "./errors.ts";
import { halveFragment, isProvisional, type Operation } from "./operation.ts";
import { Refusals } from "./refusals.ts";
import { Signal } from "./signal.ts";
import { leftoverFiles, type RunIdentity, SpoolFile, withContentOnDisk } from "./spool.ts";
import { type Entry, type Lane, newEntry, resolveRun } from "./outbox_entry.ts";
import type { Transport } from "./transport.ts";

export interface OutboxOptions {
  /** Folder of the spool; null keeps everything in memory. */
  spoolDir: string | null;
  /** Batches of metrics of one run that may be on their way at once. */
  window: number;
  /** Longest pause between two tries. */
  maxBackoffMs: number;
  backoffBaseMs: number;
  /** Bytes of waiting batches after which they go to disk even when the server answers. */
  memoryBytes: number;
  warn: (message: string) => void;
}

/** Answers of status 500 to one operation after which it counts as refused. */
const faultLimit = 8;

/** A queued operation, as its maker sees it. */
export interface Ticket {
  /** Delivered, refused, or safe on disk. */
  settled: Promise<void>;
  /** Resolves when delivered; rejects when refused for good. */
  delivered: Promise<RunIdentity | undefined>;
  /** Whoever attended it stops waiting: from now on it may go to disk. */
  release(): void;
  /** Takes it back, unless it is on its way. */
  cancel(): void;
}

export class Outbox {
  readonly #transport: Transport;
  readonly #directory: RunDirectory;
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #adopted: SpoolFile[] = [];
  /** Something was delivered, refused or stopped. */
  readonly #moved = new Signal();
  /** What waits for its next try is to be tried now. */
  readonly #hurry = new Signal();
  readonly #refusals: Refusals;
  /** Entries that are in memory only. */
  readonly #unsaved = new Set<Entry>();
  readonly #drains = new Set<Promise<void>>();
  #own: SpoolFile | null = null;
  #spoolBroken = false;
  #seq = 0;
  #bytes = 0;
  #attempt = 0;
  #away: TrackingError | null = null;
  #closed = false;

  constructor(transport: Transport, directory: RunDirectory, options: OutboxOptions) {
    this.#transport = transport;
    this.#directory = directory;
    this.#options = options;
    this.#refusals = new Refusals(options.spoolDir, options.warn);
  }

  /** Why the server cannot be reached at the moment, or null. */
  get away(): TrackingError | null {
    return this.#away;
  }

  /** Operations not yet delivered. */
  get waiting(): number {
    let n = 0;
    for (const lane of this.#lanes.values()) n += lane.entries.length - lane.head;
    return n;
  }

  /** Where refused records are kept. */
  get deadLetterPath(): string | null {
    return this.#refusals.path;
  }

  get spoolDir(): string | null {
    return this.#options.spoolDir;
  }

  /** Takes over what dead processes left for this server; returns how many operations. */
  adoptLeftovers(): number {
    if (this.#options.spoolDir === null) return 0;
    let count = 0;
    for (const path of leftoverFiles(this.#options.spoolDir)) {
      if (path === this.#own?.path) continue;
      const left = SpoolFile.adopt(path);
      if (left === null) continue;
      this.#adopted.push(left.spool);
      for (const [run, identity] of left.runs) this.#directory.set(run, identity);
      for (const spooled of left.waiting) {
        const operation = spooled.read();
        const run = this.#directory.idOf(operation.run);
        this.#push({ ...newEntry(), spooled, attempts: 1 }, { ...operation, run });
        count++;
      }
    }
    return count;
  }

  /** Queues an operation. An `attended` one stays in memory, its refusal goes to the ticket alone. */
  enqueue(operation: Operation, attended = false): Ticket {
    if (this.#closed) {
      throw new Error("Cannot log: tracker must be open, got a closed one");
    }
    const entry: Entry = { ...newEntry(), operation, attended };
    entry.bytes = operation.kind === "batch" ? operation.fragment.length : 256;
    this.#bytes += entry.bytes;
    this.#unsaved.add(entry);
    this.#push(entry, operation);
    if (this.#away || this.#bytes > this.#options.memoryBytes) this.spoolAll();
    return {
      settled: entry.settled.promise,
      delivered: entry.delivered.promise,
      release: () => {
        entry.attended = false;
        if (this.#away) this.spoolAll();
      },
      cancel: () => {
        const lane = this.#lanes.get(entry.lane);
        const at = lane?.entries.indexOf(entry, lane.head) ?? -1;
        if (!lane || at < 0) return;
        lane.entries.splice(at, 1);
        this.#unsaved.delete(entry);
        this.wake();
      },
    };
  }

  #push(entry: Entry, operation: Operation): void {
    entry.seq = entry.spooled?.seq ?? ++this.#seq;
    entry.commutes = operation.kind === "batch" && operation.commutes;
    entry.lane = operation.kind === "artifact" ? `${operation.run} artifacts` : operation.run;
    let lane = this.#lanes.get(entry.lane);
    if (!lane) this.#lanes.set(entry.lane, lane = { entries: [], head: 0, running: false });
    lane.entries.push(entry);
    if (!lane.running) {
      lane.running = true;
      const drain = this.#drain(entry.lane, lane).finally(() => this.#drains.delete(drain));
      this.#drains.add(drain);
    }
  }

  /** Writes all that waits to disk, synchronously. For an outage, and for the end of a program. */
  spoolAll(): void {
    const { spoolDir } = this.#options;
    if (spoolDir === null || this.#spoolBroken) return;
    const entries = [...this.#unsaved].filter((e) => !e.attended);
    if (entries.length === 0) return;
    try {
      this.#own ??= SpoolFile.create(spoolDir);
      const items = entries.map((e) => ({
        seq: e.seq,
        operation: withContentOnDisk(resolveRun(e.operation!, this.#directory), spoolDir),
      }));
      const spooled = this.#own.append(items);
      entries.forEach((entry, i) => {
        entry.spooled = spooled[i];
        entry.operation = null;
        this.#bytes -= entry.bytes;
        entry.bytes = 0;
        this.#unsaved.delete(entry);
        entry.settled.resolve();
      });
    } catch (error) {
      // Disk full or not writable: what waits stays in memory, and the user hears of it once.
      this.#spoolBroken = true;
      this.#options.warn(
        `Cannot spool to ${spoolDir}: ${
          error instanceof Error ? error.message : error
        }; waiting records are in memory only`,
      );
    }
  }

  /** Resolves true when nothing of `run` (or nothing at all) waits, false after `timeoutMs`. */
  async idle(timeoutMs: number, run?: string): Promise<boolean> {
    // Credentials may have changed since the server said no: ask again before giving up.
    if (isDenied(this.#away)) this.#away = null;
    this.wake();
    const deadline = performance.now() + timeoutMs;
    const lanes = () =>
      run === undefined
        ? [...this.#lanes.keys()]
        : [run, `${run} artifacts`].filter((l) => this.#lanes.has(l));
    while (lanes().length > 0) {
      const left = deadline - performance.now();
      if (left <= 0 || isDenied(this.#away)) return false;
      await this.#moved.wait(left);
    }
    return true;
  }

  /** Tries again now what waits for its next try. */
  wake(): void {
    this.#hurry.notify();
  }

  /** Refusals since the last call, of one run or of all; then forgotten. */
  takeRejections(run?: string): Rejection[] {
    return this.#refusals.take(run === undefined ? undefined : this.#directory.idOf(run));
  }

  /** Stops; what waits stays in the spool for the next tracker. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.spoolAll();
    this.#closed = true;
    this.#transport.close();
    this.wake();
    this.#moved.notify();
    await Promise.all(this.#drains);
    this.#own?.close();
    for (const spool of this.#adopted) spool.close();
    this.#lanes.clear();
  }

  async #drain(name: string, lane: Lane): Promise<void> {
    await Promise.resolve();
    while (lane.head < lane.entries.length && !this.#closed) {
      const group = [lane.entries[lane.head]];
      const operation = group[0].operation ?? group[0].spooled!.read();
      if (group[0].commutes) {
        const end = Math.min(lane.entries.length, lane.head + this.#options.window);
        for (let i = lane.head + 1; i < end; i++) {
          if (!lane.entries[i].commutes) break;
          group.push(lane.entries[i]);
        }
      }
      if (await this.#mustWait(name, operation)) continue;
      const done = await Promise.all(group.map((entry) => this.#try(entry)));
      if (this.#closed) break;
      // A cancelled entry is gone already; the rest of the group still stands at the head.
      const left = group.filter((entry, i) => !done[i] && lane.entries.includes(entry, lane.head));
      const standing = lane.entries[lane.head] === group[0] ? group.length : 0;
      lane.head += standing - left.length;
      left.forEach((entry, i) => lane.entries[lane.head + i] = entry);
      if (lane.head > 512 && lane.head * 2 > lane.entries.length) {
        lane.entries.splice(0, lane.head);
        lane.head = 0;
      }
      if (left.length === 0) continue;
      this.#moved.notify();
      await this.#sleep();
    }
    lane.running = false;
    if (lane.head >= lane.entries.length) this.#lanes.delete(name);
    this.#moved.notify();
  }

  /**
   * Artifacts wait for their run to exist, a child for its parent, and a run's end for its
   * artifacts. True after such a wait: look again.
   */
  async #mustWait(name: string, operation: Operation): Promise<boolean> {
    const handle = name.replace(/ artifacts$/, "");
    const isUnmade = (run: string) => isProvisional(run) && !this.#directory.get(run);
    const other = operation.kind === "artifact"
      ? (isUnmade(handle) ? handle : null)
      : operation.kind === "create"
      ? (operation.parent !== null && isUnmade(operation.parent) ? operation.parent : null)
      : operation.kind === "update"
      ? `${handle} artifacts`
      : null;
    if (other === null || !this.#lanes.has(other)) return false;
    await this.#moved.wait();
    return true;
  }

  /** One try; true when the entry is done with (delivered or refused). */
  async #try(entry: Entry): Promise<boolean> {
    const operation = entry.operation ?? entry.spooled!.read();
    try {
      if (
        operation.kind !== "create" && isProvisional(operation.run) &&
        !this.#directory.get(operation.run)
      ) throw orphan();
      const identity = await deliver(
        operation,
        this.#transport,
        this.#directory,
        entry.attempts++ > 0,
      );
      this.#reached();
      this.#finish(entry, operation, identity);
      entry.delivered.resolve(identity);
      return true;
    } catch (error) {
      if (this.#closed) return false;
      const known = error instanceof TrackingError ? error : new TrackingError(
        error instanceof Error ? error.message : String(error),
        { status: 400, errorCode: "CLIENT_ERROR", endpoint: operation.kind, cause: error },
      );
      const isFault = known.status === 500 && entry.attempts >= faultLimit;
      if ((isRetryable(known) && !isFault) || (isDenied(known) && !entry.attended)) {
        return this.#lost(known);
      }
      if (operation.kind === "batch" && known.status === 400) {
        const isDone = await this.#isolate(entry, operation, known);
        if (isDone) {
          this.#finish(entry, operation);
          entry.delivered.resolve(undefined);
        }
        return isDone;
      }
      if (!entry.attended) this.#report(entry, operation, known);
      this.#finish(entry, operation);
      entry.delivered.reject(known);
      return true;
    }
  }

  #reached(): void {
    this.#attempt = 0;
    // Whatever kept the spool from being written may be over at the next outage.
    this.#spoolBroken = false;
    if (this.#away === null) return;
    this.#away = null;
    this.wake();
  }

  #lost(error: TrackingError): false {
    this.#away = error;
    this.spoolAll();
    return false;
  }

  /** One bad item must not take its batch with it: halves are sent by themselves, down to one. */
  async #isolate(
    entry: Entry,
    operation: Operation & { kind: "batch" },
    error: TrackingError,
  ): Promise<boolean> {
    const halves = halveFragment(operation.fragment);
    if (halves === null) {
      this.#report(entry, operation, error);
      return true;
    }
    for (const fragment of halves) {
      const half = { ...operation, fragment };
      try {
        await deliver(half, this.#transport, this.#directory, true);
      } catch (cause) {
        if (!(cause instanceof TrackingError)) throw cause;
        if (cause.status !== 400) return this.#lost(cause);
        if (!(await this.#isolate(entry, half, cause))) return false;
      }
    }
    return true;
  }

  #finish(entry: Entry, operation: Operation, identity?: RunIdentity): void {
    this.#unsaved.delete(entry);
    this.#bytes -= entry.bytes;
    entry.bytes = 0;
    entry.spooled?.spool.acknowledge(entry.spooled.seq, identity);
    entry.settled.resolve();
    if (operation.kind === "artifact" && !(operation.content instanceof Uint8Array)) {
      if (operation.content.owned) Deno.remove(operation.content.file).catch(() => {});
    }
  }

  #report(entry: Entry, operation: Operation, error: TrackingError): void {
    this.#refusals.add(this.#directory.idOf(operation.run), entry.seq, operation, error);
  }

  /** The pause before the next try; shorter when the server is seen again or a flush asks. */
  async #sleep(): Promise<void> {
    const waitMs = backoffMs(this.#attempt++, {
      baseMs: this.#options.backoffBaseMs,
      capMs: this.#options.maxBackoffMs,
      retryAfterMs: this.#away?.retryAfterMs,
    });
    // What is on disk need not keep the program alive: the next one delivers it.
    await this.#hurry.wait(waitMs, this.#options.spoolDir !== null && !this.#spoolBroken);
  }
}

function isDenied(error: TrackingError | null): boolean {
  return error?.status === 401 || error?.status === 403;
}

function orphan(): TrackingError {
  return new TrackingError("its run was refused", {
    status: 404,
    errorCode: "RESOURCE_DOES_NOT_EXIST",
    endpoint: "runs/create",
  });
}
