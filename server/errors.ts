/**
 * The one shape of a refusal: `{error_code, message}`, as MLflow's clients read it, with the HTTP
 * status that belongs to the code. Services throw ApiError; `onError` of the app turns any error
 * into an answer.
 * @module
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Error codes and the HTTP status each one is answered with. */
export const errorStatuses = {
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  BAD_REQUEST: 400,
  INVALID_STATE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  RESOURCE_CONFLICT: 409,
  CONTENT_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
  INSUFFICIENT_STORAGE: 507,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ErrorCode = keyof typeof errorStatuses;

/** A refusal with a code; `message` is for people and names the field and the value at fault. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }

  get status(): ContentfulStatusCode {
    return errorStatuses[this.code];
  }
}

/** 400 INVALID_PARAMETER_VALUE. */
export const invalid = (message: string) => new ApiError("INVALID_PARAMETER_VALUE", message);
/** 404 RESOURCE_DOES_NOT_EXIST. */
export const notFound = (message: string) => new ApiError("RESOURCE_DOES_NOT_EXIST", message);
/** 400 RESOURCE_ALREADY_EXISTS, MLflow's status for it. */
export const alreadyExists = (message: string) => new ApiError("RESOURCE_ALREADY_EXISTS", message);
