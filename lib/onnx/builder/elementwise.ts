/**
 * Elementwise operators: shapes broadcast, types that ONNX Runtime lacks are cast, constants fold.
 * @module
 */
import { type Dtype, makeData, sameShape, sizeOf } from "../graph/dtype.ts";
import {
  type AttributeInit,
  constantData,
  float,
  type Graph,
  int,
  splatOf,
  type Value,
} from "../graph/graph.ts";
import { onnxElementType } from "../graph/dtype.ts";
import { scaleProduct, subtractColumn } from "./fused_matmul.ts";
import { castType } from "./ort_types.ts";
import { expand, reshape } from "./shape.ts";

/** Constants of at most this many elements are folded by evaluating them at once. */
const foldLimit = 1 << 12;

/** Shape that two shapes broadcast to. @throws {RangeError} If they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`Cannot broadcast: shapes must agree, got [${a}] and [${b}]`);
    }
    out.push(x === 1 ? y : x);
  }
  return out;
}

type BinaryFold = (a: number, b: number) => number;

const arithmetic: Record<string, BinaryFold> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
};
const comparison: Record<string, BinaryFold> = {
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
};

/** A value of `dtype`; nothing is emitted when it already is. */
export function cast(g: Graph, x: Value, dtype: Dtype): Value {
  if (x.dtype === dtype) return x;
  if (x.constant && x.dtype !== "int64" && dtype !== "int64") {
    const s = splatOf(x);
    const convert = (v: number) =>
      dtype === "bool" ? Number(v !== 0) : dtype === "int32" ? Math.trunc(v) : v;
    if (s !== undefined) return g.splat(convert(s), dtype, x.shape);
    if (sizeOf(x.shape) <= foldLimit) {
      const from = constantData(x) as Float32Array;
      const to = makeData(dtype, from.length) as Float32Array;
      for (let i = 0; i < from.length; i++) to[i] = convert(from[i]);
      return g.constant(to, dtype, x.shape);
    }
  }
  return g.emit("Cast", [x], [{ dtype, shape: x.shape }], { to: int(onnxElementType[dtype]) })[0];
}

/**
 * A broadcasting operator of two values of one type.
 *
 * @throws {TypeError} If the types differ.
 */
export function binary(g: Graph, op: string, a: Value, b: Value): Value {
  if (a.dtype !== b.dtype) {
    throw new TypeError(`Cannot emit ${op}: types must be equal, got ${a.dtype} and ${b.dtype}`);
  }
  const shape = broadcastShape(a.shape, b.shape);
  const isComparison = op in comparison || op === "And" || op === "Or" || op === "Xor";
  const dtype: Dtype = isComparison ? "bool" : a.dtype;
  const sa = splatOf(a), sb = splatOf(b);
  const fold: BinaryFold | undefined = arithmetic[op] ?? comparison[op];
  const folds = fold !== undefined && a.dtype !== "int64" &&
    !(op === "Div" && a.dtype !== "float32");
  if (folds && sa !== undefined && sb !== undefined) {
    return g.splat(fold(sa, sb), dtype, shape);
  }
  if (folds && a.constant && b.constant && sizeOf(shape) <= foldLimit) {
    const x = constantData(broadcastConstant(g, a, shape)) as Float32Array;
    const y = constantData(broadcastConstant(g, b, shape)) as Float32Array;
    const out = makeData(dtype, x.length) as Float32Array;
    for (let i = 0; i < out.length; i++) out[i] = fold(x[i], y[i]);
    return g.constant(out, dtype, shape);
  }
  if (sb === 0 && (op === "Add" || op === "Sub") && sameShape(a.shape, shape)) return a;
  if (sa === 0 && op === "Add" && sameShape(b.shape, shape)) return b;
  if (sb === 1 && (op === "Mul" || op === "Div" || op === "Pow") && sameShape(a.shape, shape)) {
    return a;
  }
  if (sa === 1 && op === "Mul" && sameShape(b.shape, shape)) return b;
  if (sb === -1 && op === "Mul" && sameShape(a.shape, shape)) return unary(g, "Neg", a);
  if (sa === -1 && op === "Mul" && sameShape(b.shape, shape)) return unary(g, "Neg", b);
  if (op === "Pow" && sb === 2 && sameShape(a.shape, shape)) return binary(g, "Mul", a, a);
  if (op === "Mul" && (sa ?? sb) !== undefined) {
    const merged = sb !== undefined ? scaleScaled(g, a, sb) : scaleScaled(g, b, sa!);
    if (merged && sameShape(merged.shape, shape)) return merged;
    const [product, scale] = sb !== undefined ? [a, sb] : [b, sa!];
    const scaled = sameShape(product.shape, shape) ? scaleProduct(g, product, scale) : null;
    if (scaled) return scaled;
  }
  if (op === "Sub") {
    const difference = subtractColumn(g, a, b);
    if (difference) return difference;
  }
  // A number and something repeated: compute, then repeat.
  if (sb !== undefined && a.node?.op === "Expand" && sameShape(a.shape, shape)) {
    return expand(g, binary(g, op, a.node.inputs[0]!, g.splat(sb, b.dtype)), shape);
  }
  if (sa !== undefined && b.node?.op === "Expand" && sameShape(b.shape, shape)) {
    return expand(g, binary(g, op, g.splat(sa, a.dtype), b.node.inputs[0]!), shape);
  }
  const flat = throughReshape(g, op, a, b);
  if (flat) return flat;
  const biased = op === "Add" ? foldBias(g, a, b) ?? foldBias(g, b, a) : null;
  if (biased) return biased;
  // A large splat beside something smaller: compute small, then repeat.
  if (sb !== undefined && b.shape.length > 0 && sizeOf(a.shape) < sizeOf(shape)) {
    return expand(g, binary(g, op, a, g.splat(sb, b.dtype)), shape);
  }
  if (sa !== undefined && a.shape.length > 0 && sizeOf(b.shape) < sizeOf(shape)) {
    return expand(g, binary(g, op, g.splat(sa, a.dtype), b), shape);
  }
  [a, b] = slimOperands(g, a, b, shape);
  [a, b] = [widenColumn(g, a, b), widenColumn(g, b, a)];
  const runType = castType(op, a.dtype);
  const [y] = g.emit(op, [cast(g, a, runType), cast(g, b, runType)], [{
    dtype: isComparison ? "bool" : runType,
    shape,
  }]);
  return isComparison ? y : cast(g, y, dtype);
}

/**
 * Operands that need not be as large as the result: equal elements become a scalar, and what was
 * only expanded for this operator is taken as it was before.
 */
function slimOperands(
  g: Graph,
  a: Value,
  b: Value,
  shape: readonly number[],
): [Value, Value] {
  const slim = (v: Value, other: Value): Value => {
    const s = splatOf(v);
    if (s !== undefined && sameShape(other.shape, shape)) return g.splat(s, v.dtype);
    if (v.node?.op === "Expand") {
      const source = v.node.inputs[0]!;
      if (sameShape(broadcastShape(source.shape, other.shape), shape)) return source;
    }
    return v;
  };
  const a2 = slim(a, b);
  return [a2, slim(b, a2)];
}

/** Rows up to this long are too short for ONNX Runtime, which broadcasts row by row. */
const shortRow = 16;

/**
 * A column that broadcasts over short rows, written out by a product with ones; one that is their
 * sum, by the same product.
 */
function widenColumn(g: Graph, v: Value, other: Value): Value {
  const width = other.shape.at(-1) ?? 1;
  const rows = sizeOf(other.shape.slice(0, -1));
  const isColumn = sameShape(v.shape, [...other.shape.slice(0, -1), 1]);
  const fits = g.forRuntime && isColumn && v.dtype === "float32" && width > 1 &&
    width <= shortRow && rows >= 4 * shortRow;
  if (!fits) return v;
  const isSum = v.node?.op === "ReduceSum" && sameShape(v.node.inputs[0]!.shape, other.shape);
  const source = isSum ? v.node!.inputs[0]! : v;
  const inner = isSum ? width : 1;
  const ones = g.splat(1, "float32", [inner, width]);
  const [wide] = g.emit("Gemm", [reshape(g, source, [rows, inner]), ones], [
    { dtype: "float32", shape: [rows, width] },
  ]);
  return reshape(g, wide, other.shape);
}

/** `x` times `scale`, where `x` is something times or by a number: one product with one number. */
function scaleScaled(g: Graph, x: Value, scale: number): Value | null {
  if (x.dtype !== "float32") return null;
  const { node } = x;
  if (node?.op === "Neg") return binary(g, "Mul", node.inputs[0]!, g.splat(-scale, "float32"));
  if (node?.op !== "Mul" && node?.op !== "Div") return null;
  const [a, b] = node.inputs as Value[];
  const sa = splatOf(a), sb = splatOf(b);
  const own = node.op === "Mul" ? sb ?? sa : sb && 1 / sb;
  const source = sb !== undefined ? a : b;
  const both = own === undefined ? NaN : Math.fround(own * scale);
  // Two factors may cancel what one cannot hold.
  const isNormal = Math.abs(both) > 1e-30 && Math.abs(both) < 1e30;
  if (!isNormal || !sameShape(source.shape, x.shape)) return null;
  return binary(g, "Mul", source, g.splat(both, "float32"));
}

/**
 * An operator on reshaped values of one shape, done before the reshape: both were reshaped alike, or
 * a product is added to.
 */
function throughReshape(g: Graph, op: string, a: Value, b: Value): Value | null {
  if (!sameShape(a.shape, b.shape)) return null;
  const source = (v: Value) => v.node?.op === "Reshape" ? v.node.inputs[0]! : null;
  const x = source(a), y = source(b);
  const isGemm = (v: Value | null) => v?.node?.op === "Gemm";
  if (x && y && sameShape(x.shape, y.shape)) return reshape(g, binary(g, op, x, y), a.shape);
  if (op !== "Add") return null;
  if (isGemm(x)) return reshape(g, binary(g, op, x!, reshape(g, b, x!.shape)), a.shape);
  if (isGemm(y)) return reshape(g, binary(g, op, reshape(g, a, y!.shape), y!), a.shape);
  return null;
}

/** `Gemm + bias` as Gemm's third operand, also through a reshape that keeps the columns. */
function foldBias(g: Graph, product: Value, bias: Value): Value | null {
  const columns = product.shape.at(-1);
  if (sizeOf(bias.shape) !== columns || bias.shape.at(-1) !== columns) return null;
  const direct = product.node?.op === "Reshape" ? product.node.inputs[0]! : product;
  const node = direct.node;
  if (node?.op !== "Gemm" || node.inputs.length !== 2 || direct.shape[1] !== columns) return null;
  const c = reshape(g, bias, [columns]);
  const [y] = g.emit("Gemm", [...node.inputs, c], [{ dtype: direct.dtype, shape: direct.shape }], {
    ...node.attributes,
  });
  return reshape(g, y, product.shape);
}

/** A small constant written out to `shape`. */
export function broadcastConstant(g: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const s = splatOf(x);
  if (s !== undefined) return g.splat(s, x.dtype, shape);
  const from = constantData(x);
  const to = makeData(x.dtype, sizeOf(shape));
  const strides = new Array(shape.length).fill(0);
  let stride = 1;
  for (let i = x.shape.length - 1; i >= 0; i--) {
    strides[i + shape.length - x.shape.length] = x.shape[i] === 1 ? 0 : stride;
    stride *= x.shape[i];
  }
  for (let i = 0; i < to.length; i++) {
    let rest = i, at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += rest % shape[axis] * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    to[i] = from[at];
  }
  return g.constant(to, x.dtype, shape);
}

const unaryFolds: Record<string, (x: number) => number> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Reciprocal: (x) => 1 / x,
};

/** An operator of one value, which keeps shape and type. */
export function unary(g: Graph, op: string, x: Value, attributes: AttributeInit = {}): Value {
  const s = splatOf(x);
  if (s !== undefined && op in unaryFolds) return g.splat(unaryFolds[op](s), x.dtype, x.shape);
  if (op === "Neg" && x.node?.op === "Neg") return x.node.inputs[0]!;
  const negated = op === "Neg" ? scaleScaled(g, x, -1) : null;
  if (negated) return negated;
  // On this side of a reshape the operator stands next to its Gemm, into which it may be fused.
  if (x.node?.op === "Reshape") {
    return reshape(g, unary(g, op, x.node.inputs[0]!, attributes), x.shape);
  }
  const runType = castType(op, x.dtype);
  const [y] = g.emit(op, [cast(g, x, runType)], [{ dtype: runType, shape: x.shape }], attributes);
  return cast(g, y, x.dtype);
}

/** A test of each element: bools of the same shape. */
export function predicate(g: Graph, op: string, x: Value): Value {
  const runType = castType(op, x.dtype);
  return g.emit(op, [cast(g, x, runType)], [{ dtype: "bool", shape: x.shape }])[0];
}

export const add = (g: Graph, a: Value, b: Value): Value => binary(g, "Add", a, b);
export const sub = (g: Graph, a: Value, b: Value): Value => binary(g, "Sub", a, b);
export const mul = (g: Graph, a: Value, b: Value): Value => binary(g, "Mul", a, b);
export const div = (g: Graph, a: Value, b: Value): Value => binary(g, "Div", a, b);

/** A scalar of the type of `like`. */
export const scalarLike = (g: Graph, like: Value, x: number): Value => g.splat(x, like.dtype);

/** `condition ? a : b`, all broadcast. */
export function where(g: Graph, condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
  const slim = (v: Value) =>
    splatOf(v) !== undefined && sameShape(condition.shape, shape)
      ? g.splat(splatOf(v)!, v.dtype)
      : v;
  const runType = castType("Where", a.dtype);
  const [y] = g.emit("Where", [
    cast(g, condition, "bool"),
    cast(g, slim(a), runType),
    cast(g, slim(b), runType),
  ], [{ dtype: runType, shape }]);
  return cast(g, y, a.dtype);
}

/** Values limited to [low, high]. */
export function clip(g: Graph, x: Value, low: number, high: number): Value {
  const runType = castType("Clip", x.dtype);
  const [y] = g.emit(
    "Clip",
    [cast(g, x, runType), g.splat(low, runType), g.splat(high, runType)],
    [{ dtype: runType, shape: x.shape }],
  );
  return cast(g, y, x.dtype);
}

/** Attribute `alpha`, and `beta` when given. */
export const alphaBeta = (alpha: number, beta?: number): AttributeInit => ({
  alpha: float(alpha),
  beta: beta === undefined ? undefined : float(beta),
});
