/**
 * The compiler: any TensorFlow.js function becomes one ONNX graph, and ONNX Runtime runs it.
 *
 * `trace` records a function, `compile` makes it callable, `compileStep` does so for a whole
 * training step (gradient and optimizer included; an epoch is one native call), `exportOnnx` writes
 * a model for serving and `loadOnnx` runs it. ONNX Runtime's native library is loaded by the first
 * of them that runs something, not by importing this module.
 *
 * ```
 * compileStep({ model, loss: (yTrue, yPred[, sampleWeight]) => scalar, optimizer, batchSize,
 *               clipNorm?, clipValue?, seed?, threads?, microBatch?, lanes?, yShape?, yDtype? }): Promise<CompiledStep>
 * compileStep({ variables, inputs: { name: { shape, dtype?, shared? } },
 *               loss: (inputs) => scalar | { loss, ...metrics }, optimizer, … })
 * optimizer: { kind: "sgd" | "adam" | "adamw" | "rmsprop", learningRate, … }
 * step(x, y, { learningRate?, sampleWeight? }): number
 * stepFeeds({ name: data }, { learningRate? }): { loss, ...metrics }
 * epoch({ x, y }, indices, { learningRate? }): Float32Array          one native call
 * epochMetrics(data, indices, options): { loss, ...metrics }         Float32Array each
 * syncVariables(), readVariables(), state(), restore(state), toWorker(), dispose()
 * ```
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 * import { exportOnnx, loadOnnx } from "./mod.ts";
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: "tanh" })],
 * });
 * const loaded = await loadOnnx(await exportOnnx(model));
 * const [input] = loaded.inputs, [output] = loaded.outputs;
 * const result = await loaded.run({ [input.name]: { data: [1, 2, 3], shape: [1, 3] } });
 * assert.equal(result[output.name].data.length, 2);
 * loaded.dispose();
 * ```
 * @module
 */
export * from "./compile.ts";
export * from "./compile_step.ts";
export * from "./errors.ts";
export * from "./export.ts";
export * from "./load.ts";
export type { OptimizerConfig } from "./optimizers.ts";
export type { SessionOptions, TensorInfo } from "./runtime.ts";
export { loadOnnxInWorker, type WorkerModel, type WorkerStep } from "./worker.ts";
export { type TensorSpec, type Trace, trace, type TraceOutput } from "./trace.ts";
export { irVersion, opsetVersion } from "./graph/model_proto.ts";
