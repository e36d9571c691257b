/**
 * The serving endpoint: registered models answer over HTTP with ONNX Runtime.
 *
 * A model version is a folder with `model.onnx` and `tapebook.json` (signature, metadata). The
 * version under the alias `champion` answers for its model; it is loaded when first asked for and
 * swapped when the alias moves.
 *
 * ```ts ignore
 * const serving = createServing({ source: createRegistrySource(services), log, metrics, clock, events });
 * const { outputs } = await serving.predict({ model: "momentum", inputs: [features] });
 * ```
 * @module
 */
export { ServingError } from "./errors.ts";
export type { ModelSource, ModelVersionRef } from "./model_source.ts";
export { createPredictionLog, type PredictionLog } from "./prediction_log.ts";
export { createRegistrySource } from "./registry_source.ts";
export { createServing, servedAlias, type Serving } from "./serving.ts";
export type { Signature, TensorSpec } from "./signature.ts";
export type { Tensor } from "./tensor.ts";
