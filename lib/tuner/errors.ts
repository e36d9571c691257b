/** Errors of the tuner that callers catch. @module */

/** Thrown by an objective to say: this trial is not worth more time. */
export class TrialPruned extends Error {
  override name = "TrialPruned";
  constructor(message = "The trial was pruned") {
    super(message);
  }
}

/** A mistake in the search space: it stops the study, since every trial would repeat it. */
export class SearchSpaceError extends RangeError {
  override name = "SearchSpaceError";
  constructor(readonly parameter: string, message: string) {
    super(message);
  }
}

/** Too many trials failed, or all of them. `cause` is the last failure. */
export class StudyFailedError extends Error {
  override name = "StudyFailedError";
}

/** The trial belongs to another worker by now: its lease ran out. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";
  constructor(readonly trial: number) {
    super(`Cannot go on with trial ${trial}: its lease ran out and it was given to another worker`);
  }
}

/** A study of that name is already there, or is not. */
export class StudyStoreError extends Error {
  override name = "StudyStoreError";
}
