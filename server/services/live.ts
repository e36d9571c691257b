/**
 * What changed, told to everybody who looks: browsers and programs by server-sent events, other
 * server processes by PostgreSQL's NOTIFY.
 *
 * Changes of one thing that follow each other closely are told once, with the latest of each value.
 * An event from another process also reaches this one's hub, so that caches here hear of it.
 * @module
 */
import type { Database } from "../db/database.ts";
import { experimentsOfRuns } from "../db/people.ts";
import type { Logger } from "../log.ts";
import type { EventHub, ServerEvent } from "./events.ts";

const channel = "tapebook_events";
/** PostgreSQL takes 8,000 bytes. */
const payloadLimit = 7_800;

/** An event as readers get it. */
export interface LiveEvent extends ServerEvent {
  /** Counts up within this process; readers that come back name the last one they saw. */
  seq: number;
  at: number;
}

export interface LiveFilter {
  kinds?: ReadonlySet<string>;
  experimentId?: string;
  /** A run, a model, a study: whatever events name as `id`. */
  id?: string;
}

export interface Subscription extends AsyncIterable<LiveEvent | "overflow"> {
  close(): void;
}

export interface LiveService {
  /**
   * Events from now on, or after number `after` as far as they are remembered. A reader that is too
   * slow loses what waits for it and gets "overflow" once: it should read anew.
   */
  subscribe(filter?: LiveFilter, after?: number): Subscription;
  /** Readers at the moment. */
  readonly readers: number;
  close(): Promise<void>;
}

export interface LiveOptions {
  db: Database;
  events: EventHub;
  log: Logger;
  /** Events of one thing within this time are told as one. Default 100 ms. */
  gatherMs?: number;
  /** Events remembered for readers that come back. Default 2,000. */
  memory?: number;
  /** Events that may wait for one reader. Default 1,000. */
  queue?: number;
}

/** Kinds that come in floods: only their latest counts. */
const gathered = new Set(["metric.logged", "param.logged", "tag.set", "run.updated"]);

type Metric = { key: string };

/** Two events of the same thing as one: metrics by key, else the later values. */
export function mergeEvents(earlier: ServerEvent, later: ServerEvent): ServerEvent {
  const data = { ...earlier.data, ...later.data };
  const [before, after] = [earlier.data?.metrics, later.data?.metrics];
  if (Array.isArray(before) && Array.isArray(after)) {
    const byKey = new Map<string, unknown>();
    for (const m of [...before, ...after] as Metric[]) byKey.set(m.key, m);
    data.metrics = [...byKey.values()];
  }
  return { ...later, experimentId: later.experimentId ?? earlier.experimentId, data };
}

/** JSON that keeps NaN and infinities, as MLflow writes them. */
export function liveJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, v) =>
      typeof v === "number" && !Number.isFinite(v)
        ? Number.isNaN(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity"
        : v,
  );
}

function fits(event: ServerEvent, filter: LiveFilter): boolean {
  if (filter.kinds && !filter.kinds.has(event.kind)) return false;
  if (filter.id !== undefined && event.id !== filter.id && event.data?.runId !== filter.id) {
    return false;
  }
  return filter.experimentId === undefined || event.experimentId === filter.experimentId;
}

interface Reader {
  filter: LiveFilter;
  waiting: (LiveEvent | "overflow")[];
  wake: (() => void) | null;
  isClosed: boolean;
}

export async function createLive(options: LiveOptions): Promise<LiveService> {
  const { db, events, log, gatherMs = 100, memory = 2_000, queue = 1_000 } = options;
  const self = crypto.randomUUID();
  const readers = new Set<Reader>();
  const remembered: LiveEvent[] = [];
  const pending = new Map<string, ServerEvent>();
  /** Events that came from another process and must not be told there again. */
  const foreign = new WeakSet<ServerEvent>();
  let seq = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | null = null;

  /** Events of runs that do not say which experiment they belong to wait until it is known. */
  let waiting = 0;
  let order: Promise<void> = Promise.resolve();
  const experimentOfRun = new Map<string, string>();

  function tell(event: ServerEvent): void {
    const isOfRun = /^(run|metric|param|tag)\./.test(event.kind);
    if (isOfRun && event.experimentId !== undefined) {
      if (experimentOfRun.size > 50_000) experimentOfRun.clear();
      experimentOfRun.set(event.id, event.experimentId);
    }
    const isKnown = !isOfRun || event.experimentId !== undefined;
    if (isKnown && waiting === 0) return deliver(event);
    waiting++;
    order = order.then(async () => {
      let experimentId = event.experimentId ?? experimentOfRun.get(event.id);
      if (experimentId === undefined && isOfRun) {
        const [row] = await experimentsOfRuns(db, [event.id]).catch(() => []);
        experimentId = row === undefined ? undefined : String(row.experiment_id);
        if (experimentId !== undefined) experimentOfRun.set(event.id, experimentId);
      }
      deliver({ ...event, experimentId });
    }).finally(() => waiting--);
  }

  function deliver(event: ServerEvent): void {
    const live: LiveEvent = { ...event, seq: ++seq, at: Date.now() };
    remembered.push(live);
    if (remembered.length > memory) remembered.splice(0, remembered.length - memory);
    for (const reader of readers) {
      if (!fits(live, reader.filter)) continue;
      if (reader.waiting.length >= queue) reader.waiting = ["overflow"];
      reader.waiting.push(live);
      reader.wake?.();
    }
  }

  function tellOthers(event: ServerEvent): void {
    if (db.kind === "pglite") return;
    let payload = liveJson({ from: self, event });
    if (new TextEncoder().encode(payload).length > payloadLimit) {
      const { data: _, ...bare } = event;
      payload = liveJson({ from: self, event: bare });
    }
    sending = sending.then(() => db.notify(channel, payload)).catch((error) =>
      log.warn("event not told to other servers", { error: String(error) })
    );
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const ready = [...pending.values()];
    pending.clear();
    for (const event of ready) {
      tell(event);
      if (!foreign.has(event)) tellOthers(event);
    }
  }

  const stopHearing = events.on("*", (event) => {
    const isForeign = foreign.has(event);
    if (!gathered.has(event.kind)) {
      flush();
      tell(event);
      if (!isForeign) tellOthers(event);
      return;
    }
    const key = `${isForeign} ${event.kind} ${event.id}`;
    const earlier = pending.get(key);
    const merged = earlier ? mergeEvents(earlier, event) : event;
    if (isForeign) foreign.add(merged);
    pending.set(key, merged);
    timer ??= setTimeout(flush, gatherMs);
  });

  const stopListening = db.kind === "pglite" ? null : await db.listen(channel, (payload) => {
    try {
      const { from, event } = JSON.parse(payload) as { from: string; event: ServerEvent };
      if (from === self) return;
      foreign.add(event);
      events.emit(event);
    } catch (error) {
      log.warn("event from another server not understood", { error: String(error) });
    }
  });

  return {
    get readers() {
      return readers.size;
    },
    subscribe(filter = {}, after) {
      const missed = after === undefined
        ? []
        : remembered.filter((e) => e.seq > after && fits(e, filter));
      const isGap = after !== undefined &&
        (after > seq || after < (remembered[0]?.seq ?? seq + 1) - 1);
      const reader: Reader = {
        filter,
        waiting: isGap ? ["overflow", ...missed] : missed,
        wake: null,
        isClosed: false,
      };
      readers.add(reader);
      const close = () => {
        reader.isClosed = true;
        readers.delete(reader);
        reader.wake?.();
      };
      return {
        close,
        async *[Symbol.asyncIterator]() {
          try {
            while (!reader.isClosed) {
              const next = reader.waiting.shift();
              if (next !== undefined) yield next;
              else await new Promise<void>((resolve) => reader.wake = resolve);
            }
          } finally {
            close();
          }
        },
      };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };

  async function close(): Promise<void> {
    stopHearing();
    flush();
    await order;
    for (const reader of [...readers]) {
      reader.isClosed = true;
      readers.delete(reader);
      reader.wake?.();
    }
    await sending;
    await stopListening?.();
  }
}
