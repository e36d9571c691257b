/**
 * Random numbers computed in the graph from a key: a counter-based generator, so that a run resumes
 * exactly from its seed and step number and needs no state of its own.
 *
 * Element i of site s of a step with key k is the finaliser "lowbias32" (Wellons 2018,
 * https://nullprogram.com/blog/2018/07/31) applied twice to i, s and k. Not for cryptography.
 * @module
 */
import { makeData, sizeOf } from "./graph/dtype.ts";
import { type Graph, text, type Value } from "./graph/graph.ts";
import { binary, cast, mul, reshape, sub, unary } from "./builder/mod.ts";

/** The 32-bit finaliser in JavaScript; the graph computes the same. */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The key of step `step` under `seed`: what a graph's random input is fed with. */
export function stepKey(seed: number, step: number): number {
  const high = Math.floor(step / 2 ** 32);
  return mix32(mix32((seed ^ Math.floor(seed / 2 ** 32)) >>> 0) ^ mix32(step >>> 0) ^ high);
}

const u32 = (g: Graph, value: number): Value => g.splat(value >>> 0, "uint32");

function bits(g: Graph, key: Value, site: number, n: number): Value {
  const counters = makeData("uint32", n);
  for (let i = 0; i < n; i++) counters[i] = mix32(i ^ Math.imul(site + 1, 0x9e3779b1));
  const xor = (a: Value, b: Value) =>
    g.emit("BitwiseXor", [a, b], [{ dtype: "uint32", shape: [n] }])[0];
  const shifted = (x: Value, by: number) =>
    g.emit("BitShift", [x, u32(g, by)], [{ dtype: "uint32", shape: [n] }], {
      direction: text("RIGHT"),
    })[0];
  const times = (x: Value, by: number) =>
    g.emit("Mul", [x, u32(g, by)], [{ dtype: "uint32", shape: [n] }])[0];
  let x = xor(g.constant(counters, "uint32", [n]), key);
  x = times(xor(x, shifted(x, 16)), 0x7feb352d);
  x = times(xor(x, shifted(x, 15)), 0x846ca68b);
  return xor(x, shifted(x, 16));
}

/** Uniform numbers in [0, 1) with 24 random bits, of `shape`. `key` is a uint32 value of shape [1]. */
export function graphUniform(
  g: Graph,
  key: Value,
  site: number,
  shape: readonly number[],
): Value {
  const n = sizeOf(shape);
  const [top] = g.emit("BitShift", [bits(g, key, site, n), u32(g, 8)], [
    { dtype: "uint32", shape: [n] },
  ], { direction: text("RIGHT") });
  return reshape(g, mul(g, cast(g, top, "float32"), g.splat(2 ** -24, "float32")), shape);
}

/** Standard normal numbers of `shape` (Box-Muller). */
export function graphNormal(g: Graph, key: Value, site: number, shape: readonly number[]): Value {
  const u = graphUniform(g, key, 2 * site + 0x10000, shape);
  const v = graphUniform(g, key, 2 * site + 0x10001, shape);
  // 1 - u lies in (0, 1]: its logarithm is finite.
  const log = unary(g, "Log", sub(g, g.splat(1, "float32"), u));
  const radius = unary(g, "Sqrt", mul(g, log, g.splat(-2, "float32")));
  const angle = unary(g, "Cos", mul(g, v, g.splat(2 * Math.PI, "float32")));
  return binary(g, "Mul", radius, angle);
}
