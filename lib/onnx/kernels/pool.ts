/** Pooling and its gradients over windows (see _windows.ts). @module */
import * as tf from "@tensorflow/tfjs";
import {
  argReduce,
  binary,
  cast,
  concat,
  iota,
  mul,
  reduce,
  reshape,
  split,
  sub,
  transpose,
} from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import type { Graph, Value } from "../graph/graph.ts";
import {
  flattenSpace,
  gatherRows,
  touchingIndices,
  windowIndices,
  type WindowLayout,
} from "./_windows.ts";
import type { Kernel, KernelCall, KernelTable } from "./kernel.ts";

function poolLayout(call: KernelCall, xShape: readonly number[]): WindowLayout {
  const { attrs } = call;
  if (xShape.length === 5) {
    const info = tf.backend_util.computePool3DInfo(
      xShape as [number, number, number, number, number],
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
      attrs.dataFormat,
    );
    return {
      input: [info.inDepth, info.inHeight, info.inWidth],
      output: [info.outDepth, info.outHeight, info.outWidth],
      window: [info.effectiveFilterDepth, info.effectiveFilterHeight, info.effectiveFilterWidth],
      strides: [info.strideDepth, info.strideHeight, info.strideWidth],
      dilations: [1, 1, 1],
      before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
    };
  }
  const info = tf.backend_util.computePool2DInfo(
    xShape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  return {
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    window: [info.effectiveFilterHeight, info.effectiveFilterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [1, 1],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

const shaped = (g: Graph, y: Value, like: readonly number[], l: WindowLayout): Value =>
  reshape(g, y, [like[0], ...l.output, like[like.length - 1]]);

/** Windows for a maximum: padding must lose, so it repeats a tap that lies inside. */
function maxWindows(g: Graph, x: Value, l: WindowLayout): Value {
  const taps = sizeOf(l.window);
  const indices = windowIndices(l);
  for (let w = 0; w < indices.length; w += taps) {
    const inside = indices.subarray(w, w + taps).find((i) => i >= 0) ?? 0;
    for (let t = 0; t < taps; t++) if (indices[w + t] < 0) indices[w + t] = inside;
  }
  return gatherRows(g, flattenSpace(g, x), indices, taps);
}

const maxPool: Kernel = (call) => {
  const { g, in: { x } } = call;
  const l = poolLayout(call, x.shape);
  const taps = sizeOf(l.window);
  const windows = maxWindows(g, x, l);
  if (taps > fewTaps) return shaped(g, reduce(g, "ReduceMax", windows, [2]), x.shape, l);
  const largest = tapsOf(g, windows).reduce((a, b) => binary(g, "Max", a, b));
  return shaped(g, largest, x.shape, l);
};

/** Up to so many taps, windows are compared tap by tap: elementwise operators beat reductions. */
const fewTaps = 4;

const tapsOf = (g: Graph, windows: Value): Value[] =>
  split(g, windows, new Array(windows.shape[2]).fill(1), 2);

/** dy at the first largest tap of each window, for few taps and no padding. */
function spreadByTaps(g: Graph, windows: Value, dy: Value): Value {
  const taps = tapsOf(g, windows);
  let best = taps[0];
  let rest = dy;
  // From the last tap on: a tap keeps what is left if it beats all taps before it.
  const prefix = taps.map((t, i) => i === 0 ? t : best = binary(g, "Max", best, t));
  const shares: Value[] = [];
  for (let i = taps.length - 1; i > 0; i--) {
    const wins = cast(g, binary(g, "Greater", taps[i], prefix[i - 1]), "float32");
    shares.unshift(mul(g, rest, wins));
    rest = sub(g, rest, shares[0]);
  }
  return concat(g, [rest, ...shares], 2);
}

/** dy goes to the first largest element of its window. */
const maxPoolGrad: Kernel = (call) => {
  const { g, in: { dy, input } } = call;
  const l = poolLayout(call, input.shape);
  const taps = sizeOf(l.window), windows = sizeOf(l.output);
  const [batch, channels] = [input.shape[0], input.shape[input.shape.length - 1]];
  const indices = windowIndices(l);
  if (taps <= fewTaps && !indices.includes(-1)) {
    const dyRows = reshape(g, dy, [batch, windows, 1, channels]);
    return sumOverTouching(g, spreadByTaps(g, maxWindows(g, input, l), dyRows), l, input.shape);
  }
  // The tap that padding repeats comes first in its window, so that ArgMax finds the real one.
  const best = cast(g, argReduce(g, "ArgMax", maxWindows(g, input, l), 2), "int32");
  const firstInside = new Int32Array(windows * taps);
  for (let w = 0; w < windows; w++) {
    const row = indices.subarray(w * taps, (w + 1) * taps);
    const first = row.findIndex((i) => i >= 0);
    for (let t = 0; t < taps; t++) firstInside[w * taps + t] = row[t] >= 0 ? t : first;
  }
  const isPadded = indices.includes(-1);
  // tap number that ArgMax's answer stands for, window by window
  const tap = isPadded ? realTaps(g, best, firstInside, windows, taps) : best;
  const hit = binary(
    g,
    "Equal",
    reshape(g, tap, [batch, windows, 1, channels]),
    reshape(g, iota(g, "int32", taps), [taps, 1]),
  );
  const spread = mul(
    g,
    cast(g, hit, "float32"),
    reshape(g, dy, [batch, windows, 1, channels]),
  );
  return sumOverTouching(g, spread, l, input.shape);
};

function realTaps(g: Graph, best: Value, table: Int32Array, windows: number, taps: number): Value {
  const offset = reshape(g, iota(g, "int32", windows, 0, taps), [windows, 1]);
  const at = binary(g, "Add", best, offset);
  const [y] = g.emit("Gather", [g.constant(table, "int32", [windows * taps]), at], [
    { dtype: "int32", shape: at.shape },
  ]);
  return y;
}

/** Sums [batch, windows, taps, channels] into the input positions that the taps lie on. */
function sumOverTouching(
  g: Graph,
  spread: Value,
  l: WindowLayout,
  inputShape: readonly number[],
): Value {
  const taps = sizeOf(l.window), windows = sizeOf(l.output);
  const [batch, channels] = [spread.shape[0], spread.shape[3]];
  const positions = windowIndices(l);
  // Windows side by side in the order of the input (one axis, stride = window): nothing to sum.
  if (positions.every((p, i) => p === i) && positions.length === sizeOf(l.input)) {
    return reshape(g, spread, inputShape);
  }
  const touching = touchingIndices(l).map((w, i) => w < 0 ? -1 : w * taps + i % taps);
  const flat = reshape(g, spread, [batch, windows * taps, channels]);
  const y = reduce(g, "ReduceSum", gatherRows(g, flat, touching, taps), [2]);
  return reshape(g, y, inputShape);
}

/** One over the number of taps of each window that lie inside. */
function inverseCounts(g: Graph, l: WindowLayout): Value {
  const taps = sizeOf(l.window), windows = sizeOf(l.output);
  const indices = windowIndices(l);
  const counts = new Float32Array(windows);
  indices.forEach((v, i) => counts[Math.floor(i / taps)] += Number(v >= 0));
  return g.constant(counts.map((c) => 1 / c), "float32", [windows, 1]);
}

const avgPool: Kernel = (call) => {
  const { g, in: { x } } = call;
  const l = poolLayout(call, x.shape);
  const w = gatherRows(
    g,
    flattenSpace(g, cast(g, x, "float32")),
    windowIndices(l),
    sizeOf(l.window),
  );
  const sum = reduce(g, "ReduceSum", w, [2]);
  return shaped(g, mul(g, sum, inverseCounts(g, l)), x.shape, l);
};

const avgPoolGrad: Kernel = (call) => {
  const { g, in: { dy, input } } = call;
  const l = poolLayout(call, input.shape);
  const share = mul(g, flattenSpace(g, dy), inverseCounts(g, l));
  const touching = gatherRows(g, share, touchingIndices(l), sizeOf(l.window));
  return reshape(g, reduce(g, "ReduceSum", touching, [2]), input.shape);
};

/** Largest elements and their flat positions (in the batch too, when asked). */
const maxPoolWithArgmax: Kernel = (call) => {
  const { g, in: { x }, attrs } = call;
  const l = poolLayout(call, x.shape);
  const [, height, width, channels] = x.shape;
  const windows = maxWindows(g, x, l);
  const best = argReduce(g, "ArgMax", windows, 2);
  const taps = sizeOf(l.window);
  const indices = windowIndices(l);
  for (let w = 0; w < indices.length; w += taps) {
    const inside = indices.subarray(w, w + taps).find((i) => i >= 0) ?? 0;
    for (let t = 0; t < taps; t++) if (indices[w + t] < 0) indices[w + t] = inside;
  }
  const position = realTaps(g, cast(g, best, "int32"), indices, indices.length / taps, taps);
  let flat = binary(g, "Mul", position, g.splat(channels, "int32"));
  flat = binary(g, "Add", flat, iota(g, "int32", channels));
  if (attrs.includeBatchInIndex) {
    const step = height * width * channels;
    flat = binary(
      g,
      "Add",
      flat,
      reshape(g, iota(g, "int32", x.shape[0], 0, step), [x.shape[0], 1, 1]),
    );
  }
  const value = reduce(g, "ReduceMax", windows, [2]);
  return [shaped(g, value, x.shape, l), shaped(g, flat, x.shape, l)];
};

/** A separable linear map of rows and columns: images of the new size, or its transpose. */
function resizeBy(g: Graph, x: Value, rows: Value, columns: Value): Value {
  // [b, h, w, c] -> columns on w, then rows on h, each as a product from the left.
  const product = (m: Value, v: Value): Value => {
    const shape = [...v.shape.slice(0, -2), m.shape[0], v.shape[v.shape.length - 1]];
    return g.emit("MatMul", [m, v], [{ dtype: "float32", shape }])[0];
  };
  const wide = product(columns, x);
  const [b, h, w, c] = wide.shape;
  const tall = product(rows, reshape(g, wide, [b, h, w * c]));
  return reshape(g, tall, [b, rows.shape[0], w, c]);
}

type Weights = (position: number) => [index: number, weight: number][];

/** The matrix [to, from] whose row i weighs the source rows that make row i of the result. */
function resizeMatrix(
  g: Graph,
  from: number,
  to: number,
  method: "bilinear" | "nearest",
  alignCorners: boolean,
  halfPixelCenters: boolean,
): Value {
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const bilinear: Weights = (i) => {
    const at = halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i;
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(from - 1, Math.ceil(at));
    const share = at - low;
    return [[low, 1 - share], [high, share]];
  };
  const nearest: Weights = (i) => {
    const at = halfPixelCenters ? scale * (i + 0.5) : scale * i;
    let index = Math.min(from - 1, alignCorners ? Math.round(at) : Math.floor(at));
    if (halfPixelCenters) index = Math.max(0, index);
    return [[index, 1]];
  };
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    for (const [index, weight] of (method === "bilinear" ? bilinear : nearest)(i)) {
      data[i * from + index] += weight;
    }
  }
  return g.constant(data, "float32", [to, from]);
}

const resize = (method: "bilinear" | "nearest"): Kernel => ({ g, in: { images }, attrs }) => {
  const [, h, w] = images.shape;
  const [newH, newW] = attrs.size;
  const { alignCorners, halfPixelCenters } = attrs;
  const rows = resizeMatrix(g, h, newH, method, alignCorners, halfPixelCenters);
  const columns = resizeMatrix(g, w, newW, method, alignCorners, halfPixelCenters);
  return cast(g, resizeBy(g, cast(g, images, "float32"), rows, columns), images.dtype);
};

const resizeGrad =
  (method: "bilinear" | "nearest"): Kernel => ({ g, in: { images, dy }, attrs }) => {
    const [, h, w] = images.shape;
    const [, newH, newW] = dy.shape;
    // tfjs's gradients know align-corners only.
    const rows = resizeMatrix(g, h, newH, method, attrs.alignCorners, false);
    const columns = resizeMatrix(g, w, newW, method, attrs.alignCorners, false);
    return resizeBy(g, dy, transpose(g, rows, [1, 0]), transpose(g, columns, [1, 0]));
  };

export const poolKernels: KernelTable = {
  AvgPool: avgPool,
  AvgPool3D: avgPool,
  AvgPool3DGrad: avgPoolGrad,
  AvgPoolGrad: avgPoolGrad,
  MaxPool: maxPool,
  MaxPool3D: maxPool,
  MaxPool3DGrad: maxPoolGrad,
  MaxPoolGrad: maxPoolGrad,
  MaxPoolWithArgmax: maxPoolWithArgmax,
  ResizeBilinear: resize("bilinear"),
  ResizeBilinearGrad: resizeGrad("bilinear"),
  ResizeNearestNeighbor: resize("nearest"),
  ResizeNearestNeighborGrad: resizeGrad("nearest"),
};
