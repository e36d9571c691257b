/**
 * Counts of what callers do, against limits: how often a password may be tried, how many requests a
 * caller may make, how many bytes a user may store in a day.
 *
 * One interface, two keepers: this process's memory, or Redis for several servers.
 * @module
 */
import type { Clock } from "./clock.ts";

export interface RateLimit {
  /** So many in each window; as many at once when nothing was used for a whole window. */
  limit: number;
  windowMs: number;
}

export interface RateDecision {
  isAllowed: boolean;
  /** How many more would be allowed now. */
  remaining: number;
  /** After which time one more is allowed; 0 when it is now. */
  retryAfterMs: number;
}

export interface QuotaStore {
  /**
   * Takes `cost` from the caller's allowance, if it is there (generic cell rate algorithm: the
   * allowance refills steadily, no jump at the edge of a window).
   */
  take(key: string, limit: RateLimit, cost?: number): Promise<RateDecision>;
  /** As `take`, without taking. */
  peek(key: string, limit: RateLimit): Promise<RateDecision>;
  /** Adds to a counter that is forgotten `windowMs` after its first addition; gives its value. */
  add(key: string, amount: number, windowMs: number): Promise<number>;
  /** Forgets a key. */
  reset(key: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * The decision at `now` for a key whose allowance is full at `tat` ("theoretical arrival time").
 * Shared by both keepers, and written once more in Lua for Redis.
 */
export function decide(
  tat: number | null,
  now: number,
  { limit, windowMs }: RateLimit,
  cost: number,
): RateDecision & { tat: number } {
  const interval = windowMs / limit;
  const start = Math.max(tat ?? now, now);
  const next = start + cost * interval;
  // A millionth of an interval forgives rounding.
  const slack = interval * 1e-6;
  const isAllowed = next - now <= windowMs + slack;
  const used = isAllowed ? next : start;
  return {
    tat: used,
    isAllowed,
    remaining: Math.max(0, Math.floor((windowMs - (used - now) + slack) / interval)),
    retryAfterMs: isAllowed ? 0 : Math.ceil(next - now - windowMs),
  };
}

/** Counts in this process; entries that are over are dropped as others come. */
export function createMemoryQuotas(clock: Clock, options: { maxKeys?: number } = {}): QuotaStore {
  const maxKeys = options.maxKeys ?? 100_000;
  const rates = new Map<string, number>();
  const counters = new Map<string, { value: number; endsAt: number }>();

  function sweep(): void {
    if (rates.size + counters.size < maxKeys) return;
    const now = clock.now();
    for (const [key, tat] of rates) if (tat <= now) rates.delete(key);
    for (const [key, { endsAt }] of counters) if (endsAt <= now) counters.delete(key);
  }

  return {
    async take(key, limit, cost = 1) {
      sweep();
      const { tat, ...decision } = decide(rates.get(key) ?? null, clock.now(), limit, cost);
      if (decision.isAllowed) rates.set(key, tat);
      return decision;
    },
    async peek(key, limit) {
      const now = clock.now();
      const { isAllowed, retryAfterMs } = decide(rates.get(key) ?? null, now, limit, 1);
      const { remaining } = decide(rates.get(key) ?? null, now, limit, 0);
      return { isAllowed, remaining, retryAfterMs };
    },
    async add(key, amount, windowMs) {
      sweep();
      const now = clock.now();
      const known = counters.get(key);
      const counter = known && known.endsAt > now ? known : { value: 0, endsAt: now + windowMs };
      counter.value += amount;
      counters.set(key, counter);
      return counter.value;
    },
    async reset(key) {
      rates.delete(key);
      counters.delete(key);
    },
    async close() {},
  };
}
