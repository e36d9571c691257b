/**
 * Predictions of a model.
 * @module
 */
import type { BatchSource } from "../datasets/mod.ts";
import { headUnits, loadTf, type Model } from "../models/mod.ts";
import { eagerLogits } from "./engine.ts";
import { encodedWidth } from "./losses.ts";

/**
 * Predictions [n, width]: for each head its probabilities, values or positions, side by side. They
 * are what `model.tf` gives.
 *
 * @param input A dataset (in the order of its samples), or windows row-major as `Float32Array`
 * [n, windowBars, features].
 * @throws {RangeError} If the values do not make up whole windows.
 */
export async function predict(
  model: Model,
  input: BatchSource | Float32Array,
): Promise<Float32Array> {
  const size = model.config.windowBars * model.config.features;
  if (input instanceof Float32Array) {
    if (input.length % size !== 0) {
      throw new RangeError(
        `Cannot predict: input must hold whole windows of ${model.config.windowBars} x ${model.config.features} values, got ${input.length} values`,
      );
    }
    const n = input.length / size;
    return applyLinks(model, await logitsOf(model, input, n), n);
  }
  const n = input.length;
  const width = encodedWidth(model.heads);
  const out = new Float32Array(n * width);
  for (let from = 0; from < n; from += 4096) {
    const count = Math.min(4096, n - from);
    const batch = await input.batch(Int32Array.from({ length: count }, (_, i) => from + i));
    if (batch.x.length !== count * size) {
      throw new RangeError(
        `Cannot predict: windows must be [${model.config.windowBars}, ${model.config.features}], got [${
          batch.shape.slice(1).join(", ")
        }]`,
      );
    }
    out.set(applyLinks(model, await logitsOf(model, batch.x, count), count), from * width);
  }
  return out;
}

/** Logits [n, width] on the active backend. */
export async function logitsOf(
  model: Model,
  x: Float32Array,
  n: number,
): Promise<Float32Array> {
  return eagerLogits(await loadTf(), model, x, n);
}

/** Turns logits [n, width] into predictions, in place. */
export function applyLinks(model: Model, logits: Float32Array, n: number): Float32Array {
  const width = encodedWidth(model.heads);
  let at = 0;
  for (const head of model.heads) {
    const units = headUnits(head);
    for (let i = 0; i < n; i++) {
      const from = i * width + at;
      if (head.kind === "classification") {
        let max = -Infinity;
        for (let u = 0; u < units; u++) max = Math.max(max, logits[from + u]);
        let sum = 0;
        for (let u = 0; u < units; u++) sum += Math.exp(logits[from + u] - max);
        for (let u = 0; u < units; u++) {
          logits[from + u] = Math.exp(logits[from + u] - max) / sum;
        }
      } else if (head.kind === "binary") {
        logits[from] = 1 / (1 + Math.exp(-logits[from]));
      } else if (head.kind === "position") {
        for (let u = 0; u < units; u++) logits[from + u] = Math.tanh(logits[from + u]);
      }
    }
    at += units;
  }
  return logits;
}
