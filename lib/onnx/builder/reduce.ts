/**
 * Reductions over axes.
 * @module
 */
import { sameShape, sizeOf } from "../graph/dtype.ts";
import { type Graph, int, splatOf, type Value } from "../graph/graph.ts";
import { cast } from "./elementwise.ts";
import { rowSumsThroughProduct } from "./fused_matmul.ts";
import { castType } from "./ort_types.ts";
import { reshape } from "./shape.ts";

/** Shape that is left of `shape` without `axes` (or with 1 in their place). */
export function reducedShape(
  shape: readonly number[],
  axes: readonly number[],
  keepDims: boolean,
): number[] {
  return keepDims
    ? shape.map((d, i) => axes.includes(i) ? 1 : d)
    : shape.filter((_, i) => !axes.includes(i));
}

export type ReduceOp =
  | "ReduceSum"
  | "ReduceMean"
  | "ReduceMax"
  | "ReduceMin"
  | "ReduceProd"
  | "ReduceL2"
  | "ReduceSumSquare"
  | "ReduceLogSumExp";

/** `op` over `axes` (all when empty is not meant: an empty list reduces nothing). */
export function reduce(
  g: Graph,
  op: ReduceOp,
  x: Value,
  axes: readonly number[],
  keepDims = false,
): Value {
  const shape = reducedShape(x.shape, axes, keepDims);
  if (axes.length === 0) return x;
  const keepsElements = axes.every((a) => x.shape[a] === 1);
  if (
    keepsElements &&
    ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"].includes(op)
  ) {
    return reshape(g, x, shape);
  }
  const s = splatOf(x);
  if (s !== undefined && op === "ReduceSum" && sizeOf(x.shape) > 0) {
    return g.splat(s * axes.reduce((n, a) => n * x.shape[a], 1), x.dtype, shape);
  }
  const [first, second] = x.node?.op === "Mul" ? x.node.inputs : [];
  if (op === "ReduceSum" && x.dtype === "float32" && first && first === second) {
    const isWhole = axes.length === x.shape.length && sameShape(first.shape, x.shape);
    if (isWhole) return reduce(g, "ReduceSumSquare", first, axes, keepDims);
  }
  const isLastAxis = axes.length === 1 && axes[0] === x.shape.length - 1;
  if (g.forRuntime && op === "ReduceSum" && isLastAxis) {
    const sums = rowSumsThroughProduct(g, x);
    if (sums) return reshape(g, sums, shape);
  }
  const leading = axes.filter((a) => x.shape[a] !== 1);
  const rows = leading.reduce((n, a) => n * x.shape[a], 1);
  const isLeading = leading.every((a) =>
    x.shape.slice(0, a).every((d, i) => d === 1 || leading.includes(i))
  );
  const columns = sizeOf(x.shape) / rows;
  if (op === "ReduceSum" && x.dtype === "float32" && isLeading && rows >= 64 && columns > 1) {
    // A product with ones sums columns several times faster than ReduceSum.
    const [sums] = g.emit("Gemm", [
      g.splat(1, "float32", [1, rows]),
      reshape(g, x, [rows, columns]),
    ], [{ dtype: "float32", shape: [1, columns] }]);
    return reshape(g, sums, shape);
  }
  const runType = castType(op, x.dtype);
  const [y] = g.emit(
    op,
    [cast(g, x, runType), g.int64(axes)],
    [{ dtype: runType, shape }],
    { keepdims: int(keepDims ? 1 : 0) },
  );
  return cast(g, y, x.dtype);
}

/** Position of the largest or smallest element along `axis`, as int64. */
export function argReduce(g: Graph, op: "ArgMax" | "ArgMin", x: Value, axis: number): Value {
  const shape = reducedShape(x.shape, [axis], false);
  return g.emit(op, [cast(g, x, castType(op, x.dtype))], [{ dtype: "int64", shape }], {
    axis: int(axis),
    keepdims: int(0),
  })[0];
}
