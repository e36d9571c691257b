/**
 * Rewards for observations that are new: counts of cells, or random network distillation.
 * @module
 */
import { createRng } from "../math/mod.ts";
import { loadTf, type tf as tfTypes } from "../models/tensorflow.ts";
import type { StepState } from "../onnx/mod.ts";
import type { NoveltyConfig } from "./novelty_config.ts";
import { orthogonalKernel } from "./orthogonal.ts";
import { RunningMoments } from "./running_moments.ts";

/** Tells how new observations are, and learns that they no longer are. */
export interface Novelty {
  /** One number >= 0 for each row of observations [n, size], before any coefficient. */
  measure(observations: Float32Array): Float32Array;
  saveState(): unknown;
  restoreState(state: unknown): void;
  dispose(): void;
}

/** Makes a measure of novelty. */
export function createNovelty(config: NoveltyConfig, size: number, seed: number): Promise<Novelty> {
  return config.kind === "count"
    ? Promise.resolve(countNovelty(config.cell, size))
    : distillation(config, size, seed);
}

/**
 * 1 / sqrt(visits), the present one included, of the cell of the given side that a row lies in.
 *
 * @see Strehl & Littman 2008, An analysis of model-based interval estimation
 */
function countNovelty(cell: number, size: number): Novelty {
  const visits = new Map<string, number>();
  const index = new Int32Array(size);
  return {
    measure(observations) {
      const out = new Float32Array(observations.length / size);
      for (let i = 0; i < out.length; i++) {
        for (let k = 0; k < size; k++) index[k] = Math.floor(observations[i * size + k] / cell);
        const key = index.join();
        const n = (visits.get(key) ?? 0) + 1;
        visits.set(key, n);
        out[i] = 1 / Math.sqrt(n);
      }
      return out;
    },
    saveState: () => [...visits],
    restoreState(state) {
      visits.clear();
      for (const [key, n] of state as [string, number][]) visits.set(key, n);
    },
    dispose() {},
  };
}

/**
 * Mean squared error of a trained network's forecast of a fixed random network's outputs, over its
 * running root mean square. Inputs are normalised and limited to ± 5. One pass of training follows
 * each measurement.
 *
 * @see Burda et al. 2018, Exploration by random network distillation, arXiv:1810.12894
 */
async function distillation(
  config: Extract<NoveltyConfig, { kind: "rnd" }>,
  size: number,
  seed: number,
): Promise<Novelty> {
  const tf = await loadTf();
  const rng = createRng(seed).split("distillation");
  const { hidden, outputs, batchSize, learningRate } = config;
  const network = (name: string, trainable: boolean) => {
    const make = (label: string, rows: number, columns: number) => {
      const kernel = orthogonalKernel(rows, columns, Math.SQRT2, rng.split(`${name} ${label}`));
      return tf.tidy(() =>
        tf.variable(tf.tensor2d(kernel, [rows, columns]), trainable)
      ) as tfTypes.Variable<tfTypes.Rank.R2>;
    };
    const first = make("first", size, hidden), second = make("second", hidden, outputs);
    const bias = tf.tidy(() => tf.variable(tf.zeros([hidden]), trainable));
    return {
      variables: [first, bias, second],
      apply(x: tfTypes.Tensor): tfTypes.Tensor {
        const inner = tf.relu(tf.add(tf.matMul(x as tfTypes.Tensor2D, first), bias));
        return tf.matMul(inner as tfTypes.Tensor2D, second);
      },
    };
  };
  const target = network("target", false), predictor = network("predictor", true);
  const errors = (x: tfTypes.Tensor) =>
    tf.mean(tf.squaredDifference(predictor.apply(x), target.apply(x)), 1);
  const { compile, compileStep } = await import("../onnx/mod.ts");
  const measured = await compile((x) => ({ errors: errors(x) }));
  const step = await compileStep({
    variables: predictor.variables,
    inputs: { x: { shape: [batchSize, size] } },
    loss: ({ x }) => tf.mean(errors(x)),
    optimizer: { kind: "adam", learningRate },
    seed,
  });
  const inputs = new RunningMoments(size), errorMoments = new RunningMoments(1);
  const variables = [...target.variables, ...predictor.variables];
  return {
    measure(observations) {
      inputs.update(observations);
      const x = new Float32Array(observations.length);
      for (let i = 0; i < x.length; i++) {
        const k = i % size;
        const standard = (observations[i] - inputs.mean[k]) / Math.sqrt(inputs.variance[k] + 1e-8);
        x[i] = Math.max(-5, Math.min(5, standard));
      }
      const rows = x.length / size;
      const found = measured.run({ data: x, shape: [rows, size] }).errors.data as Float32Array;
      errorMoments.update(found);
      const [mean] = errorMoments.mean, [variance] = errorMoments.variance;
      const scale = 1 / Math.sqrt(variance + mean * mean + 1e-12);
      step.epoch({ x }, Int32Array.from({ length: rows }, (_, i) => i));
      step.syncVariables();
      return found.map((e) => e * scale);
    },
    saveState: () => ({
      step: step.state(),
      inputs: inputs.saveState(),
      errors: errorMoments.saveState(),
    }),
    restoreState(state) {
      const saved = state as {
        step: StepState;
        inputs: ReturnType<RunningMoments["saveState"]>;
        errors: ReturnType<RunningMoments["saveState"]>;
      };
      step.restore(saved.step);
      step.syncVariables();
      inputs.restoreState(saved.inputs);
      errorMoments.restoreState(saved.errors);
    },
    dispose() {
      measured.dispose();
      step.dispose();
      for (const v of variables) v.dispose();
    },
  };
}
