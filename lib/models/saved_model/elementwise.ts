/** Operators of single elements. @module */
import type { Dtype } from "../../onnx/graph/dtype.ts";
import { attribute } from "./graph_def.ts";
import type { Translation } from "./node_call.ts";

/** An operator under TensorFlow's name. */
const same = (op: string): Translation => (c) => c.typed(op, c.node.inputs.map((_, i) => c.in(i)));

/** One on truth values, which has no type attribute. */
const logical = (op: string): Translation => (c) =>
  c.emit(op, c.node.inputs.map((_, i) => c.in(i)));

const divide: Translation = (c) =>
  c.typed(c.value(0).dtype.startsWith("float") ? "RealDiv" : "TruncateDiv", [c.in(0), c.in(1)]);

const elu: Translation = (c) => {
  if (c.float("alpha", 1) !== 1) c.refuse(`alpha must be 1, got ${c.float("alpha", 1)}`);
  return c.typed("Elu", [c.in(0)]);
};

const leakyRelu: Translation = (c) =>
  c.typed("LeakyRelu", [c.in(0)], { alpha: attribute.float(c.float("alpha", 0.01)) });

const clip: Translation = (c) => c.typed("ClipByValue", [c.in(0), c.in(1), c.in(2)]);

/** max(0, min(1, alpha x + beta)) */
const hardSigmoid: Translation = (c) => {
  const scaled = c.typed("Mul", [c.in(0), c.out.scalar(c.float("alpha", 0.2))]);
  const moved = c.typed("AddV2", [scaled, c.out.scalar(c.float("beta", 0.5))]);
  return c.typed("ClipByValue", [moved, c.out.scalar(0), c.out.scalar(1)]);
};

/** The remainder with the sign of the dividend, as C has it. */
const remainder: Translation = (c) => {
  if (c.integer("fmod", 0) !== 1) c.refuse("fmod must be 1, got 0");
  return c.typed("Mod", [c.in(0), c.in(1)]);
};

const cast: Translation = (c) =>
  c.emit("Cast", [c.in(0)], {
    SrcT: attribute.type(c.value(0).dtype),
    DstT: attribute.type(c.node.outputs[0].dtype as Dtype),
  });

/** `condition ? a : b`: the type is that of the branches. */
const where: Translation = (c) =>
  c.emit("SelectV2", [c.in(0), c.in(1), c.in(2)], { T: attribute.type(c.value(1).dtype) });

export const elementwise: Record<string, Translation> = {
  ...Object.fromEntries(
    [
      ..."Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Floor Log Neg".split(
        " ",
      ),
      ..."Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Sqrt Tan Tanh".split(" "),
      ..."Sub Mul Pow Equal Less Greater BitwiseAnd".split(" "),
    ].map((op) => [op, same(op)]),
  ),
  Add: same("AddV2"),
  Max: same("Maximum"),
  Min: same("Minimum"),
  LessOrEqual: same("LessEqual"),
  GreaterOrEqual: same("GreaterEqual"),
  IsInf: same("IsInf"),
  IsNaN: same("IsNan"),
  And: logical("LogicalAnd"),
  Or: logical("LogicalOr"),
  Not: logical("LogicalNot"),
  Xor: same("NotEqual"),
  Cast: cast,
  Clip: clip,
  Div: divide,
  Elu: elu,
  HardSigmoid: hardSigmoid,
  LeakyRelu: leakyRelu,
  Mod: remainder,
  Where: where,
};
