/** Garbage collection by the clock: retention policies hold without anybody calling for it. @module */
import type { Logger } from "../log.ts";
import type { Clock } from "./clock.ts";
import type { GarbageReport } from "./garbage.ts";

export interface GarbageSchedule {
  /** Collects if it is time; a run that is under way is not joined by another. */
  tick(): Promise<boolean>;
  close(): Promise<void>;
}

/** How often the clock is looked at. */
const lookMs = 60_000;

/**
 * Calls `collect` every `everyMs` of the clock, the first time one period after the start, and
 * never twice at once. A collection that fails is logged and tried again a period later.
 */
export function scheduleGarbage(
  deps: { clock: Clock; log: Logger; collect: () => Promise<GarbageReport> },
  everyMs: number,
): GarbageSchedule {
  const { clock, log, collect } = deps;
  let next = clock.now() + everyMs;
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    try {
      const freed = await collect();
      log.info("garbage collected", {
        expiredRuns: freed.expiredRuns,
        runs: freed.runs.length,
        experiments: freed.experiments.length,
        artifacts: freed.artifacts,
        blobs: freed.blobs,
      });
    } catch (error) {
      log.warn("garbage was not collected", { error: String(error) });
    }
  }

  async function tick(): Promise<boolean> {
    if (running || clock.now() < next) return false;
    next = clock.now() + everyMs;
    running = run();
    await running;
    running = null;
    return true;
  }

  const timer = setInterval(() => void tick(), Math.min(lookMs, everyMs));
  // It keeps no process alive by itself.
  Deno.unrefTimer(timer as unknown as number);
  return {
    tick,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
