/** Counts in Redis: what several servers of one installation share. @module */
import type { Redis } from "ioredis";
import type { Clock } from "./clock.ts";
import {
  createMemoryQuotas,
  decide,
  type QuotaStore,
  type RateDecision,
  type RateLimit,
} from "./quotas.ts";

/** `decide` of quotas.ts, atomic in the server. Times in ms, as text to keep fractions. */
const takeScript = `
local now = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])
local window = tonumber(ARGV[3])
local cost = tonumber(ARGV[4])
local interval = window / limit
local start = tonumber(redis.call('GET', KEYS[1]) or now)
if start < now then start = now end
local following = start + cost * interval
local slack = interval * 1e-6
local used = start
local allowed = 0
local wait = 0
if following - now <= window + slack then
  allowed = 1
  used = following
  if used > now then
    redis.call('SET', KEYS[1], string.format('%.6f', used), 'PX', math.ceil(used - now))
  end
else
  wait = math.ceil(following - now - window)
end
local remaining = math.floor((window - (used - now) + slack) / interval)
if remaining < 0 then remaining = 0 end
return {allowed, remaining, wait}
`;

const addScript = `
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
if tonumber(value) == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return value
`;

/**
 * Counts in the Redis at `url`. When it goes away later, this process counts by itself until it is
 * back: limits get looser by the number of servers, but nobody is locked out.
 *
 * @throws {Error} If Redis cannot be reached at the start.
 */
export async function openRedisQuotas(
  url: string,
  clock: Clock,
  options: { prefix?: string } = {},
): Promise<QuotaStore> {
  const { Redis } = await import("ioredis");
  const prefix = options.prefix ?? "tapebook:quota:";
  const redis: Redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    // While Redis is away commands fail at once, and this process counts by itself.
    enableOfflineQueue: false,
    connectTimeout: 5_000,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  // Without a listener ioredis throws connection errors into the void; requests carry them, too.
  redis.on("error", () => {});
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    const { hostname, port } = new URL(url);
    throw new Error(
      `Cannot connect to Redis of REDIS_URL (${hostname}:${port || 6379}): ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
  const local = createMemoryQuotas(clock);
  const shared: Omit<QuotaStore, "close"> = {
    async take(key, { limit, windowMs }: RateLimit, cost = 1): Promise<RateDecision> {
      const [allowed, remaining, retryAfterMs] = await redis.eval(
        takeScript,
        1,
        prefix + key,
        clock.now(),
        limit,
        windowMs,
        cost,
      ) as number[];
      return { isAllowed: allowed === 1, remaining, retryAfterMs };
    },
    async peek(key, limit) {
      const text = await redis.get(prefix + key);
      const tat = text === null ? null : Number(text);
      const now = clock.now();
      const { isAllowed, retryAfterMs } = decide(tat, now, limit, 1);
      return { isAllowed, retryAfterMs, remaining: decide(tat, now, limit, 0).remaining };
    },
    async add(key, amount, windowMs) {
      return Number(await redis.eval(addScript, 1, `${prefix}count:${key}`, amount, windowMs));
    },
    async reset(key) {
      await redis.del(prefix + key, `${prefix}count:${key}`);
    },
  };
  return {
    take: (...args) => shared.take(...args).catch(() => local.take(...args)),
    peek: (...args) => shared.peek(...args).catch(() => local.peek(...args)),
    add: (...args) => shared.add(...args).catch(() => local.add(...args)),
    reset: (...args) => shared.reset(...args).catch(() => local.reset(...args)),
    async close() {
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}
