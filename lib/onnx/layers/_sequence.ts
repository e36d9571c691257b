/**
 * What recurrent layers share: time-major inputs, projections hoisted out of the time loop, and
 * weight gradients as one product over all time steps.
 * @module
 */
import { add, concat, gemm, reduce, reshape, split, transpose } from "../builder/mod.ts";
import { type Graph, splatOf, type Value } from "../graph/graph.ts";
import { unary } from "../builder/mod.ts";
import { alphaBeta } from "../builder/elementwise.ts";

/** Sizes of a recurrent layer's call. */
export interface SequenceShape {
  batch: number;
  time: number;
  features: number;
  units: number;
}

/** The gate's squashing function. */
export type GateActivation = "sigmoid" | "hardSigmoid";

/** x [batch, time, features] as [time * batch, features], in the order of iteration. */
export function timeMajor(g: Graph, x: Value, s: SequenceShape): Value {
  const t = transpose(g, x, [1, 0, 2]);
  return reshape(g, t, [s.time * s.batch, s.features]);
}

/** Each gate's input projection (bias included) at each step: `[gate][step]`, [batch, units]. */
export function projections(
  g: Graph,
  rows: Value,
  kernels: Value[],
  biases: (Value | null)[],
  s: SequenceShape,
  backwards: boolean,
): Value[][] {
  return kernels.map((kernel, k) => {
    const all = gemm(g, rows, kernel, biases[k]);
    const steps = split(g, all, new Array(s.time).fill(s.batch), 0);
    return backwards ? [...steps].reverse() : steps;
  });
}

/** The gate's value. */
export function gate(g: Graph, z: Value, activation: GateActivation): Value {
  return activation === "sigmoid"
    ? unary(g, "Sigmoid", z)
    : unary(g, "HardSigmoid", z, alphaBeta(0.2, 0.5));
}

/**
 * A product p = gate * q, times the derivative of the gate over the gate's value: what carries a
 * gradient from p's place to the gate's argument, q included. For the sigmoid p - p * gate.
 */
export function gateSlope(
  g: Graph,
  p: Value,
  q: Value,
  value: Value,
  activation: GateActivation,
): Value {
  if (activation === "sigmoid") {
    return g.emit("Sub", [p, g.emit("Mul", [p, value], [value])[0]], [value])[0];
  }
  // 0.2 strictly between the ends, 0 beyond: the sign of value (1 - value).
  const zero = g.splat(0, "float32"), one = g.splat(1, "float32");
  const [above] = g.emit("Greater", [value, zero], [{ dtype: "bool", shape: value.shape }]);
  const [below] = g.emit("Less", [value, one], [{ dtype: "bool", shape: value.shape }]);
  const [inside] = g.emit("And", [above, below], [{ dtype: "bool", shape: value.shape }]);
  const slope = g.splat(0.2, "float32");
  const [scaled] = g.emit("Mul", [q, slope], [value]);
  return g.emit("Where", [inside, scaled, zero], [value])[0];
}

/** Rows of all steps, [time * batch, units], in the order of the input's time. */
export function stackSteps(g: Graph, steps: Value[], backwards: boolean): Value {
  return concat(g, backwards ? [...steps].reverse() : steps, 0);
}

/** Outputs of all steps as the layer returns them: [batch, time, units], in the order of iteration. */
export function sequenceOutput(g: Graph, steps: Value[], s: SequenceShape): Value {
  const stacked = reshape(g, concat(g, steps, 0), [s.time, s.batch, s.units]);
  return transpose(g, stacked, [1, 0, 2]);
}

/** The gradient that each step's output gets from outside, or null where there is none. */
export function outputGradients(
  g: Graph,
  sequence: Value | null,
  last: Value | null,
  s: SequenceShape,
): (Value | null)[] {
  const steps: (Value | null)[] = new Array(s.time).fill(null);
  if (sequence && splatOf(sequence) !== 0) {
    const major = reshape(g, transpose(g, sequence, [1, 0, 2]), [s.time * s.batch, s.units]);
    split(g, major, new Array(s.time).fill(s.batch), 0).forEach((v, t) => steps[t] = v);
  }
  if (last && splatOf(last) !== 0) steps[s.time - 1] = sum(g, steps[s.time - 1], last);
  return steps;
}

/** a + b, where either may be absent. */
export function sum(g: Graph, a: Value | null, b: Value): Value {
  return a ? add(g, a, b) : b;
}

/** a b^T + c, where c may be absent. */
export const backGemm = (g: Graph, a: Value, b: Value, c: Value | null): Value =>
  gemm(g, a, b, c, { transB: true });

/** Column sums of a tall matrix, as a product with ones: faster than a reduction. */
export function columnSums(g: Graph, m: Value): Value {
  const [rows, columns] = m.shape;
  if (rows < 64) return reduce(g, "ReduceSum", m, [0]);
  return reshape(g, gemm(g, g.splat(1, "float32", [1, rows]), m), [columns]);
}

/** A zero-filled state. */
export const zeros = (g: Graph, s: SequenceShape): Value =>
  g.splat(0, "float32", [s.batch, s.units]);
