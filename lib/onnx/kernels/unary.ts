/** Kernels of one tensor, element by element. @module */
import {
  add,
  alphaBeta,
  binary,
  cast,
  clip,
  div,
  mul,
  predicate,
  scalarLike,
  sub,
  unary,
  where,
} from "../builder/mod.ts";
import { graphDtype } from "../trace_backend.ts";
import type { Value } from "../graph/graph.ts";
import type { Kernel, KernelTable } from "./kernel.ts";

/** One ONNX operator whose result is float whatever comes in. */
const toFloat = (op: string): Kernel => ({ g, in: { x } }) => unary(g, op, cast(g, x, "float32"));

/** One ONNX operator that keeps the type. */
const keeping = (op: string): Kernel => ({ g, in: { x } }) => unary(g, op, x);

/** Rounding: integers are as they were. */
const rounding = (op: string): Kernel => ({ g, in: { x } }) =>
  x.dtype === "float32" ? unary(g, op, x) : x;

const castKernel: Kernel = ({ g, in: { x }, attrs }) => cast(g, x, graphDtype(attrs.dtype));

const identity: Kernel = ({ in: { x } }) => x;

const clipByValue: Kernel = ({ g, in: { x }, attrs }) =>
  clip(g, x, attrs.clipValueMin, attrs.clipValueMax);

const elu: Kernel = ({ g, in: { x } }) => unary(g, "Elu", x, alphaBeta(1));

/** dy where the input was positive, dy (y + 1) elsewhere. */
const eluGrad: Kernel = ({ g, in: { dy, y } }) => {
  const positive = binary(g, "GreaterOrEqual", y, scalarLike(g, y, 0));
  return where(g, positive, dy, mul(g, dy, add(g, y, scalarLike(g, y, 1))));
};

/** e^x - 1 without cancellation: tanh(x/2) (e^x + 1). */
const expm1: Kernel = ({ g, in: { x } }) => {
  const f = cast(g, x, "float32");
  const one = scalarLike(g, f, 1);
  const t = unary(g, "Tanh", mul(g, f, scalarLike(g, f, 0.5)));
  return mul(g, t, add(g, unary(g, "Exp", f), one));
};

/** log(1 + x); near 0 by 2 atanh(x / (2 + x)), which keeps all digits. */
const log1p: Kernel = ({ g, in: { x } }) => {
  const f = cast(g, x, "float32");
  const near = binary(g, "Less", unary(g, "Abs", f), scalarLike(g, f, 0.5));
  const small = where(g, near, f, scalarLike(g, f, 0));
  const series = mul(
    g,
    unary(g, "Atanh", div(g, small, add(g, small, scalarLike(g, f, 2)))),
    scalarLike(g, f, 2),
  );
  return where(g, near, series, unary(g, "Log", add(g, f, scalarLike(g, f, 1))));
};

const isFinite: Kernel = ({ g, in: { x } }) => {
  // x - x is 0 for finite numbers and NaN for the others.
  const f = cast(g, x, "float32");
  const d = sub(g, f, f);
  return binary(g, "Equal", d, d);
};

const isInf: Kernel = ({ g, in: { x } }) => predicate(g, "IsInf", cast(g, x, "float32"));
const isNan: Kernel = ({ g, in: { x } }) => predicate(g, "IsNaN", cast(g, x, "float32"));

const leakyRelu: Kernel = ({ g, in: { x }, attrs }) =>
  unary(g, "LeakyRelu", cast(g, x, "float32"), alphaBeta(attrs.alpha));

const logicalNot: Kernel = ({ g, in: { x } }) => unary(g, "Not", cast(g, x, "bool"));

const like = (value: number): Kernel => ({ g, in: { x } }) => g.splat(value, x.dtype, x.shape);

const prelu: Kernel = ({ g, in: { x, alpha } }) => {
  const zero = scalarLike(g, x, 0);
  return where(g, binary(g, "Less", x, zero), mul(g, x, alpha), x);
};

const reciprocal: Kernel = ({ g, in: { x } }) => unary(g, "Reciprocal", cast(g, x, "float32"));

const relu6: Kernel = ({ g, in: { x } }) => clip(g, x, 0, 6);

const rsqrt: Kernel = ({ g, in: { x } }) =>
  unary(g, "Reciprocal", unary(g, "Sqrt", cast(g, x, "float32")));

const square: Kernel = ({ g, in: { x } }) => mul(g, x, x);

/** Whether the elements are those of a Relu: none is negative. */
function isRectified(x: Value): boolean {
  const source = x.node?.op === "Reshape" ? x.node.inputs[0]! : x;
  return source.node?.op === "Relu";
}

/** Steeper than any normal number is small. */
const steepest = 3e38;

/** 1 above zero, alpha elsewhere, NaN where the input is NaN. */
const step: Kernel = ({ g, in: { x }, attrs }) => {
  // One pass instead of a comparison and a cast.
  if (!attrs.alpha && isRectified(x)) return unary(g, "HardSigmoid", x, alphaBeta(steepest, 0));
  const zero = scalarLike(g, x, 0);
  const above = binary(g, "Greater", x, zero);
  const alpha = attrs.alpha ?? 0;
  if (alpha === 0) return cast(g, above, x.dtype);
  return where(g, above, scalarLike(g, x, 1), scalarLike(g, x, alpha));
};

export const unaryKernels: KernelTable = {
  Abs: keeping("Abs"),
  Acos: toFloat("Acos"),
  Acosh: toFloat("Acosh"),
  Asin: toFloat("Asin"),
  Asinh: toFloat("Asinh"),
  Atan: toFloat("Atan"),
  Atanh: toFloat("Atanh"),
  Cast: castKernel,
  Ceil: rounding("Ceil"),
  ClipByValue: clipByValue,
  Cos: toFloat("Cos"),
  Cosh: toFloat("Cosh"),
  Elu: elu,
  EluGrad: eluGrad,
  Erf: toFloat("Erf"),
  Exp: toFloat("Exp"),
  Expm1: expm1,
  Floor: rounding("Floor"),
  Identity: identity,
  IsFinite: isFinite,
  IsInf: isInf,
  IsNan: isNan,
  LeakyRelu: leakyRelu,
  Log: toFloat("Log"),
  Log1p: log1p,
  LogicalNot: logicalNot,
  Neg: keeping("Neg"),
  OnesLike: like(1),
  Prelu: prelu,
  Reciprocal: reciprocal,
  Relu: keeping("Relu"),
  Relu6: relu6,
  Round: rounding("Round"),
  Rsqrt: rsqrt,
  Selu: toFloat("Selu"),
  Sigmoid: toFloat("Sigmoid"),
  Sign: keeping("Sign"),
  Sin: toFloat("Sin"),
  Sinh: toFloat("Sinh"),
  Softplus: toFloat("Softplus"),
  Sqrt: toFloat("Sqrt"),
  Square: square,
  Step: step,
  Tan: toFloat("Tan"),
  Tanh: toFloat("Tanh"),
  ZerosLike: like(0),
};
