/** Limits what one caller may ask for: requests a second always, requests and bytes a day by quota. @module */
import type { Context, MiddlewareHandler } from "hono";
import type { Usage } from "../../lib/contracts/people/mod.ts";
import type { Database } from "../db/database.ts";
import * as people from "../db/people.ts";
import type { AppEnv } from "../env.ts";
import { ApiError } from "../errors.ts";
import type { Clock } from "../services/clock.ts";
import type { QuotaStore, RateLimit } from "../services/quotas.ts";
import { remoteAddress } from "./authenticate.ts";

/** Room for sixteen busy trainers of one user; a runaway loop hits it. */
export const requestLimit: RateLimit = { limit: 20_000, windowMs: 10_000 };
const dayMs = 86_400_000;

export interface UsageMeter {
  /** Counts, and refuses what is beyond the user's quota of today (UTC). */
  count(user: string, artifactBytes: number, isUpload: boolean): Promise<void>;
  /** Counts bytes after the fact, without refusing. */
  add(user: string, artifactBytes: number): Promise<void>;
  read(user: string): Promise<Usage>;
  forget(user: string): void;
}

export function createUsageMeter(
  { db, clock, quotas }: { db: Database; clock: Clock; quotas: QuotaStore },
): UsageMeter {
  const limits = new Map<
    string,
    { quota: Awaited<ReturnType<typeof people.findQuota>>; until: number }
  >();
  async function quotaOf(user: string) {
    const known = limits.get(user);
    if (known && known.until > clock.now()) return known.quota;
    const quota = await people.findQuota(db, user);
    limits.set(user, { quota, until: clock.now() + 5_000 });
    return quota;
  }
  const day = () => new Date(clock.now()).toISOString().slice(0, 10);
  const check = (user: string, what: string, used: number, limit: number | null) => {
    if (limit === null || used <= limit) return;
    throw new ApiError(
      "RESOURCE_EXHAUSTED",
      `Cannot go on: ${user} may use ${limit} ${what} a day, and has used ${used}`,
    );
  };
  return {
    async count(user, artifactBytes, isUpload) {
      const quota = await quotaOf(user);
      const requests = await quotas.add(`requests:${user}:${day()}`, 1, 2 * dayMs);
      check(user, "requests", requests, quota.requestsPerDay);
      if (isUpload) {
        const bytes = await quotas.add(`bytes:${user}:${day()}`, artifactBytes, 2 * dayMs);
        check(user, "bytes of artifacts", bytes, quota.artifactBytesPerDay);
      }
    },
    async add(user, artifactBytes) {
      await quotas.add(`bytes:${user}:${day()}`, artifactBytes, 2 * dayMs);
    },
    async read(user) {
      const quota = await people.findQuota(db, user);
      return {
        ...quota,
        requestsToday: await quotas.add(`requests:${user}:${day()}`, 0, 2 * dayMs),
        artifactBytesToday: await quotas.add(`bytes:${user}:${day()}`, 0, 2 * dayMs),
      };
    },
    forget: (user) => {
      limits.delete(user);
    },
  };
}

function isUpload(c: Context<AppEnv>): boolean {
  return /\/mlflow-artifacts\/|\/upload-artifact$/.test(c.req.path) &&
    (c.req.method === "PUT" || c.req.method === "POST");
}

/** Counts the bytes of a body that does not say its length, as they pass. */
function countBody(c: Context<AppEnv>): () => number {
  let bytes = 0;
  const counted = c.req.raw.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
    }),
  );
  c.req.raw = new Request(c.req.raw, { body: counted, duplex: "half" } as RequestInit);
  return () => bytes;
}

/** Refuses with 429 and Retry-After; only where callers sign in. */
export function limitRate(): MiddlewareHandler<AppEnv> {
  return async function limitRate(c, next) {
    const { config, quotas, usage } = c.get("services");
    if (config.auth === "off") return await next();
    const { name } = c.get("caller");
    const isAnonymous = name === "anonymous";
    const key = isAnonymous ? `requests:address:${remoteAddress(c)}` : `requests:user:${name}`;
    const { isAllowed, remaining, retryAfterMs } = await quotas.take(key, requestLimit);
    if (!isAllowed) {
      throw new ApiError(
        "RESOURCE_EXHAUSTED",
        `Cannot ${c.req.method} ${c.req.path}: too many requests`,
        { retry_after_s: Math.max(1, Math.ceil(retryAfterMs / 1000)) },
      );
    }
    let read: (() => number) | null = null;
    if (!isAnonymous) {
      const length = c.req.header("content-length");
      if (isUpload(c) && length === undefined && c.req.raw.body) read = countBody(c);
      const bytes = isUpload(c) ? Number(length ?? 0) || 0 : 0;
      await usage.count(name, bytes, isUpload(c));
    }
    await next();
    // Its size is known only now: what is too much closes the door for the next one.
    const late = read?.() ?? 0;
    if (late > 0) await usage.add(name, late);
    c.header("X-RateLimit-Remaining", String(remaining));
  };
}
