/** Kernels that normalise: softmax, batch normalisation. @module */
import {
  add,
  binary,
  mul,
  reduce,
  reshape,
  scalarLike,
  sub,
  transpose,
  unary,
} from "../builder/mod.ts";
import { constantData, type Graph, int, splatOf, type Value } from "../graph/graph.ts";
import { type Kernel, type KernelTable, normalizeAxes } from "./kernel.ts";

/** What a mask adds to scores that must not count is below this. */
const masked = -1e4;
/** Weights e^40 times smaller than the largest are lost in any sum of float32. */
const negligible = 40;

/** 1 where a constant mask lets scores through, 0 elsewhere; null unless each row lets some through. */
function openPlaces(g: Graph, mask: Value): Value | null {
  if (!mask.constant || splatOf(mask) !== undefined) return null;
  const width = mask.shape.at(-1)!;
  const open = Float32Array.from(constantData(mask) as Float32Array, (v) => Number(v > masked));
  let closed = 0;
  for (let row = 0; row < open.length; row += width) {
    const count = open.subarray(row, row + width).reduce((n, v) => n + v, 0);
    if (count === 0) return null;
    closed += width - count;
  }
  return closed > 0 ? g.constant(open, "float32", mask.shape) : null;
}

/**
 * Softmax of scores plus a constant mask. ONNX Runtime's own gives masked places numbers too small to
 * be normal, on which every later operator is ten times slower: here they are kept above that, and
 * then set to zero.
 */
function maskedSoftmax(g: Graph, logits: Value): Value | null {
  if (logits.node?.op !== "Add") return null;
  const mask = logits.node.inputs.find((v) => v?.constant);
  const open = mask?.shape.at(-1) === logits.shape.at(-1) ? openPlaces(g, mask!) : null;
  if (!open) return null;
  const last = logits.shape.length - 1;
  // Along a last axis of length 1 ONNX Runtime would subtract one by one.
  const floor = sub(g, reduce(g, "ReduceMax", logits, [last]), g.splat(negligible, "float32"));
  const column = reshape(g, floor, [...floor.shape, 1]);
  const raised = binary(g, "Max", logits, column);
  const [weights] = g.emit("Softmax", [raised], [raised], { axis: int(last) });
  return mul(g, weights, open);
}

const softmaxLike = (op: string): Kernel => ({ g, in: { logits }, attrs }) => {
  const rank = logits.shape.length;
  const [axis] = normalizeAxes(attrs.dim ?? attrs.axis ?? -1, rank);
  if (g.forRuntime && op === "Softmax" && axis === rank - 1) {
    const y = maskedSoftmax(g, logits);
    if (y) return y;
  }
  const emit = (x: Value, at: number) =>
    g.emit(op, [x], [{ dtype: x.dtype, shape: x.shape }], { axis: int(at) })[0];
  if (axis === rank - 1) return emit(logits, axis);
  const perm = logits.shape.map((_, i) => i);
  [perm[axis], perm[rank - 1]] = [rank - 1, axis];
  return transpose(g, emit(transpose(g, logits, perm), rank - 1), perm);
};

const fusedBatchNorm: Kernel = ({ g, in: { x, mean, variance, offset, scale }, attrs }) => {
  const epsilon = scalarLike(g, x, attrs.varianceEpsilon ?? 0.001);
  const deviation = unary(g, "Sqrt", add(g, variance, epsilon));
  const inverse = unary(g, "Reciprocal", deviation);
  const y = mul(g, sub(g, x, mean), scale ? mul(g, inverse, scale) : inverse);
  return offset ? add(g, y, offset) : y;
};

export const normalizeKernels: KernelTable = {
  FusedBatchNorm: fusedBatchNorm,
  LogSoftmax: softmaxLike("LogSoftmax"),
  Softmax: softmaxLike("Softmax"),
};
