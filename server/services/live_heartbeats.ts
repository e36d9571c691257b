/**
 * Signs of life: a program that trains says every half minute that it does; a run whose program fell
 * silent is marked FAILED, with a tag that says why, and runs again when the program comes back.
 * Runs of clients that send none are left alone.
 * @module
 */
import type { Database } from "../db/database.ts";
import { beat, failSilentRuns } from "../db/heartbeats.ts";
import { notFound } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { EventHub } from "./events.ts";

/** Silence after which a run counts as dead: three signs missed. */
export const silentMs = 90_000;

export interface HeartbeatService {
  /** @throws {ApiError} 404 when there is no such active run. */
  beat(runId: string): Promise<void>;
  /** Looks for dead runs now; gives their ids. */
  reap(silentMs?: number): Promise<string[]>;
  close(): Promise<void>;
}

export function createHeartbeats(
  { db, events, log, everyMs = 30_000 }: {
    db: Database;
    events: EventHub;
    log: Logger;
    everyMs?: number;
  },
): HeartbeatService {
  const startedAt = performance.now();

  async function reap(limit = silentMs): Promise<string[]> {
    const dead = await db.transaction((tx) => failSilentRuns(tx, limit));
    for (const { run_id, experiment_id } of dead) {
      log.info("run taken for dead", { runId: run_id });
      events.emit({
        kind: "run.updated",
        id: run_id,
        experimentId: String(experiment_id),
        data: { status: "FAILED" },
      });
    }
    return dead.map((row) => row.run_id);
  }

  let reaping: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // While this server was away nobody could give a sign: wait until they could have.
    if (performance.now() - startedAt < silentMs) return;
    reaping = reap().catch((error) =>
      log.warn("dead runs not looked for", { error: String(error) })
    );
  }, everyMs);
  Deno.unrefTimer(timer as unknown as number);

  return {
    async beat(runId) {
      const { isKnown, revived } = await db.transaction((tx) => beat(tx, runId));
      if (!isKnown) throw notFound(`Run with id=${runId} not found`);
      if (revived) events.emit({ kind: "run.updated", id: runId, data: { status: "RUNNING" } });
    },
    reap,
    async close() {
      clearInterval(timer);
      await reaping;
    },
  };
}
