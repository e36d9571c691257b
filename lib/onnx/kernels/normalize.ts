/** Kernels that normalise: softmax, batch normalisation. @module */
import { add, mul, scalarLike, sub, transpose, unary } from "../builder/mod.ts";
import { int, type Value } from "../graph/graph.ts";
import { type Kernel, type KernelTable, normalizeAxes } from "./kernel.ts";

const softmaxLike = (op: string): Kernel => ({ g, in: { logits }, attrs }) => {
  const rank = logits.shape.length;
  const [axis] = normalizeAxes(attrs.dim ?? attrs.axis ?? -1, rank);
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
