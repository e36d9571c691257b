/**
 * How long to wait before asking again.
 * @module
 */

/**
 * Exponential back-off with full jitter over its upper half: attempt 0 waits 0.5 to 1 times
 * `baseMs`, each further one twice that, at most `capMs`. A server's `Retry-After` is a lower bound.
 */
export function backoffMs(
  attempt: number,
  options: {
    baseMs?: number;
    capMs?: number;
    retryAfterMs?: number | null;
    random?: () => number;
  } = {},
): number {
  const { baseMs = 200, capMs = 10_000, retryAfterMs = null, random = Math.random } = options;
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.max(full * (0.5 + random() / 2), retryAfterMs ?? 0);
}

/** Milliseconds that a `Retry-After` header asks for (seconds or an HTTP date), or null. */
export function parseRetryAfter(header: string | null, now: number = Date.now()): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
