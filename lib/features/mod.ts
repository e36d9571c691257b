/**
 * Features, their pipeline, scalers and labels.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../data/mod.ts";
 * import { definePipeline, fitScaler, fixedHorizonLabels } from "./mod.ts";
 *
 * const bars = await sampleBars();
 * const pipeline = definePipeline({ steps: [{ kind: "logReturn" }, { kind: "rsi", window: 14 }] });
 * const frame = pipeline.compute(bars);
 * const labels = fixedHorizonLabels(bars, { horizonBars: 5 });
 * const scaler = fitScaler("standard", frame, { from: pipeline.warmupBars, to: 3000 });
 * assert.equal(scaler.transform(frame).length, labels.values.length);
 * ```
 * @module
 */
export * from "./feature_frame.ts";
export type { FeatureDefinition, FeatureFamily } from "./feature_definition.ts";
export {
  definePipeline,
  type FeaturePipeline,
  type FeatureStep,
  type PipelineConfig,
} from "./pipeline.ts";
export type { FeatureStream } from "./stream.ts";
export { type FeatureKind, features } from "./registry.ts";
export {
  fitScaler,
  type Scaler,
  type ScalerConfig,
  scalerFromJson,
  type ScalerKind,
} from "./scaler.ts";
export type { Labels } from "./labels/labels.ts";
export { fixedHorizonLabels, type FixedHorizonOptions } from "./labels/fixed_horizon.ts";
export {
  type TripleBarrierLabels,
  tripleBarrierLabels,
  type TripleBarrierOptions,
} from "./labels/triple_barrier.ts";
export { type TrendScanningLabels, trendScanningLabels } from "./labels/trend_scanning.ts";
export { labelConcurrency, sampleUniqueness } from "./labels/sample_uniqueness.ts";
export { ewmVolatility } from "./labels/ewm_volatility.ts";
export { fractionalWeights } from "./fractional_weights.ts";
export { filterGarch, fitGarch, type GarchFit, type GarchParameters } from "./garch.ts";
export {
  computePanel,
  crossSectionalRank,
  crossSectionalZScore,
  type FeaturePanel,
} from "./cross_section.ts";
export { type FeatureWorkers, openFeatureWorkers, shareBars } from "./feature_workers.ts";
