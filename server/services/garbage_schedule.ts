/** Garbage collection by the clock: retention policies hold without anybody calling for it. @module */
import type { Logger } from "../log.ts";
import type { Clock } from "./clock.ts";
import type { GarbageReport } from "./garbage.ts";
import { type Periodic, repeat } from "./periodic.ts";

/** Calls `collect` every `everyMs`. One that fails is logged and tried again a period later. */
export function scheduleGarbage(
  deps: { clock: Clock; log: Logger; collect: () => Promise<GarbageReport> },
  everyMs: number,
): Periodic {
  const { clock, log, collect } = deps;
  return repeat(clock, everyMs, async () => {
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
  });
}
