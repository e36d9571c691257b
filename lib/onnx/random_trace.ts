/**
 * Random tensors in a trace. tfjs draws them in JavaScript, so that a recorded graph would repeat
 * one draw forever; here they become random numbers of the graph, keyed by seed and step.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { engine } from "./_engine.ts";
import { TraceError } from "./errors.ts";
import { type Dtype, sizeOf } from "./graph/dtype.ts";
import type { Value } from "./graph/graph.ts";
import { add, cast, mul, scalarLike } from "./builder/mod.ts";
import { graphNormal, graphUniform } from "./random_graph.ts";
import type { Recording } from "./trace_backend.ts";

/** Seed that a patched Math.random() returns during a trace. */
export const traceSeed = 0.3819660112501051;

const randomOps = new Set(
  ["randomUniform", "randomNormal", "randomStandardNormal", "truncatedNormal", "randomGamma"].map(
    (n) => `${n}__op`,
  ),
);

let comparing = false;

/** Whether the tensor written now was drawn by a random op of tfjs. */
export function isRandomScope(): boolean {
  return !comparing && engine().state.scopeStack.some((s) => randomOps.has(s.name));
}

/**
 * A value of the graph with the distribution that tfjs drew `values` from.
 *
 * Dropout draws from [0, 1) whatever its seed. Of other ops only the numbers reach us: with the seed
 * that the patched Math.random() gave, tfjs draws the standard deviates again, and two of them tell
 * location and scale.
 *
 * @throws {TraceError} If a seed was given (the caller's seed is unknown here), or for another law.
 */
export function recordRandom(
  r: Recording,
  values: Float32Array,
  shape: number[],
  dtype: Dtype,
): Value {
  const scopes = engine().state.scopeStack.map((s) => s.name);
  const op = scopes.filter((n) => randomOps.has(n)).at(-1)!.slice(0, -4);
  const unseeded = r.mathRandomCalls > 0;
  r.mathRandomCalls = 0;
  const g = r.graph;
  const site = r.randomSites++;
  const isDropout = scopes.includes("dropout__op");
  if (isDropout) return graphUniform(g, r.randomKey(), site, shape);
  if (!unseeded) {
    throw new TraceError(
      `Cannot trace ${op}: a seeded draw would be the same at every step; leave the seed out (the compiled function's seed rules), or pass the numbers as an input`,
    );
  }
  if (op !== "randomUniform" && op !== "randomNormal" && op !== "randomStandardNormal") {
    throw new TraceError(
      `Cannot trace ${op}: only uniform and normal draws can be made in the graph; pass the numbers as an input`,
    );
  }
  const isUniform = op === "randomUniform";
  const [offset, scale] = locationAndScale(op, values, isUniform);
  const standard = isUniform
    ? graphUniform(g, r.randomKey(), site, shape)
    : graphNormal(g, r.randomKey(), site, shape);
  const scaled = add(
    g,
    mul(g, standard, scalarLike(g, standard, scale)),
    scalarLike(g, standard, offset),
  );
  return cast(g, scaled, dtype);
}

function locationAndScale(op: string, values: Float32Array, isUniform: boolean): [number, number] {
  const n = values.length;
  if (n === 0) return [0, 1];
  comparing = true;
  let standard: Float32Array;
  try {
    standard = tf.tidy(() =>
      (isUniform
        ? tf.randomUniform([n], 0, 1, "float32", traceSeed as unknown as string)
        : tf.randomNormal([n], 0, 1, "float32", traceSeed)).dataSync()
    ) as Float32Array;
  } finally {
    comparing = false;
  }
  let low = 0, high = 0;
  for (let i = 1; i < n; i++) {
    if (standard[i] < standard[low]) low = i;
    if (standard[i] > standard[high]) high = i;
  }
  if (low === high) {
    if (values[0] === standard[0]) return [0, 1];
    throw new TraceError(
      `Cannot trace ${op}: range or deviation of a single number can't be told; draw it standard and scale it`,
    );
  }
  // Rounded to float32's precision of the difference, so that 0.1 comes back as 0.1.
  const scale = (values[high] - values[low]) / (standard[high] - standard[low]);
  const offset = values[low] - scale * standard[low];
  const tidyNumber = (x: number) => Number(x.toPrecision(5));
  const result: [number, number] = [tidyNumber(offset + 0) || 0, tidyNumber(scale)];
  if (Math.abs(result[0]) < 1e-6 * Math.abs(result[1])) result[0] = 0;
  for (let i = 0; i < n; i++) {
    const expected = result[0] + result[1] * standard[i];
    if (Math.abs(expected - values[i]) > 1e-4 * (Math.abs(result[0]) + Math.abs(result[1]))) {
      throw new TraceError(
        `Cannot trace ${op} of shape [${
          sizeOf([n])
        }]: its numbers are not a scaled standard draw; pass them as an input`,
      );
    }
  }
  return result;
}
