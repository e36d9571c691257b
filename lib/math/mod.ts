/**
 * Statistics, distributions, seeded randomness and encoded whole numbers that every other room of lib
 * may use.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalCdf, normalQuantile } from "./mod.ts";
 * assert.ok(Math.abs(normalQuantile(normalCdf(1.25)) - 1.25) < 1e-12);
 * ```
 * @module
 */
export * from "./leb128.ts";
export * from "./normal.ts";
export * from "./rng.ts";
export * from "./stats.ts";
