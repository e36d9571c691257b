/**
 * Training steps compiled to one ONNX graph and run by ONNX Runtime.
 *
 * Data in memory go in whole: windows are gathered inside the graph from the matrix of bars, and
 * many steps are one native call. Batches that are computed in parts are cut here instead.
 * @module
 */
import {
  compile,
  type CompiledFunction,
  type CompiledStep,
  compileStep,
  type InputSpec,
} from "../onnx/mod.ts";
import { loadTf, type Tf } from "../models/mod.ts";
import {
  eagerLogits,
  type EngineOptions,
  trainableVariables,
  type TrainingEngine,
} from "./engine.ts";
import { encodedWidth, lossFunction } from "./losses.ts";
import { compiledOptimizer, convertState, type OptimizerState } from "./optimizers.ts";
import { averagingOne, WindowCutter } from "./window_cutter.ts";
import type * as tfTypes from "@tensorflow/tfjs";

type Tensor = tfTypes.Tensor;

/** Windows per call of the compiled forward pass: what bounds its memory. */
const piece = 1024;

/** @throws {UnsupportedOpError} If a kernel of the model or the loss has no translation. */
export async function compiledEngine(options: EngineOptions): Promise<TrainingEngine> {
  const tf = await loadTf();
  const { model, losses, batchSize, clipNorm, seed, threads } = options;
  const { windowBars, features } = model.config;
  const width = encodedWidth(model.heads);
  const { lanes, microBatch } = options.parts ?? { lanes: 1 };
  const inParts = lanes > 1 || microBatch !== undefined;
  const lossOf = lossFunction(tf, model.heads, losses, { weightsAverageOne: inParts });
  const variables = trainableVariables(model);
  const optimizer = compiledOptimizer(options.optimizer)!;
  for (const site of model.dropoutSites) site.draws = true;

  const compileOn = (
    inputs: Record<string, InputSpec>,
    windows: (t: Record<string, Tensor>) => Tensor,
  ) =>
    compileStep({
      variables,
      inputs: {
        ...inputs,
        y: { shape: [batchSize, width] },
        weights: { shape: [batchSize] },
      },
      loss: (t: Record<string, Tensor>) =>
        lossOf(model.logits.apply(windows(t), { training: true }) as Tensor, t.y, t.weights),
      optimizer,
      clipNorm,
      seed,
      threads,
      lanes,
      microBatch,
    });

  // Compiled for the form that the first data has; the state moves along if another one comes.
  let step: CompiledStep | null = null;
  let form: "windows" | number | null = null;
  let pending: OptimizerState | null = options.state
    ? convertState(options.state, options.optimizer, "compiled")
    : null;
  const names = ["adam", "adamw"].includes(optimizer.kind)
    ? ["firstMoment", "secondMoment"]
    : ["momentum"];

  function stateOf(step: CompiledStep): OptimizerState {
    const { slots, step: count } = step.state();
    return {
      step: count,
      slots: names.filter((n) => n in slots).map((n) => slots[n]),
      form: "compiled",
    };
  }
  async function use(wanted: "windows" | number, spec: InputSpec[]): Promise<CompiledStep> {
    if (step && form === wanted) return step;
    if (step) {
      step.syncVariables();
      pending = stateOf(step);
      step.dispose();
    }
    step = wanted === "windows"
      ? await compileOn({ x: spec[0] }, (t) => t.x)
      : await compileOn({ matrix: spec[0], rows: spec[1] }, (t) => windowsOf(tf, t, windowBars));
    form = wanted;
    if (pending) {
      const empty = step.state();
      step.restore({
        ...empty,
        step: pending.step,
        slots: Object.fromEntries(
          Object.keys(empty.slots).map((name) => [name, pending!.slots[names.indexOf(name)]]),
        ),
      });
      pending = null;
    }
    return step;
  }
  const windowsSpec: InputSpec[] = [{ shape: [batchSize, windowBars, features] }];
  const residentSpec = (bars: number): InputSpec[] => [
    { shape: [bars, features], shared: true },
    { shape: [batchSize], dtype: "int32" },
  ];
  // What can't be compiled shows here, before any training.
  if (options.resident && !inParts) {
    await use(options.resident.bars, residentSpec(options.resident.bars));
  } else await use("windows", windowsSpec);
  let written = true;
  let forward: CompiledFunction | null = null;
  const writeBack = () => {
    if (!written) step!.syncVariables();
    written = true;
  };
  const positions = new Map<number, Int32Array>();
  const cutter = new WindowCutter(batchSize, windowBars, features, width);

  return {
    backend: "ort",
    async steps(data, order, rates) {
      if (inParts) {
        written = false;
        return cutter.steps(await use("windows", windowsSpec), data, order, rates);
      }
      const step = await use(data.bars, residentSpec(data.bars));
      written = false;
      const { matrix, rows, y, weights } = data;
      return step.epoch({ matrix, rows, y, weights }, order, { learningRate: rates });
    },
    async step(batch, learningRate) {
      const s = await use("windows", windowsSpec);
      written = false;
      const { x, y, n } = batch;
      const weights = inParts ? averagingOne(batch.weights.slice(), n) : batch.weights;
      if (n === batchSize) return s.stepFeeds({ x, y, weights }, { learningRate }).loss;
      let all = positions.get(n);
      if (!all) positions.set(n, all = Int32Array.from({ length: n }, (_, i) => i));
      return s.epoch({ x, y, weights }, all, { learningRate })[0];
    },
    async logits(x, n) {
      writeBack();
      // Few large products are as fast eagerly and need no compilation.
      if (model.kind === "mlp" || model.kind === "logistic") return eagerLogits(tf, model, x, n);
      forward ??= await compile((x) => model.logits.apply(x, { training: false }) as Tensor);
      const out = new Float32Array(n * width);
      const size = windowBars * features;
      for (let from = 0; from < n; from += piece) {
        const count = Math.min(piece, n - from);
        const { output_0 } = forward.run({
          data: x.subarray(from * size, (from + count) * size),
          shape: [count, windowBars, features],
        });
        out.set(output_0.data as Float32Array, from * width);
      }
      return out;
    },
    weights: () => step!.state().parameters,
    setWeights(flat) {
      const state = step!.state();
      step!.restore({ ...state, parameters: flat });
      written = false;
    },
    optimizerState: () => stateOf(step!),
    sync: writeBack,
    dispose() {
      step?.dispose();
      forward?.dispose();
      for (const site of model.dropoutSites) site.draws = false;
    },
  };
}

/** Windows [n, windowBars, features] whose last bars are `rows`, gathered from the matrix of bars. */
function windowsOf(tf: Tf, t: Record<string, Tensor>, windowBars: number): Tensor {
  const offsets = tf.range(1 - windowBars, 1, 1, "int32");
  const indices = tf.add(tf.reshape(t.rows, [-1, 1]), offsets) as tfTypes.Tensor2D;
  return tf.gather(t.matrix, tf.cast(indices, "int32"));
}
