/**
 * What a tracker and its runs share.
 * @module
 */
import type { RunDirectory } from "./deliver.ts";
import { RejectedError, TrackingUnavailableError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import type { Run } from "./run.ts";

/** The shared state of one tracker: queue, known runs, and the timer that sends buffers off. */
export class Session {
  readonly uri: string;
  readonly outbox: Outbox;
  readonly directory: RunDirectory;
  readonly activeRuns = new Set<Run>();
  readonly #flushIntervalMs: number;
  readonly #warn: (message: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    uri: string;
    outbox: Outbox;
    directory: RunDirectory;
    flushIntervalMs: number;
    warn: (message: string) => void;
  }) {
    this.uri = options.uri;
    this.outbox = options.outbox;
    this.directory = options.directory;
    this.#flushIntervalMs = options.flushIntervalMs;
    this.#warn = options.warn;
  }

  /** Something was buffered: it leaves at the next tick of the timer. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.sendAll();
    }, this.#flushIntervalMs);
  }

  sendAll(): void {
    for (const run of this.activeRuns) run.send();
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Waits until nothing of `run`, or nothing at all, waits. Throws what went wrong. */
  async settle(timeoutMs: number, run?: string): Promise<void> {
    const isIdle = await this.outbox.idle(timeoutMs, run);
    const rejections = this.outbox.takeRejections(run);
    if (rejections.length > 0) throw new RejectedError(rejections, this.outbox.deadLetterPath);
    if (isIdle) return;
    this.outbox.spoolAll();
    const cause = this.outbox.away;
    throw new TrackingUnavailableError(
      `Cannot flush within ${timeoutMs} ms: ${this.outbox.waiting} operations wait${this.#whereTheyAre()}: ${
        cause?.message ?? "the server is slow"
      }`,
      {
        status: cause?.status ?? 0,
        errorCode: cause?.errorCode ?? "UNREACHABLE",
        endpoint: cause?.endpoint ?? "",
        cause,
      },
    );
  }

  warnAway(what: string): void {
    this.#warn(
      `tracking: ${what} is not at ${this.uri} yet${this.#whereTheyAre()}; the next program that ` +
        `connects there delivers it (${this.outbox.away?.message ?? "the server is slow"})`,
    );
  }

  #whereTheyAre(): string {
    return this.outbox.spoolDir === null ? " in memory" : ` in ${this.outbox.spoolDir}`;
  }
}
