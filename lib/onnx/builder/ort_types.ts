/**
 * Which element types ONNX Runtime's CPU kernels take, so that a missing combination is mended (by
 * casts) when the graph is built and not found when it runs.
 * @module
 */
import type { Dtype } from "../graph/dtype.ts";

const floatOnly = new Set(
  ("Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan Tanh Exp Log Sqrt Floor Ceil Round Erf " +
    "Sigmoid HardSigmoid Softplus Softsign Elu Selu LeakyRelu PRelu Reciprocal Gelu Celu " +
    "IsInf IsNaN Softmax LogSoftmax ReduceMean ReduceL2 ReduceSumSquare ReduceLogSumExp " +
    "Gemm Conv ConvTranspose MaxPool AveragePool Resize LayerNormalization LSTM GRU RNN " +
    "HardSwish GridSample").split(" "),
);
const noBool = new Set(
  ("Add Sub Mul Div Pow Max Min Mod Neg Abs Sign Less LessOrEqual Greater GreaterOrEqual Relu " +
    "ReduceSum ReduceMax ReduceMin ReduceProd ArgMax ArgMin CumSum TopK MatMul Clip").split(" "),
);
/** int32 has no kernel in these, although ONNX allows it. */
const noInt32 = new Set(["Relu"]);

/** The type in which `op` is to run on values of `dtype`. */
export function castType(op: string, dtype: Dtype): Dtype {
  if (floatOnly.has(op)) return dtype === "float64" ? dtype : "float32";
  if (dtype === "bool" && noBool.has(op)) return "int32";
  if (dtype === "int32" && noInt32.has(op)) return "float32";
  return dtype;
}
