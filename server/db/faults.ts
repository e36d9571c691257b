/** What a database error says about the database rather than about the request. @module */
import { ApiError } from "../errors.ts";

const awayCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "40P01",
  "40001",
]);

/**
 * The answer to an error of the database that is no fault of the caller: 503 while it is away or
 * asks for another try, 507 when its disk is full, 400 for text or numbers that it cannot hold.
 * Null for anything else.
 */
export function databaseFault(error: unknown): ApiError | null {
  const { code, message } = error as { code?: string; message?: string };
  if (typeof code !== "string") return null;
  if (awayCodes.has(code) || code.startsWith("08")) {
    return new ApiError("TEMPORARILY_UNAVAILABLE", "The database is away; try again in a moment");
  }
  if (code === "53100" || code === "ENOSPC" || /No space left on device/i.test(message ?? "")) {
    return new ApiError(
      "INSUFFICIENT_STORAGE",
      "Cannot store this: no space is left where the database is kept",
    );
  }
  if (code === "2201B") {
    return new ApiError("INVALID_PARAMETER_VALUE", "RLIKE needs a valid regular expression");
  }
  if (code === "22021" || code === "22P05") {
    return new ApiError("INVALID_PARAMETER_VALUE", "Text must not have the character U+0000");
  }
  if (code === "22003") {
    return new ApiError("INVALID_PARAMETER_VALUE", "A number is too large to be kept");
  }
  return null;
}

/** Whether a row was refused because one with its key is there. */
export function isTaken(error: unknown): boolean {
  return (error as { code?: unknown }).code === "23505";
}
