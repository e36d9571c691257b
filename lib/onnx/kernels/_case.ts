/**
 * How the table of kernels is written: a case, how its inputs are drawn, and shapes that many share.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../math/mod.ts";

export type Fn = (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
export type Draw = (rng: Rng) => number;

/** One use of a kernel: the function, shapes of its inputs, and how their elements are drawn. */
export interface Case {
  fn: Fn;
  shapes: number[][];
  dtypes?: ("float32" | "int32" | "bool")[];
  draw?: Draw[];
  /** Whether the gradient is compared with tfjs's (not where it has none, or a wrong one). */
  gradient?: boolean;
}

export const normal: Draw = (r) => r.normal();
export const positive: Draw = (r) => 0.2 + 2 * r.uniform();
export const unit: Draw = (r) => 0.9 * (2 * r.uniform() - 1);
export const small: Draw = (r) => r.integer(7) - 3;
export const counting: Draw = (r) => r.integer(4);
export const above1: Draw = (r) => 1.1 + 2 * r.uniform();
// Apart from one another, so that a maximum is unique and a kink is not met.
export const apart: Draw = (r) => (r.integer(2000) - 1000 + 0.5) / 250;

const shapes1 = [[2, 3], [4], [1], [], [0, 3], [1, 5, 1]];
export const each = (fn: Fn, draw: Draw = normal, options: Partial<Case> = {}): Case[] =>
  shapes1.map((s) => ({ fn, shapes: [s], draw: [draw], ...options }));
const pairs = [
  [[2, 3], [2, 3]],
  [[2, 3], [3]],
  [[2, 1, 3], [4, 1]],
  [[], [2, 2]],
  [[1], [3]],
  [[0, 2], [1, 2]],
];
export const both = (
  fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  draw: Draw[] = [normal, normal],
  options: Partial<Case> = {},
): Case[] => pairs.map((shapes) => ({ fn: fn as Fn, shapes, draw, ...options }));
export const one = (fn: Fn, shape: number[], options: Partial<Case> = {}): Case => ({
  fn,
  shapes: [shape],
  ...options,
});
export const no = { gradient: false };
export const ints = { dtypes: ["int32" as const], draw: [small], gradient: false };
export const reduced = (
  fn: (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor,
  o: Partial<Case> = {},
): Case[] => [
  one((x) => fn(x), [3, 4], o),
  one((x) => fn(x, 0), [3, 4], o),
  one((x) => fn(x, [0, 2], true), [2, 3, 4], o),
  one((x) => fn(x, -1), [2, 1, 3], o),
  one((x) => fn(x, [0, 1]), [20, 5, 3], o),
];
export const boolPair = {
  dtypes: ["bool" as const, "bool" as const],
  draw: [(r: Rng) => r.integer(2), (r: Rng) => r.integer(2)],
  gradient: false,
};

export type Image = tf.Tensor4D;
export const conv = (
  x: number[],
  f: number[],
  strides: number | [number, number],
  pad: "same" | "valid" | number,
  dilations = 1,
): Case => ({
  fn: (a, b) =>
    tf.conv2d(
      a as Image,
      b as Image,
      strides,
      pad,
      "NHWC",
      dilations,
      pad === 1 ? "floor" : undefined,
    ),
  shapes: [x, f],
  // tfjs has no gradient of a dilated convolution.
  gradient: dilations === 1,
});
