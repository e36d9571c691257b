/** Kernels that reduce or accumulate along axes. @module */
import { argReduce, cast, concat, mul, reduce, type ReduceOp, slice } from "../builder/mod.ts";
import { int } from "../graph/graph.ts";
import { castType } from "../builder/ort_types.ts";
import { reverse } from "../builder/shape.ts";
import { type Kernel, type KernelTable, normalizeAxes } from "./kernel.ts";

const reducing = (op: ReduceOp): Kernel => ({ g, in: { x }, attrs }) => {
  const axes = normalizeAxes(attrs.axis ?? attrs.reductionIndices, x.shape.length);
  const v = x.dtype === "bool" ? cast(g, x, "int32") : x;
  return reduce(g, op, v, axes, attrs.keepDims);
};

const mean: Kernel = ({ g, in: { x }, attrs }) =>
  reduce(
    g,
    "ReduceMean",
    cast(g, x, "float32"),
    normalizeAxes(attrs.axis, x.shape.length),
    attrs.keepDims,
  );

/** Bools reduced as the integers 0 and 1. */
const boolReducing = (op: "ReduceMin" | "ReduceMax"): Kernel => ({ g, in: { x }, attrs }) => {
  const axes = normalizeAxes(attrs.axis, x.shape.length);
  const bits = cast(g, cast(g, x, "bool"), "int32");
  return cast(g, reduce(g, op, bits, axes, attrs.keepDims), "bool");
};

const arg = (op: "ArgMax" | "ArgMin"): Kernel => ({ g, in: { x }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, x.shape.length);
  return cast(g, argReduce(g, op, x, axis), "int32");
};

const cumsum: Kernel = ({ g, in: { x }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, x.shape.length);
  const v = cast(g, x, castType("CumSum", x.dtype));
  return g.emit("CumSum", [v, g.splat(axis, "int64")], [{ dtype: v.dtype, shape: x.shape }], {
    exclusive: int(attrs.exclusive ? 1 : 0),
    reverse: int(attrs.reverse ? 1 : 0),
  })[0];
};

/** Running products in log2(n) steps: each multiplies by the products that end `shift` before. */
const cumprod: Kernel = ({ g, in: { x }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, x.shape.length);
  const n = x.shape[axis];
  let v = attrs.reverse ? reverse(g, x, [axis]) : x;
  const delayed = (shift: number) => {
    const rest = x.shape.map((d, i) => i === axis ? d - shift : d);
    const ones = g.splat(1, x.dtype, x.shape.map((d, i) => i === axis ? shift : d));
    return concat(g, [ones, slice(g, v, x.shape.map(() => 0), rest)], axis);
  };
  if (attrs.exclusive && n > 0) v = delayed(1);
  for (let shift = 1; shift < n; shift *= 2) v = mul(g, v, delayed(shift));
  return attrs.reverse ? reverse(g, v, [axis]) : v;
};

export const reduceKernels: KernelTable = {
  All: boolReducing("ReduceMin"),
  Any: boolReducing("ReduceMax"),
  ArgMax: arg("ArgMax"),
  ArgMin: arg("ArgMin"),
  Cumprod: cumprod,
  Cumsum: cumsum,
  Max: reducing("ReduceMax"),
  Mean: mean,
  Min: reducing("ReduceMin"),
  Prod: reducing("ReduceProd"),
  Sum: reducing("ReduceSum"),
};
