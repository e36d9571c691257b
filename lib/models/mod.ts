/**
 * Models: validated configurations made into networks, all through one factory table.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createModel } from "./mod.ts";
 * const model = await createModel({
 *   kind: "gru",
 *   windowBars: 16,
 *   features: 4,
 *   units: 8,
 *   outputs: 3,
 *   task: "classification",
 *   seed: 7,
 * });
 * assert.deepEqual(model.tf.outputs[0].shape, [null, 3]);
 * model.dispose();
 * ```
 * @module
 */
export { buyAndHoldPositions, fitRidge, momentumPositions } from "./baselines.ts";
export * from "./create_model.ts";
export { memberConfig } from "./ensemble.ts";
export { type DropoutSite, fillMask } from "./dropout.ts";
export { type AnyModelConfig, defineModel, type Model, type ModelFactory } from "./model.ts";
export {
  type CommonConfig,
  type Head,
  headSchema,
  headsOf,
  headTargets,
  headUnits,
  parseConfig,
} from "./model_config.ts";
export { loadTf, type Tf } from "./tensorflow.ts";
export * from "./save_model.ts";
export { savedModelBytes } from "./saved_model/export_saved_model.ts";
export {
  readSavedModelSignature,
  type SavedModelSignature,
  type SignatureTensor,
} from "./saved_model/signature.ts";
export { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";
export { writeAtomic } from "./write_atomic.ts";
