/**
 * Seeded initial weights.
 *
 * TensorFlow.js's initialisers draw from its own generator and orthogonalise slowly; here every
 * weight is drawn from the house's generator, split by the weight's name, so that the same
 * configuration and seed give the same weights on every backend.
 * @module
 */
import { createRng, type Rng } from "../math/mod.ts";
import type { Tf, tf } from "./tensorflow.ts";

/** Layers of a model and of the models within it, with names that hold their way there. */
export function leafLayers(
  model: tf.LayersModel,
  prefix = "",
): { path: string; layer: tf.layers.Layer }[] {
  return model.layers.flatMap((layer) => {
    const path = prefix + layer.name;
    const inner = layer as unknown as tf.LayersModel;
    return Array.isArray(inner.layers)
      ? leafLayers(inner, `${path}/`)
      : [{ path, layer: layer as tf.layers.Layer }];
  });
}

/**
 * Sets all weights of a model: Glorot uniform kernels, orthogonal recurrent kernels, zero biases
 * (LSTM forget gates 1), unit scales, small normal embeddings.
 */
export function initialiseWeights(tf: Tf, model: tf.LayersModel, seed: number): void {
  const rng = createRng(seed);
  for (const { path, layer } of leafLayers(model)) {
    const className = layer.getClassName();
    layer.weights.forEach((weight, k) => {
      const kind = weight.originalName.split("/").pop()!.replace(/_\d+$/, "");
      const shape = weight.shape as number[];
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      const own = rng.split(`${path} ${k}`);
      if (kind === "gamma" || kind === "moving_variance") values.fill(1);
      else if (layer.name === "combine" && kind === "kernel") averageBlocks(values, shape);
      else if (kind === "recurrent_kernel") orthogonalBlocks(values, shape[0], shape[1], own);
      else if (kind === "bias" && className === "LSTM") {
        values.fill(1, shape[0] / 4, shape[0] / 2);
      } else if (kind === "position" || kind === "group_embedding") {
        for (let i = 0; i < values.length; i++) values[i] = 0.02 * own.normal();
      } else if (shape.length >= 2) {
        const receptive = shape.slice(0, -2).reduce((a, b) => a * b, 1);
        // Gates (and query, key, value) stand side by side in one kernel: the fan out is one of them.
        const gates = className === "LSTM"
          ? 4
          : className === "Gru" || (className === "SelfAttention" && kind === "kernel")
          ? 3
          : 1;
        const fanIn = shape[shape.length - 2] * receptive;
        const fanOut = (shape[shape.length - 1] / gates) * receptive;
        const limit = Math.sqrt(6 / (fanIn + fanOut));
        for (let i = 0; i < values.length; i++) values[i] = (2 * own.uniform() - 1) * limit;
      }
      const tensor = tf.tensor(values, shape);
      weight.write(tensor);
      tensor.dispose();
    });
  }
}

/** Fills [rows, columns] with square orthogonal blocks side by side (modified Gram-Schmidt). */
function orthogonalBlocks(out: Float32Array, rows: number, columns: number, rng: Rng): void {
  for (let block = 0; block < columns; block += rows) {
    const width = Math.min(rows, columns - block);
    const vectors: Float64Array[] = [];
    for (let j = 0; j < width; j++) {
      const v = rng.fillNormal(new Float64Array(rows));
      // Twice, since one pass leaves a rest when vectors are nearly parallel.
      for (let pass = 0; pass < 2; pass++) {
        for (const u of vectors) {
          let dot = 0;
          for (let i = 0; i < rows; i++) dot += u[i] * v[i];
          for (let i = 0; i < rows; i++) v[i] -= dot * u[i];
        }
      }
      let norm = 0;
      for (let i = 0; i < rows; i++) norm += v[i] * v[i];
      norm = Math.sqrt(norm);
      for (let i = 0; i < rows; i++) {
        v[i] /= norm;
        out[i * columns + block + j] = v[i];
      }
      vectors.push(v);
    }
  }
}

/** Identity blocks below each other, scaled to their mean: a combination that starts as an average. */
function averageBlocks(out: Float32Array, [rows, columns]: number[]): void {
  for (let i = 0; i < rows; i++) out[i * columns + (i % columns)] = columns / rows;
}
