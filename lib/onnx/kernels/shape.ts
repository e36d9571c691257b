/** Kernels that move elements or make them from attributes. @module */
import * as tf from "@tensorflow/tfjs";
import {
  cast,
  concat,
  expand,
  iota,
  mul,
  pad,
  reshape,
  reverse,
  slice,
  split,
  tile,
  transpose,
  transposeProduct,
} from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { graphDtype } from "../trace_backend.ts";
import { type Kernel, type KernelTable, normalizeAxes } from "./kernel.ts";

/** Types without a Pad or Tile kernel go through int32. */
function viaInt(g: Graph, x: Value, f: (x: Value) => Value): Value {
  return x.dtype === "bool" ? cast(g, f(cast(g, x, "int32")), "bool") : f(x);
}

const reshapeKernel: Kernel = ({ g, in: { x }, attrs }) =>
  reshape(g, x, tf.util.inferFromImplicitShape(attrs.shape, sizeOf(x.shape)));

const expandDims: Kernel = ({ g, in: { input }, attrs }) => {
  const shape = [...input.shape];
  const dim = attrs.dim < 0 ? attrs.dim + shape.length + 1 : attrs.dim;
  shape.splice(dim, 0, 1);
  return reshape(g, input, shape);
};

const transposeKernel: Kernel = ({ g, in: { x }, attrs }) => {
  const perm = attrs.perm ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  return transposeProduct(g, x, perm) ?? transpose(g, x, perm);
};

const sliceKernel: Kernel = ({ g, in: { x }, attrs }) => {
  const like = { shape: [...x.shape], rank: x.shape.length } as unknown as tf.TensorInfo;
  const [begin, size] = tf.slice_util.parseSliceParams(like, attrs.begin, attrs.size);
  return slice(g, x, begin, size);
};

const stridedSlice: Kernel = ({ g, in: { x }, attrs }) => {
  const info = tf.slice_util.sliceInfo(
    [...x.shape],
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  if (info.isIdentity) return reshape(g, x, info.finalShape);
  const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  return reshape(g, slice(g, x, info.begin, size, info.strides), info.finalShape);
};

const concatKernel: Kernel = ({ g, list, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, list[0].shape.length);
  return concat(g, list, axis);
};

const pack: Kernel = ({ g, list, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, list[0].shape.length + 1);
  const shape = [...list[0].shape];
  shape.splice(axis, 0, 1);
  return concat(g, list.map((x) => reshape(g, x, shape)), axis);
};

const unpack: Kernel = ({ g, in: { value }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, value.shape.length);
  const shape = value.shape.filter((_, i) => i !== axis);
  const pieces = split(g, value, new Array(value.shape[axis]).fill(1), axis);
  return pieces.map((p) => reshape(g, p, shape));
};

const splitV: Kernel = ({ g, in: { x }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis, x.shape.length);
  const like = { shape: [...x.shape] } as unknown as tf.Tensor;
  return split(g, x, tf.backend_util.prepareSplitSize(like, attrs.numOrSizeSplits, axis), axis);
};

const padV2: Kernel = ({ g, in: { x }, attrs }) => {
  const paddings: [number, number][] = attrs.paddings;
  return viaInt(
    g,
    x,
    (v) => pad(g, v, paddings.map((p) => p[0]), paddings.map((p) => p[1]), attrs.constantValue),
  );
};

/** ONNX's "reflect"; "symmetric" repeats the edge, which is a reflection of the doubled edge. */
const mirrorPad: Kernel = ({ g, in: { x }, attrs }) => {
  const paddings: [number, number][] = attrs.paddings;
  if (attrs.mode === "reflect") {
    return viaInt(
      g,
      x,
      (v) => pad(g, v, paddings.map((p) => p[0]), paddings.map((p) => p[1]), 0, "reflect"),
    );
  }
  return paddings.reduce((v, [before, after], axis) => {
    const n = v.shape[axis];
    const part = (from: number, length: number) =>
      slice(
        g,
        v,
        v.shape.map((_, i) => i === axis ? from : 0),
        v.shape.map((d, i) => i === axis ? length : d),
      );
    return concat(g, [
      reverse(g, part(0, before), [axis]),
      v,
      reverse(g, part(n - after, after), [axis]),
    ], axis);
  }, x);
};

const tileKernel: Kernel = ({ g, in: { x }, attrs }) => viaInt(g, x, (v) => tile(g, v, attrs.reps));

const reverseKernel: Kernel = ({ g, in: { x }, attrs }) =>
  reverse(g, x, normalizeAxes(attrs.dims, x.shape.length));

const broadcastTo: Kernel = ({ g, in: { x }, attrs }) => expand(g, x, attrs.shape);

const fill: Kernel = ({ g, attrs }) =>
  g.splat(attrs.value, graphDtype(attrs.dtype ?? "float32"), attrs.shape);

const range: Kernel = ({ g, attrs }) => {
  const { start, stop, step, dtype } = attrs;
  const n = start === stop || start < stop && step < 0 || start > stop && step > 1
    ? 0
    : Math.abs(Math.ceil((stop - start) / step));
  return iota(g, graphDtype(dtype ?? "float32"), n, start, start > stop && step === 1 ? -1 : step);
};

const linSpace: Kernel = ({ g, attrs }) => {
  const { start, stop, num } = attrs;
  const data = Float32Array.from(
    { length: num },
    (_, i) => num === 1 ? start : start + i * (stop - start) / (num - 1),
  );
  return g.constant(data, "float32", [num]);
};

/** `x` on the diagonal of a tensor of twice the rank. */
const diag: Kernel = ({ g, in: { x } }) => {
  const n = sizeOf(x.shape);
  const eye = new Float32Array(n * n);
  for (let i = 0; i < n; i++) eye[i * n + i] = 1;
  const mask = cast(g, g.constant(eye, "float32", [n, n]), x.dtype);
  return reshape(g, mul(g, mask, reshape(g, x, [n, 1])), [...x.shape, ...x.shape]);
};

const spaceToBatchNd: Kernel = ({ g, in: { x }, attrs }) => {
  const block: number[] = attrs.blockShape;
  const paddings: number[][] = [[0, 0], ...attrs.paddings];
  while (paddings.length < x.shape.length) paddings.push([0, 0]);
  const p = viaInt(g, x, (v) => pad(g, v, paddings.map((q) => q[0]), paddings.map((q) => q[1])));
  const { shape, perm, out } = blockLayout(p.shape, block);
  return reshape(g, transpose(g, reshape(g, p, shape), perm), out);
};

/** How space splits into blocks: interim shape, its permutation to block-major, and the result. */
function blockLayout(shape: readonly number[], block: number[]) {
  const m = block.length;
  const interim = [shape[0]];
  for (let i = 0; i < m; i++) interim.push(shape[i + 1] / block[i], block[i]);
  interim.push(...shape.slice(m + 1));
  const perm = [
    ...block.map((_, i) => 2 * i + 2),
    0,
    ...block.map((_, i) => 2 * i + 1),
    ...shape.slice(m + 1).map((_, i) => 2 * m + 1 + i),
  ];
  const out = [
    shape[0] * sizeOf(block),
    ...block.map((b, i) => shape[i + 1] / b),
    ...shape.slice(m + 1),
  ];
  return { shape: interim, perm, out };
}

const batchToSpaceNd: Kernel = ({ g, in: { x }, attrs }) => {
  const block: number[] = attrs.blockShape;
  const crops: number[][] = attrs.crops;
  const m = block.length;
  const batch = x.shape[0] / sizeOf(block);
  const rest = x.shape.slice(m + 1);
  const split = reshape(g, x, [...block, batch, ...x.shape.slice(1)]);
  const perm = [m];
  for (let i = 0; i < m; i++) perm.push(m + 1 + i, i);
  perm.push(...rest.map((_, i) => 2 * m + 1 + i));
  const space = block.map((b, i) => x.shape[i + 1] * b);
  const joined = reshape(g, transpose(g, split, perm), [batch, ...space, ...rest]);
  return slice(
    g,
    joined,
    [0, ...crops.map((c) => c[0]), ...rest.map(() => 0)],
    [batch, ...crops.map((c, i) => space[i] - c[0] - c[1]), ...rest],
  );
};

/** Depth blocks laid out in space, either layout. */
const depthToSpace: Kernel = ({ g, in: { x }, attrs }) => {
  const s: number = attrs.blockSize;
  const nhwc = attrs.dataFormat === "NHWC";
  const [b, h, w, c] = nhwc ? x.shape : [x.shape[0], x.shape[2], x.shape[3], x.shape[1]];
  const depth = c / (s * s);
  if (nhwc) {
    const v = transpose(g, reshape(g, x, [b, h, w, s, s, depth]), [0, 1, 3, 2, 4, 5]);
    return reshape(g, v, [b, h * s, w * s, depth]);
  }
  const v = transpose(g, reshape(g, x, [b, s, s, depth, h, w]), [0, 3, 4, 1, 5, 2]);
  return reshape(g, v, [b, depth, h * s, w * s]);
};

export const shapeKernels: KernelTable = {
  BatchToSpaceND: batchToSpaceNd,
  BroadcastTo: broadcastTo,
  Concat: concatKernel,
  DepthToSpace: depthToSpace,
  Diag: diag,
  ExpandDims: expandDims,
  Fill: fill,
  LinSpace: linSpace,
  MirrorPad: mirrorPad,
  Pack: pack,
  PadV2: padV2,
  Range: range,
  Reshape: reshapeKernel,
  Reverse: reverseKernel,
  Slice: sliceKernel,
  SpaceToBatchND: spaceToBatchNd,
  SplitV: splitV,
  StridedSlice: stridedSlice,
  Tile: tileKernel,
  Transpose: transposeKernel,
  Unpack: unpack,
};
