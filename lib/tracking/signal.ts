/** Waits for something to happen, which whoever makes it happen tells all that wait. @module */
export class Signal {
  readonly #waiting = new Set<() => void>();

  /**
   * Resolves at the next `notify()`, or after `timeoutMs`. An `idle` wait does not keep the program
   * alive.
   */
  wait(timeoutMs = Infinity, idle = false): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      // Timers hold 31 bits of milliseconds; whoever waits longer looks again.
      const timer = timeoutMs === Infinity
        ? undefined
        : setTimeout(done, Math.min(timeoutMs, 2 ** 30));
      if (idle && timer !== undefined) Deno.unrefTimer(timer);
      this.#waiting.add(done);
    });
  }

  /** Ends all waits. */
  notify(): void {
    for (const done of [...this.#waiting]) done();
  }
}
