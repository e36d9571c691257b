/** Kernels of two broadcasting tensors. @module */
import { add, binary, cast, div, mul, scalarLike, sub, unary, where } from "../builder/mod.ts";
import { int, type Value } from "../graph/graph.ts";
import { broadcastShape } from "../builder/elementwise.ts";
import type { Kernel, KernelTable } from "./kernel.ts";

/** A kernel that is one ONNX operator; bools count as integers, as in tfjs. */
const arithmetic = (op: string): Kernel => ({ g, in: { a, b } }) => binary(g, op, a, b);

const comparison = (op: string): Kernel => ({ g, in: { a, b } }) =>
  a.dtype === "bool"
    ? binary(g, op, cast(g, a, "int32"), cast(g, b, "int32"))
    : binary(g, op, a, b);

const logical = (op: string): Kernel => ({ g, in: { a, b } }) =>
  binary(g, op, cast(g, a, "bool"), cast(g, b, "bool"));

const notEqual: Kernel = (call) => unary(call.g, "Not", comparison("Equal")(call) as Value);

const realDiv: Kernel = ({ g, in: { a, b } }) =>
  div(g, cast(g, a, "float32"), cast(g, b, "float32"));

/** Rounds down, where ONNX's integer division rounds to zero; always integers, as tfjs has it. */
const floorDiv: Kernel = ({ g, in: { a, b } }) => {
  // Doubles hold every int32 exactly.
  const wide = a.dtype === "float32" ? "float32" : "float64";
  const q = unary(g, "Floor", div(g, cast(g, a, wide), cast(g, b, wide)));
  return cast(g, q, "int32");
};

/** The remainder with the sign of the divisor. */
const mod: Kernel = ({ g, in: { a, b } }) => {
  const wide = a.dtype === "float32" ? "float32" : "float64";
  const x = cast(g, a, wide), y = cast(g, b, wide);
  const rem = (p: Value, q: Value): Value =>
    g.emit("Mod", [p, q], [{ dtype: wide, shape: broadcastShape(p.shape, q.shape) }], {
      fmod: int(1),
    })[0];
  const zero = scalarLike(g, x, 0);
  const sameSign = unary(
    g,
    "Not",
    binary(g, "Xor", binary(g, "Less", x, zero), binary(g, "Less", y, zero)),
  );
  const r = rem(x, y);
  return cast(g, where(g, sameSign, r, rem(add(g, r, y), y)), a.dtype);
};

const squaredDifference: Kernel = ({ g, in: { a, b } }) => {
  const d = sub(g, a, b);
  return mul(g, d, d);
};

/** The angle of (b, a), by quadrants of Atan. */
const atan2: Kernel = ({ g, in: { a, b } }) => {
  const y = cast(g, a, "float32"), x = cast(g, b, "float32");
  const zero = scalarLike(g, x, 0);
  const raw = unary(g, "Atan", div(g, y, x));
  const yNegative = binary(g, "Less", y, zero);
  const half = where(g, yNegative, scalarLike(g, x, -Math.PI), scalarLike(g, x, Math.PI));
  const quadrants = where(g, binary(g, "Less", x, zero), add(g, raw, half), raw);
  // On the axes x = 0 the quotient is infinite or undefined.
  const ySign = unary(g, "Sign", y);
  const vertical = mul(g, ySign, scalarLike(g, x, Math.PI / 2));
  const onAxis = binary(g, "And", binary(g, "Equal", x, zero), binary(g, "Equal", y, y));
  return where(g, onAxis, vertical, quadrants);
};

const bitwiseAnd: Kernel = ({ g, in: { a, b } }) => binary(g, "BitwiseAnd", a, b);

const addN: Kernel = ({ g, list }) => list.reduce((sum, x) => add(g, sum, x));

export const binaryKernels: KernelTable = {
  Add: arithmetic("Add"),
  AddN: addN,
  Atan2: atan2,
  BitwiseAnd: bitwiseAnd,
  Equal: comparison("Equal"),
  FloorDiv: floorDiv,
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  LogicalAnd: logical("And"),
  LogicalOr: logical("Or"),
  LogicalXor: logical("Xor"),
  Maximum: arithmetic("Max"),
  Minimum: arithmetic("Min"),
  Mod: mod,
  Multiply: arithmetic("Mul"),
  NotEqual: notEqual,
  Pow: arithmetic("Pow"),
  RealDiv: realDiv,
  SquaredDifference: squaredDifference,
  Sub: arithmetic("Sub"),
};
