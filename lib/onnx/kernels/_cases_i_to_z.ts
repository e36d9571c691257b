/**
 * Cases of the kernels from Identity to ZerosLike, and of fused products.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  apart,
  boolPair,
  both,
  type Case,
  counting,
  each,
  type Image,
  ints,
  no,
  normal,
  one,
  positive,
  reduced,
  small,
  unit,
} from "./_case.ts";

/** Cases by the kernel they exercise. */
export const casesIToZ: Record<string, Case[]> = {
  Identity: each((x) => tf.clone(x)),
  IsFinite: [
    one((x) => tf.isFinite(tf.div(x, 0)), [5], { draw: [small], gradient: false }),
    ...each(tf.isFinite, normal, no),
  ],
  IsInf: [one((x) => tf.isInf(tf.div(x, 0)), [9], { draw: [small], gradient: false })],
  IsNan: [one((x) => tf.isNaN(tf.div(x, 0)), [9], { draw: [small], gradient: false })],
  LeakyRelu: each((x) => tf.leakyRelu(x, 0.1), apart),
  Less: both(tf.less, [small, small], no),
  LessEqual: both(tf.lessEqual, [small, small], no),
  LinSpace: [one((x) => tf.add(x, tf.linspace(0, 1, 5)), [5])],
  Log: each(tf.log, positive),
  Log1p: [...each(tf.log1p, positive), one(tf.log1p, [6], { draw: [(r) => 1e-3 * r.normal()] })],
  LogSoftmax: [one((x) => tf.logSoftmax(x), [3, 4]), one((x) => tf.logSoftmax(x), [2, 3, 4])],
  LogicalAnd: both(tf.logicalAnd, boolPair.draw, boolPair),
  LogicalNot: [
    one(tf.logicalNot, [5], { dtypes: ["bool"], draw: [(r) => r.integer(2)], gradient: false }),
  ],
  LogicalOr: both(tf.logicalOr, boolPair.draw, boolPair),
  LogicalXor: both(tf.logicalXor, boolPair.draw, boolPair),
  Max: reduced(tf.max, { draw: [apart] }),
  MaxPool: [
    one((x) => tf.maxPool(x as Image, 2, 2, "valid"), [2, 4, 4, 3], { draw: [apart] }),
    one((x) => tf.maxPool(x as Image, [1, 2], [1, 2], "valid"), [2, 1, 6, 3], { draw: [small] }),
    one((x) => tf.maxPool(x as Image, [1, 2], [1, 1], "valid"), [2, 1, 6, 3], { draw: [small] }),
    one((x) => tf.maxPool(x as Image, 3, 2, "same"), [1, 5, 5, 2], { draw: [apart] }),
    one((x) => tf.maxPool(x as Image, 3, 1, 1), [1, 5, 5, 2], { draw: [small] }),
  ],
  MaxPool3D: [
    one((x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "valid"), [1, 4, 4, 4, 2], { draw: [apart] }),
  ],
  MaxPoolWithArgmax: [
    one(
      (x) => {
        const { result, indexes } = tf.maxPoolWithArgmax(x as Image, 2, 2, "valid", false);
        return [result, indexes];
      },
      [1, 4, 4, 2],
      no,
    ),
    one((x) => tf.maxPoolWithArgmax(x as Image, 3, 1, "same", false).indexes, [1, 4, 4, 2], no),
  ],
  Maximum: both(tf.maximum, [apart, apart]),
  Mean: reduced(tf.mean),
  Min: reduced(tf.min, { draw: [apart] }),
  Minimum: both(tf.minimum, [apart, apart]),
  MirrorPad: [
    one((x) => tf.mirrorPad(x, [[1, 1], [2, 0]], "reflect"), [3, 4], no),
    one((x) => tf.mirrorPad(x, [[1, 2], [0, 3]], "symmetric"), [3, 4], no),
  ],
  Mod: both(tf.mod, [(r) => 5 * r.normal(), positive], no),
  Multinomial: [],
  Multiply: both(tf.mul),
  Neg: [...each(tf.neg), one(tf.neg, [4], ints)],
  NotEqual: both(tf.notEqual, [small, small], no),
  OneHot: [
    {
      fn: (x) => tf.oneHot(x, 5),
      shapes: [[6]],
      dtypes: ["int32"],
      draw: [counting],
      gradient: false,
    },
    {
      fn: (x) => tf.oneHot(x, 3, 2, -1),
      shapes: [[2, 3]],
      dtypes: ["int32"],
      draw: [counting],
      gradient: false,
    },
  ],
  OnesLike: each((x) => tf.add(x, tf.onesLike(x))),
  Pack: [
    { fn: (a, b) => tf.stack([a, b], 0), shapes: [[2, 3], [2, 3]] },
    { fn: (a, b) => tf.stack([a, b], -1), shapes: [[2, 3], [2, 3]] },
  ],
  PadV2: [one((x) => tf.pad(x, [[1, 0], [0, 2]]), [2, 3]), one((x) => tf.pad(x, [[1, 1]], 7), [3])],
  Pow: [...both(tf.pow, [positive, normal]), ...each((x) => tf.pow(x, 2))],
  Prelu: [{ fn: (x, a) => tf.prelu(x, a), shapes: [[2, 3], [3]], draw: [apart, unit] }],
  // tfjs's gradient of a product fails along axis -1 and with kept dimensions.
  Prod: [
    ...reduced(tf.prod, no),
    one((x) => tf.prod(x), [3, 2]),
    one((x) => tf.prod(x, 0), [3, 2]),
  ],
  Range: [one((x) => tf.add(x, tf.range(0, 10, 2)), [5])],
  RealDiv: both(tf.div, [normal, positive]),
  Reciprocal: each(tf.reciprocal, positive),
  Relu: each(tf.relu, apart),
  Relu6: each(tf.relu6, (r) => 4 * r.normal()),
  Reshape: [one((x) => tf.reshape(x, [3, -1]), [2, 6]), one((x) => tf.reshape(x, []), [1])],
  ResizeBilinear: [
    one((x) => tf.image.resizeBilinear(x as Image, [5, 7], true), [1, 4, 4, 2]),
    one((x) => tf.image.resizeBilinear(x as Image, [2, 3], false, true), [1, 5, 4, 2], no),
  ],
  ResizeNearestNeighbor: [
    one((x) => tf.image.resizeNearestNeighbor(x as Image, [6, 8]), [1, 3, 4, 2]),
    one((x) => tf.image.resizeNearestNeighbor(x as Image, [5, 5], false, true), [1, 3, 4, 2], no),
  ],
  Reverse: [one((x) => tf.reverse(x, 0), [3, 2]), one((x) => tf.reverse(x, [-1, 0]), [3, 1, 2])],
  Round: each(tf.round, apart),
  Rsqrt: each(tf.rsqrt, positive),
  ScatterNd: [{
    fn: (u) => tf.scatterND(tf.tensor2d([[1], [3], [1]], [3, 1], "int32"), u, [5, 2]),
    shapes: [[3, 2]],
    gradient: false,
  }],
  SearchSorted: [
    {
      fn: (v) => tf.searchSorted(tf.tensor1d([0, 1, 1, 2, 3]), v, "left"),
      shapes: [[6]],
      draw: [counting],
      gradient: false,
    },
    {
      fn: (v) => tf.searchSorted(tf.tensor1d([0, 1, 1, 2, 3]), v, "right"),
      shapes: [[6]],
      draw: [counting],
      gradient: false,
    },
  ],
  Select: [
    {
      fn: (a, b) => tf.where(tf.tensor2d([[1, 0, 1], [0, 0, 1]], [2, 3], "bool"), a, b),
      shapes: [[2, 3], [2, 3]],
      draw: [apart, normal],
    },
    {
      fn: (a, b) => tf.where(tf.tensor2d([[1], [0]], [2, 1], "bool"), a, b),
      shapes: [[2, 3], [2, 3]],
    },
  ],
  Selu: each(tf.selu, apart),
  Sigmoid: each(tf.sigmoid),
  Sign: [...each(tf.sign, apart), one(tf.sign, [5], { draw: [small], gradient: false })],
  Sin: each(tf.sin),
  Sinh: each(tf.sinh),
  Slice: [
    one((x) => tf.slice(x, [1, 0], [1, 2]), [3, 4]),
    one((x) => tf.slice(x, [0, 1]), [3, 4]),
    one((x) => tf.slice(x, [1], [0]), [3], no),
  ],
  Softmax: [one((x) => tf.softmax(x), [3, 4]), one((x) => tf.softmax(x), [5])],
  Softplus: each(tf.softplus),
  SpaceToBatchND: [one((x) => tf.spaceToBatchND(x, [2, 2], [[0, 1], [1, 0]]), [2, 3, 3, 2])],
  SparseToDense: [{
    fn: (v) => tf.sparseToDense(tf.tensor1d([1, 3], "int32"), v, [5], tf.scalar(7)),
    shapes: [[2]],
    gradient: false,
  }],
  SplitV: [
    one((x) => tf.split(x, 2, 0), [4, 3]),
    one((x) => tf.split(x, [1, 2], -1), [2, 3]),
  ],
  Sqrt: each(tf.sqrt, positive),
  Square: each(tf.square),
  SquaredDifference: both(tf.squaredDifference),
  Step: [
    ...each((x) => tf.step(x), apart),
    one((x) => tf.step(x, 0.3), [5], { draw: [apart], gradient: false }),
  ],
  StridedSlice: [
    one((x) => tf.stridedSlice(x, [0, 3], [3, 0], [2, -1]), [4, 4], no),
    one((x) => tf.stridedSlice(x, [1], [2], [1], 0, 0, 0, 0, 1), [4, 3], no),
  ],
  Sub: both(tf.sub),
  Sum: [...reduced(tf.sum), one((x) => tf.sum(x, 1), [2, 3], ints)],
  Tan: each(tf.tan, unit),
  Tanh: each(tf.tanh),
  TensorScatterUpdate: [{
    fn: (x, u) => tf.tensorScatterUpdate(x, tf.tensor2d([[1], [0]], [2, 1], "int32"), u),
    shapes: [[4, 2], [2, 2]],
    gradient: false,
  }],
  Tile: [one((x) => tf.tile(x, [2, 3]), [2, 2]), one((x) => tf.tile(x, [4]), [1])],
  TopK: [one(
    (x) => {
      const { values, indices } = tf.topk(x, 2);
      return [values, indices];
    },
    [3, 5],
    no,
  )],
  Transpose: [
    one((x) => tf.transpose(x), [2, 3]),
    one((x) => tf.transpose(x, [2, 0, 1]), [2, 3, 4]),
    one((x) => tf.transpose(x, [1, 0, 2]), [1, 3, 4]),
  ],
  Unpack: [one((x) => tf.unstack(x, 0), [3, 2]), one((x) => tf.unstack(x, 1), [2, 3, 2])],
  UnsortedSegmentSum: [{
    fn: (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], "int32"), 3),
    shapes: [[3, 2]],
  }],
  ZerosLike: each((x) => tf.add(x, tf.zerosLike(x))),
  _FusedMatMul: [
    {
      fn: (a, b, c) => tf.fused.matMul({ a, b, bias: c, activation: "linear" }),
      shapes: [[2, 3], [3, 4], [4]],
    },
    {
      fn: (a, b, c) =>
        tf.fused.matMul({
          a,
          b,
          bias: c,
          transposeB: true,
          activation: "leakyrelu",
          leakyreluAlpha: 0.3,
        }),
      shapes: [[2, 3], [4, 3], [4]],
      gradient: false,
    },
    {
      fn: (a, b, c) => tf.fused.matMul({ a, b, bias: c, activation: "elu" }),
      shapes: [[2, 2, 3], [2, 3, 4], [4]],
      gradient: false,
    },
  ],
};
