/**
 * What can go wrong between the client and a tracking server, as types that callers catch.
 * @module
 */

/** The server answered with an error, or what it was asked cannot be asked. */
export class TrackingError extends Error {
  override name = "TrackingError";
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  /** MLflow's error code, for instance `RESOURCE_DOES_NOT_EXIST`. */
  readonly errorCode: string;
  /** What was asked, for instance `POST runs/log-batch`. */
  readonly endpoint: string;
  /** The server's `Retry-After` in milliseconds, when it sent one. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    details: {
      status: number;
      errorCode: string;
      endpoint: string;
      retryAfterMs?: number | null;
      cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.errorCode = details.errorCode;
    this.endpoint = details.endpoint;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** The server could not be reached within the time given. What was logged is in the spool. */
export class TrackingUnavailableError extends TrackingError {
  override name = "TrackingUnavailableError";
}

/** One operation that the server refused for good, with the reason. */
export interface Rejection {
  /** The run's id (or its provisional id when the run itself was refused). */
  runId: string;
  /** What was refused, for instance `param "lr"`. */
  what: string;
  error: TrackingError;
}

/** Thrown by `flush()` and `end()`: operations that the server refused since the last of them. */
export class RejectedError extends Error {
  override name = "RejectedError";
  readonly rejections: readonly Rejection[];

  constructor(rejections: readonly Rejection[], deadLetterPath: string | null) {
    const first = rejections[0];
    const more = rejections.length > 1 ? ` (and ${rejections.length - 1} more)` : "";
    const kept = deadLetterPath === null
      ? ""
      : `; the refused records are kept in ${deadLetterPath}`;
    super(
      `Cannot log ${first.what} to run ${first.runId}: ${first.error.message}${more}${kept}`,
      { cause: first.error },
    );
    this.rejections = rejections;
  }
}

const retryable = new Set([0, 408, 429, 500, 502, 503, 504]);

/** Whether asking again later may help: no answer, overload, or a fault of the server. */
export function isRetryable(error: unknown): error is TrackingError {
  return error instanceof TrackingError && retryable.has(error.status);
}
