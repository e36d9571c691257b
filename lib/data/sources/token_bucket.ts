/** Waits, or rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** {@linkcode Sleep} by the system's timers. */
export const systemSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });

/**
 * Lets `requests` through per `perMs`, in bursts of at most `requests`, and makes the others wait their
 * turn.
 */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(
    readonly requests: number,
    readonly perMs: number,
    readonly now: () => number = Date.now,
    readonly sleep: Sleep = systemSleep,
  ) {
    this.#tokens = requests;
    this.#filledAt = now();
  }

  /** Resolves when a request may go. */
  async take(signal?: AbortSignal): Promise<void> {
    const time = this.now();
    const gained = (time - this.#filledAt) * this.requests / this.perMs;
    this.#tokens = Math.min(this.requests, this.#tokens + gained);
    this.#filledAt = time;
    // May go below zero: that is the queue.
    const wait = -(--this.#tokens) * this.perMs / this.requests;
    if (wait > 0) await this.sleep(wait, signal);
  }
}
