/**
 * What can go wrong with threads.
 * @module
 */

/** Workers died more often than `maxReplacements` allows. `cause` is the last death's reason. */
export class WorkerDiedError extends Error {
  override name = "WorkerDiedError";
  constructor(message: string, readonly worker: number, cause: unknown) {
    super(message, { cause });
  }
}
