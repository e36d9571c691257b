/**
 * Whether a thread still runs, told to a thread that waits for it and so cannot be told by events: it
 * holds the lock of a file, which the operating system frees however the thread ends.
 * @module
 */

/** The waiting thread's end. */
export class Lifeline {
  /** What the other thread opens and locks. */
  readonly path = Deno.makeTempFileSync({ prefix: "tapebook-lane-" });
  readonly #file = Deno.openSync(this.path, { write: true });
  #isClosed = false;

  /** Takes the file's name away, once the other thread holds the lock. */
  unlink(): void {
    try {
      Deno.removeSync(this.path);
    } catch { /* Windows removes no open file; the system cleans its temporary folder. */ }
  }

  /** Whether the thread that held the lock is gone. */
  isCut(): boolean {
    if (this.#isClosed || !this.#file.tryLockSync(true)) return false;
    this.#file.unlockSync();
    return true;
  }

  close(): void {
    if (!this.#isClosed) this.#file.close();
    this.#isClosed = true;
  }
}
