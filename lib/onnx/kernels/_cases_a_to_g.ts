/**
 * Cases of the kernels from Abs to GreaterEqual.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  above1,
  apart,
  both,
  type Case,
  conv,
  counting,
  each,
  type Fn,
  type Image,
  ints,
  no,
  normal,
  one,
  positive,
  small,
  unit,
} from "./_case.ts";

/** Cases by the kernel they exercise. */
export const casesAToG: Record<string, Case[]> = {
  Abs: [...each(tf.abs), one(tf.abs, [4], ints)],
  Acos: each(tf.acos, unit),
  Acosh: each(tf.acosh, above1),
  Add: both(tf.add),
  AddN: [{ fn: (a, b, c) => tf.addN([a, b, c]), shapes: [[2, 3], [2, 3], [2, 3]] }],
  All: [
    one((x) => tf.all(x, 1), [2, 3], {
      dtypes: ["bool"],
      draw: [(r) => r.integer(2)],
      gradient: false,
    }),
  ],
  Any: [
    one((x) => tf.any(x, 0, true), [2, 3], {
      dtypes: ["bool"],
      draw: [(r) => r.integer(2)],
      gradient: false,
    }),
  ],
  ArgMax: [
    one((x) => tf.argMax(x, 1), [3, 4], no),
    one((x) => tf.argMax(x, 0), [3, 4], no),
    one((x) => tf.argMax(x, 0), [6], ints),
  ],
  ArgMin: [one((x) => tf.argMin(x, 1), [3, 4], no), one((x) => tf.argMin(x), [6], ints)],
  Asin: each(tf.asin, unit),
  Asinh: each(tf.asinh),
  Atan: each(tf.atan),
  Atan2: [
    ...both(tf.atan2),
    { fn: tf.atan2 as Fn, shapes: [[16], [16]], draw: [small, small], gradient: false },
  ],
  Atanh: each(tf.atanh, unit),
  AvgPool: [
    one((x) => tf.avgPool(x as Image, 2, 2, "valid"), [2, 4, 4, 3]),
    // tfjs's gradient divides by the whole window where it laps over the edge: see gradients_test.ts.
    one((x) => tf.avgPool(x as Image, 3, 2, "same"), [1, 5, 5, 2], no),
    one((x) => tf.avgPool(x as Image, [1, 3], 1, "valid"), [2, 1, 6, 2]),
  ],
  AvgPool3D: [one((x) => tf.avgPool3d(x as tf.Tensor5D, 2, 1, "valid"), [1, 3, 3, 3, 2])],
  BatchMatMul: [
    { fn: (a, b) => tf.matMul(a, b), shapes: [[2, 3], [3, 4]] },
    { fn: (a, b) => tf.matMul(a, b, true, false), shapes: [[3, 2], [3, 4]] },
    { fn: (a, b) => tf.matMul(a, b, false, true), shapes: [[2, 3], [4, 3]] },
    { fn: (a, b) => tf.matMul(a, b, true, true), shapes: [[3, 2], [4, 3]] },
    { fn: (a, b) => tf.matMul(a, b), shapes: [[5, 2, 3], [5, 3, 4]] },
    { fn: (a, b) => tf.matMul(a, b, false, true), shapes: [[2, 2, 2, 3], [2, 2, 4, 3]] },
    { fn: (a, b) => tf.matMul(a, b), shapes: [[5, 2, 3], [1, 3, 4]], gradient: false },
    { fn: (a, b) => tf.matMul(a, b), shapes: [[0, 3], [3, 4]], gradient: false },
  ],
  BatchToSpaceND: [one((x) => tf.batchToSpaceND(x, [2, 2], [[0, 1], [1, 0]]), [8, 2, 3, 2])],
  Bincount: [
    {
      fn: (x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 4),
      shapes: [[6], [6]],
      dtypes: ["int32", "float32"],
      draw: [counting, normal],
      gradient: false,
    },
  ],
  BitwiseAnd: [{
    fn: tf.bitwiseAnd as Fn,
    shapes: [[5], [5]],
    dtypes: ["int32", "int32"],
    draw: [counting, counting],
    gradient: false,
  }],
  BroadcastTo: [
    one((x) => tf.broadcastTo(x, [2, 4, 3]), [4, 1]),
    one((x) => tf.broadcastTo(x, [3, 2]), []),
  ],
  Cast: [
    one((x) => tf.cast(x, "int32"), [6], { draw: [(r) => 4 * r.normal()], gradient: false }),
    one((x) => tf.cast(x, "bool"), [6], { draw: [small], gradient: false }),
    one((x) => tf.cast(x, "float32"), [6], ints),
  ],
  Ceil: each(tf.ceil, apart),
  ClipByValue: [
    ...each((x) => tf.clipByValue(x, -0.5, 0.7), apart),
    one((x) => tf.clipByValue(x, -1, 2), [5], ints),
  ],
  Concat: [
    { fn: (a, b) => tf.concat([a, b], 0), shapes: [[2, 3], [1, 3]] },
    { fn: (a, b) => tf.concat([a, b], -1), shapes: [[2, 3], [2, 2]] },
    { fn: (a, b) => tf.concat([a, b], 0), shapes: [[0, 3], [2, 3]], gradient: false },
  ],
  Conv2D: [
    conv([2, 5, 6, 3], [3, 3, 3, 4], 1, "same"),
    conv([2, 5, 6, 3], [3, 2, 3, 4], 2, "valid"),
    conv([1, 1, 8, 2], [1, 3, 2, 3], 1, "same"),
    conv([2, 6, 6, 2], [1, 1, 2, 3], 1, "valid"),
    conv([1, 6, 6, 2], [3, 3, 2, 2], [2, 1], 1),
    conv([1, 8, 8, 2], [3, 3, 2, 2], 1, "same", 2),
  ],
  Conv3D: [
    {
      fn: (x, f) => tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, 1, "same"),
      shapes: [[1, 3, 4, 3, 2], [2, 2, 2, 2, 3]],
    },
    {
      fn: (x, f) => tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, 2, "valid"),
      shapes: [[1, 4, 4, 4, 2], [2, 2, 2, 2, 3]],
    },
  ],
  Cos: each(tf.cos),
  Cosh: each(tf.cosh),
  Cumprod: [
    one((x) => tf.cumprod(x, 0), [5], no),
    one((x) => tf.cumprod(x, 1, true, true), [2, 6], no),
    one((x) => tf.cumprod(x, 0, false, true), [3, 2], no),
  ],
  Cumsum: [
    one((x) => tf.cumsum(x, 0), [5]),
    one((x) => tf.cumsum(x, 1, true), [2, 5]),
    one((x) => tf.cumsum(x, 0, false, true), [4, 2], no),
  ],
  DenseBincount: [
    {
      fn: (x) => tf.denseBincount(x as tf.Tensor1D, tf.tensor1d([]), 5),
      shapes: [[7]],
      dtypes: ["int32"],
      draw: [counting],
      gradient: false,
    },
    {
      fn: (x) => tf.denseBincount(x as tf.Tensor1D, tf.tensor1d([]), 5, true),
      shapes: [[2, 7]],
      dtypes: ["int32"],
      draw: [counting],
      gradient: false,
    },
  ],
  DepthToSpace: [one((x) => tf.depthToSpace(x as Image, 2, "NHWC"), [1, 2, 3, 8], no)],
  DepthwiseConv2dNative: [
    {
      fn: (x, f) => tf.depthwiseConv2d(x as Image, f as Image, 1, "same"),
      shapes: [[2, 4, 5, 3], [3, 3, 3, 2]],
    },
    {
      fn: (x, f) => tf.depthwiseConv2d(x as Image, f as Image, 2, "valid"),
      shapes: [[1, 5, 5, 2], [2, 2, 2, 1]],
    },
  ],
  Diag: [one((x) => tf.diag(x), [4], no)],
  Einsum: [
    { fn: (a, b) => tf.einsum("ij,jk->ik", a, b), shapes: [[2, 3], [3, 4]], gradient: false },
    {
      fn: (a, b) => tf.einsum("bij,bkj->bik", a, b),
      shapes: [[2, 2, 3], [2, 4, 3]],
      gradient: false,
    },
  ],
  Elu: each(tf.elu, apart),
  Equal: both(tf.equal, [small, small], no),
  Erf: each(tf.erf),
  Exp: each(tf.exp),
  ExpandDims: [one((x) => tf.expandDims(x, 1), [2, 3]), one((x) => tf.expandDims(x, -1), [2])],
  Expm1: [...each(tf.expm1), one(tf.expm1, [5], { draw: [(r) => 1e-4 * r.normal()] })],
  Fill: [one((x) => tf.add(x, tf.fill([2, 3], 4)), [2, 3])],
  Floor: each(tf.floor, apart),
  FloorDiv: [
    ...both(tf.floorDiv, [(r) => 5 * r.normal(), positive], no),
    {
      fn: tf.floorDiv as Fn,
      shapes: [[8], [8]],
      dtypes: ["int32", "int32"],
      draw: [(r) => r.integer(41) - 20, (r) => 1 + r.integer(5)],
      gradient: false,
    },
  ],
  FusedBatchNorm: [
    {
      fn: (x, m, v, o, s) =>
        tf.batchNorm(
          x,
          m as tf.Tensor1D,
          v as tf.Tensor1D,
          o as tf.Tensor1D,
          s as tf.Tensor1D,
          1e-3,
        ),
      shapes: [[4, 3], [3], [3], [3], [3]],
      draw: [normal, normal, positive, normal, normal],
    },
    {
      fn: (x, m, v) => tf.batchNorm(x, m as tf.Tensor1D, v as tf.Tensor1D),
      shapes: [[2, 4, 3], [3], [3]],
      draw: [normal, normal, positive],
      // tfjs fails to save the absent scale.
      gradient: false,
    },
  ],
  FusedConv2D: [
    {
      fn: (x, f, b) =>
        tf.fused.conv2d({
          x: x as Image,
          filter: f as Image,
          strides: 1,
          pad: "same",
          bias: b,
          activation: "relu",
        }),
      shapes: [[1, 4, 4, 2], [3, 3, 2, 3], [3]],
      gradient: false,
    },
  ],
  FusedDepthwiseConv2D: [
    {
      fn: (x, f, b) =>
        tf.fused.depthwiseConv2d({
          x: x as Image,
          filter: f as Image,
          strides: 1,
          pad: "same",
          bias: b,
          activation: "relu6",
        }),
      shapes: [[1, 4, 4, 2], [3, 3, 2, 1], [2]],
      gradient: false,
    },
  ],
  GatherNd: [{
    fn: (x) => tf.gatherND(x, tf.tensor2d([[0, 1], [2, 0]], [2, 2], "int32")),
    shapes: [[3, 2, 4]],
    gradient: false,
  }],
  GatherV2: [
    { fn: (x) => tf.gather(x, tf.tensor1d([2, 0, 2], "int32")), shapes: [[3, 4]] },
    { fn: (x) => tf.gather(x, tf.tensor1d([1, 1, 0], "int32"), 1), shapes: [[3, 4]] },
    {
      fn: (x) => tf.gather(x, tf.tensor2d([[1, 0], [2, 1]], [2, 2], "int32"), 1, 1),
      shapes: [[2, 3, 2]],
      gradient: false,
    },
    {
      fn: (x, i) => tf.gather(x, i as tf.Tensor1D),
      shapes: [[4, 2], [5]],
      dtypes: ["float32", "int32"],
      draw: [normal, counting],
      gradient: false,
    },
  ],
  Greater: both(tf.greater, [small, small], no),
  GreaterEqual: both(tf.greaterEqual, [small, small], no),
};
