/** What node-postgres' errors say about the connection. @module */

/** Messages of a driver that lost its connection; these errors come without a code. */
const lost =
  /^Connection terminated|is not queryable$|^timeout expired$|^timeout exceeded|calling end on the pool/;

/**
 * The same error, with the code CONNECTION_CLOSED or CONNECT_TIMEOUT where the driver gives none.
 */
export function awayError(error: unknown): unknown {
  if (!(error instanceof Error) || (error as { code?: string }).code) return error;
  if (!lost.test(error.message)) return error;
  const code = error.message.startsWith("timeout") ? "CONNECT_TIMEOUT" : "CONNECTION_CLOSED";
  return Object.assign(error, { code });
}

/**
 * Whether the connection on which this error came must not be used again: it ended, PostgreSQL is
 * about to end it, or it keeps a plan that a migration has made wrong.
 */
export function isBroken(error: unknown): boolean {
  const { code } = awayError(error) as { code?: unknown };
  if (typeof code !== "string") return false;
  return /^(CONNECT|E[A-Z]|08|57P0)/.test(code) || code === "0A000";
}
