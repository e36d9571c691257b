/**
 * Which bars a model looks at.
 * @module
 */
import { loadTf, type Model } from "../models/mod.ts";

/** Attention of one layer, averaged over heads. */
export interface AttentionMap {
  layer: string;
  /** Number of tokens: bars, or bars times groups of features. */
  tokens: number;
  /** Row-major [n, tokens, tokens]: how much token i takes from token j; rows sum to 1. */
  weights: Float32Array;
}

interface AttendingLayer {
  name: string;
  heads: number;
  onWeights?: (weights: { shape: number[]; dataSync(): ArrayLike<number> }) => void;
}

/**
 * The weights of every self-attention layer for windows [n, windowBars, features].
 *
 * @throws {RangeError} If the model has no self-attention, or the values make up no whole windows.
 */
export async function attentionWeights(model: Model, x: Float32Array): Promise<AttentionMap[]> {
  const { windowBars, features } = model.config;
  const size = windowBars * features;
  if (x.length === 0 || x.length % size !== 0) {
    throw new RangeError(
      `Cannot read attention: input must hold whole windows of ${size} values, got ${x.length} values`,
    );
  }
  const layers = model.tf.layers.filter((l) => l.getClassName() === "SelfAttention")
    .map((l) => l as unknown as AttendingLayer);
  if (layers.length === 0) {
    throw new RangeError(
      `Cannot read attention: the model must have self-attention, got kind ${model.kind}`,
    );
  }
  const tf = await loadTf();
  const n = x.length / size;
  const maps: AttentionMap[] = [];
  for (const layer of layers) {
    layer.onWeights = (weights) => {
      const tokens = weights.shape[1];
      const all = weights.dataSync();
      const mean = new Float32Array(n * tokens * tokens);
      const square = tokens * tokens;
      for (let i = 0; i < n; i++) {
        for (let h = 0; h < layer.heads; h++) {
          const from = (i * layer.heads + h) * square;
          for (let k = 0; k < square; k++) mean[i * square + k] += all[from + k] / layer.heads;
        }
      }
      maps.push({ layer: layer.name, tokens, weights: mean });
    };
  }
  try {
    tf.tidy(() => void model.logits.apply(tf.tensor(x, [n, windowBars, features])));
  } finally {
    for (const layer of layers) layer.onWeights = undefined;
  }
  return maps;
}
