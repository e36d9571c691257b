/** Kernels of matrix products and what is fused to them. @module */
import {
  add,
  alphaBeta,
  binary,
  clip,
  gemm,
  matMul,
  mul,
  scalarLike,
  unary,
  where,
} from "../builder/mod.ts";
import { type Graph, text, type Value } from "../graph/graph.ts";
import type { Kernel, KernelCall, KernelTable } from "./kernel.ts";

const batchMatMul: Kernel = ({ g, in: { a, b }, attrs }) =>
  matMul(g, a, b, attrs.transposeA, attrs.transposeB);

const fusedMatMul: Kernel = (call) => {
  const { g, in: { a, b, bias }, attrs } = call;
  const { transposeA: transA, transposeB: transB } = attrs;
  // A bias over rows of the product is Gemm's third operand.
  const isGemm = a.shape.length === 2 && b.shape.length === 2 && a.dtype === "float32";
  const y = isGemm && bias
    ? gemm(g, a, b, bias, { transA, transB })
    : bias
    ? add(g, matMul(g, a, b, transA, transB), bias)
    : matMul(g, a, b, transA, transB);
  return applyActivation(call, y);
};

/** The activation that a fused kernel ends with. */
export function applyActivation(call: KernelCall, y: Value): Value {
  const { g, attrs, in: { preluActivationWeights: alpha } } = call;
  const simple: Record<string, (g: Graph, y: Value) => Value> = {
    linear: (_, y) => y,
    relu: (g, y) => unary(g, "Relu", y),
    relu6: (g, y) => clip(g, y, 0, 6),
    elu: (g, y) => unary(g, "Elu", y, alphaBeta(1)),
    sigmoid: (g, y) => unary(g, "Sigmoid", y),
    leakyrelu: (g, y) => unary(g, "LeakyRelu", y, alphaBeta(attrs.leakyreluAlpha)),
    prelu: (g, y) => where(g, binary(g, "Less", y, scalarLike(g, y, 0)), mul(g, y, alpha), y),
  };
  const apply = simple[attrs.activation ?? "linear"];
  return apply ? apply(g, y) : call.refuse(`activation "${attrs.activation}" is not known`);
}

const einsum: Kernel = ({ g, list, attrs }) => {
  const equation: string = attrs.equation.replace(/\s/g, "");
  const [left, right] = equation.split("->");
  const sizes: Record<string, number> = {};
  left.split(",").forEach((term, i) => {
    [...term].forEach((letter, axis) => sizes[letter] = list[i].shape[axis]);
  });
  const shape = [...right].map((letter) => sizes[letter]);
  return g.emit("Einsum", list, [{ dtype: list[0].dtype, shape }], { equation: text(equation) })[0];
};

export const matmulKernels: KernelTable = {
  BatchMatMul: batchMatMul,
  Einsum: einsum,
  _FusedMatMul: fusedMatMul,
};
