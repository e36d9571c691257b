/** Operators that combine elements: products of matrices, reductions, softmax. @module */
import { attribute } from "./graph_def.ts";
import type { Translation } from "./node_call.ts";

/** `alpha a b + c`, either factor transposed. */
const gemm: Translation = (c) => {
  if (c.float("beta", 1) !== 1) c.refuse(`beta must be 1, got ${c.float("beta", 1)}`);
  let y = c.typed("MatMul", [c.in(0), c.in(1)], {
    transpose_a: attribute.flag(c.integer("transA", 0) === 1),
    transpose_b: attribute.flag(c.integer("transB", 0) === 1),
  });
  const alpha = c.float("alpha", 1);
  if (alpha !== 1) y = c.typed("Mul", [y, c.out.scalar(alpha)]);
  return c.has(2) ? c.typed("AddV2", [y, c.in(2)]) : y;
};

const matMul: Translation = (c) =>
  c.typed("BatchMatMulV2", [c.in(0), c.in(1)], {
    adj_x: attribute.flag(false),
    adj_y: attribute.flag(false),
  });

const reduction = (op: string): Translation => (c) =>
  c.typed(op, [c.in(0), c.in(1)], {
    Tidx: attribute.type("int64"),
    keep_dims: attribute.flag(c.integer("keepdims", 1) === 1),
  });

const extreme = (op: string): Translation => (c) => {
  if (c.integer("keepdims", 1) !== 0) c.refuse("keepdims must be 0, got 1");
  return c.typed(op, [c.in(0), c.out.integers(c.integer("axis", 0))], {
    Tidx: attribute.type("int32"),
    output_type: attribute.type("int64"),
  });
};

const cumulativeSum: Translation = (c) =>
  c.typed("Cumsum", [c.in(0), c.in(1)], {
    exclusive: attribute.flag(c.integer("exclusive", 0) === 1),
    reverse: attribute.flag(c.integer("reverse", 0) === 1),
    Tidx: attribute.type("int64"),
  });

/** TensorFlow's works on the last axis only. */
const softmax: Translation = (c) => {
  const rank = c.value(0).shape.length;
  const axis = c.integer("axis", -1);
  if (axis !== -1 && axis !== rank - 1) c.refuse(`axis must be the last of ${rank}, got ${axis}`);
  return c.typed("Softmax", [c.in(0)]);
};

export const products: Record<string, Translation> = {
  ArgMax: extreme("ArgMax"),
  ArgMin: extreme("ArgMin"),
  CumSum: cumulativeSum,
  Gemm: gemm,
  MatMul: matMul,
  ReduceMax: reduction("Max"),
  ReduceMean: reduction("Mean"),
  ReduceMin: reduction("Min"),
  ReduceProd: reduction("Prod"),
  ReduceSum: reduction("Sum"),
  Softmax: softmax,
};
