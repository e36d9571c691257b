import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng, type Rng } from "../../math/mod.ts";
import { erfc } from "../../math/normal.ts";
import { compile } from "../compile.ts";
import { replacedGradients } from "../gradients.ts";
import { kernels } from "./mod.ts";

await tf.setBackend("cpu");

type Fn = (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
type Draw = (rng: Rng) => number;

/** One use of a kernel: the function, shapes of its inputs, and how their elements are drawn. */
interface Case {
  fn: Fn;
  shapes: number[][];
  dtypes?: ("float32" | "int32" | "bool")[];
  draw?: Draw[];
  /** Whether the gradient is compared with tfjs's (not where it has none, or a wrong one). */
  gradient?: boolean;
}

const normal: Draw = (r) => r.normal();
const positive: Draw = (r) => 0.2 + 2 * r.uniform();
const unit: Draw = (r) => 0.9 * (2 * r.uniform() - 1);
const small: Draw = (r) => r.integer(7) - 3;
const counting: Draw = (r) => r.integer(4);
const above1: Draw = (r) => 1.1 + 2 * r.uniform();
// Apart from one another, so that a maximum is unique and a kink is not met.
const apart: Draw = (r) => (r.integer(2000) - 1000 + 0.5) / 250;

const shapes1 = [[2, 3], [4], [1], [], [0, 3], [1, 5, 1]];
const each = (fn: Fn, draw: Draw = normal, options: Partial<Case> = {}): Case[] =>
  shapes1.map((s) => ({ fn, shapes: [s], draw: [draw], ...options }));
const pairs = [
  [[2, 3], [2, 3]],
  [[2, 3], [3]],
  [[2, 1, 3], [4, 1]],
  [[], [2, 2]],
  [[1], [3]],
  [[0, 2], [1, 2]],
];
const both = (
  fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  draw: Draw[] = [normal, normal],
  options: Partial<Case> = {},
): Case[] => pairs.map((shapes) => ({ fn: fn as Fn, shapes, draw, ...options }));
const one = (fn: Fn, shape: number[], options: Partial<Case> = {}): Case => ({
  fn,
  shapes: [shape],
  ...options,
});
const no = { gradient: false };
const ints = { dtypes: ["int32" as const], draw: [small], gradient: false };
const reduced = (
  fn: (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor,
  o: Partial<Case> = {},
): Case[] => [
  one((x) => fn(x), [3, 4], o),
  one((x) => fn(x, 0), [3, 4], o),
  one((x) => fn(x, [0, 2], true), [2, 3, 4], o),
  one((x) => fn(x, -1), [2, 1, 3], o),
  one((x) => fn(x, [0, 1]), [20, 5, 3], o),
];
const boolPair = {
  dtypes: ["bool" as const, "bool" as const],
  draw: [(r: Rng) => r.integer(2), (r: Rng) => r.integer(2)],
  gradient: false,
};

type Image = tf.Tensor4D;
const conv = (
  x: number[],
  f: number[],
  strides: number | [number, number],
  pad: "same" | "valid" | number,
  dilations = 1,
): Case => ({
  fn: (a, b) =>
    tf.conv2d(
      a as Image,
      b as Image,
      strides,
      pad,
      "NHWC",
      dilations,
      pad === 1 ? "floor" : undefined,
    ),
  shapes: [x, f],
  // tfjs has no gradient of a dilated convolution.
  gradient: dilations === 1,
});

/** Cases by the kernel they exercise. Every mapped kernel has at least one. */
const table: Record<string, Case[]> = {
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
/** Kernels that only gradients dispatch, with the kernel whose gradient does. */
const throughGradient: Record<string, string> = {
  AvgPool3DGrad: "AvgPool3D",
  AvgPoolGrad: "AvgPool",
  Conv2DBackpropFilter: "Conv2D",
  Conv2DBackpropInput: "Conv2D",
  Conv3DBackpropFilterV2: "Conv3D",
  Conv3DBackpropInputV2: "Conv3D",
  DepthwiseConv2dNativeBackpropFilter: "DepthwiseConv2dNative",
  DepthwiseConv2dNativeBackpropInput: "DepthwiseConv2dNative",
  EluGrad: "Elu",
  MaxPool3DGrad: "MaxPool3D",
  MaxPoolGrad: "MaxPool",
  ResizeBilinearGrad: "ResizeBilinear",
  ResizeNearestNeighborGrad: "ResizeNearestNeighbor",
};

function inputsOf(c: Case, seed: number): tf.Tensor[] {
  const rng = createRng(seed);
  return c.shapes.map((shape, i) => {
    const dtype = c.dtypes?.[i] ?? "float32";
    const draw = c.draw?.[i] ?? c.draw?.[0] ?? normal;
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw(rng));
    return tf.tensor(data, shape, dtype);
  });
}

function compare(got: tf.Tensor, want: tf.Tensor, relative: number, what: string): void {
  assert.deepEqual(got.shape, want.shape, what);
  assert.equal(got.dtype, want.dtype, what);
  const a = got.dataSync(), b = want.dataSync();
  for (let i = 0; i < b.length; i++) {
    const equal = Object.is(a[i], b[i]) || a[i] === b[i] ||
      Math.abs(a[i] - b[i]) <= relative * Math.max(1, Math.abs(b[i]));
    assert.ok(equal, `${what}: element ${i} is ${a[i]}, not ${b[i]}`);
  }
}

const asList = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x : [x];

/** Whether the operands of a case have different shapes: there some of tfjs's gradients are wrong. */
const broadcasts = (c: Case) => c.shapes.some((s) => String(s) !== String(c.shapes[0]));

for (const [name, cases] of Object.entries(table)) {
  Deno.test(`kernel ${name} computes what tfjs computes, and its gradient`, async () => {
    for (const [i, c] of cases.entries()) {
      const inputs = inputsOf(c, i + 1);
      const what = `${name} of ${c.shapes.map((s) => `[${s}]`).join(" ")}`;
      const forward = await compile((...x) => asList(c.fn(...x)));
      const got = Object.values(forward.apply(...inputs));
      const want = asList(c.fn(...inputs));
      assert.equal(got.length, want.length);
      got.forEach((t, k) => compare(t, want[k], 1e-5, what));
      forward.dispose();
      const hasWrongGradient = replacedGradients.includes(name) && broadcasts(c);
      if (c.gradient === false || hasWrongGradient || inputs.some((t) => t.size === 0)) continue;
      // A weighted sum, so that each output element has its own gradient.
      const scalar = (...x: tf.Tensor[]) =>
        asList(c.fn(...x)).reduce<tf.Tensor>((sum, y, k) => {
          const w = tf.reshape(tf.linspace(0.5, 1.5 + k, Math.max(1, y.size)), y.shape);
          return tf.add(sum, tf.sum(tf.mul(y, w)));
        }, tf.scalar(0));
      const grads = (...x: tf.Tensor[]) => tf.grads(scalar as (...x: tf.Tensor[]) => tf.Scalar)(x);
      const backward = await compile(grads);
      const wantGrads = grads(...inputs);
      Object.values(backward.apply(...inputs)).forEach((t, k) =>
        compare(t, wantGrads[k], 1e-4, `gradient ${k} of ${what}`)
      );
      backward.dispose();
    }
  });
}

Deno.test("Erf has the digits of the closed form, also where it is small", async () => {
  const x = Float32Array.from({ length: 401 }, (_, i) => 2 ** ((i - 300) / 20));
  const compiled = await compile((t) => tf.erf(t));
  const got = Object.values(compiled.apply(tf.tensor(x)))[0].dataSync();
  x.forEach((v, i) => {
    // 1 - erfc loses digits below 1e-2, where the series needs two terms.
    const want = v < 1e-2 ? 2 / Math.sqrt(Math.PI) * (v - v ** 3 / 3) : 1 - erfc(v);
    assert.ok(Math.abs(got[i] - want) <= 1e-6 * want, `erf(${v}) is ${got[i]}, not ${want}`);
  });
  compiled.dispose();
});

Deno.test("every mapped kernel is in the table", () => {
  const missing = Object.keys(kernels).filter((k) => !(k in table) && !(k in throughGradient));
  assert.deepEqual(missing, []);
});
