/**
 * One calendar from many sources: resampling, as-of joins, adjustment, conflicts, live bars.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../sources/sample.ts";
 * import { resampleBars } from "./mod.ts";
 * const weeks = resampleBars(await sampleBars(), { to: "1w" });
 * assert.equal(weeks.timeframe, "1w");
 * ```
 * @module
 */
export * from "./adjust.ts";
export * from "./as_of.ts";
export * from "./combine_sources.ts";
export { LiveBarBuilder, liveBars } from "./live_bars.ts";
export { barsFromTrades, resampleBars, type ResampleOptions } from "./resample.ts";
export * from "./symbols.ts";
