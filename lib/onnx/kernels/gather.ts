/** Kernels that pick, scatter, sort or sample by index. @module */
import {
  add,
  binary,
  cast,
  gather,
  gatherNd,
  iota,
  mul,
  reduce,
  reshape,
  scalarLike,
  scatterNd,
  sub,
  where,
} from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import { type Graph, int, type Value } from "../graph/graph.ts";
import { graphUniform } from "../random_graph.ts";
import { graphDtype } from "../trace_backend.ts";
import { type Kernel, type KernelTable, normalizeAxes } from "./kernel.ts";

const gatherV2: Kernel = ({ g, in: { x, indices }, attrs }) => {
  const [axis] = normalizeAxes(attrs.axis ?? 0, x.shape.length);
  const batchDims: number = attrs.batchDims ?? 0;
  const at = cast(g, indices, "int32");
  if (batchDims === 0) return gather(g, x, at, axis);
  // Batches laid end to end on the gathered axis, each index moved to its own batch.
  const batch = x.shape.slice(0, batchDims);
  const n = sizeOf(batch);
  const middle = x.shape.slice(batchDims, axis);
  const after = x.shape.slice(axis + 1);
  if (sizeOf(middle) !== 1) {
    const perBatch = reshape(g, x, [n, ...x.shape.slice(batchDims)]);
    const perIndex = reshape(g, at, [n, sizeOf(indices.shape.slice(batchDims))]);
    const parts: Value[] = [];
    for (let b = 0; b < n; b++) {
      const row = g.constant(Int32Array.of(b), "int32", [1]);
      const xs = reshape(g, gather(g, perBatch, row, 0), x.shape.slice(batchDims));
      const is = reshape(g, gather(g, perIndex, row, 0), indices.shape.slice(batchDims));
      const y = gather(g, xs, is, axis - batchDims);
      parts.push(reshape(g, y, [1, ...y.shape]));
    }
    const shape = [...parts[0].shape];
    shape[0] = n;
    const [all] = g.emit("Concat", parts, [{ dtype: x.dtype, shape }], { axis: int(0) });
    return reshape(g, all, [...batch, ...shape.slice(1)]);
  }
  const d = x.shape[axis];
  const offsets = iota(g, "int32", n, 0, d);
  const flatIndices = reshape(g, at, [n, sizeOf(indices.shape.slice(batchDims))]);
  const moved = add(g, flatIndices, reshape(g, offsets, [n, 1]));
  const y = gather(g, reshape(g, x, [n * d, ...after]), moved, 0);
  return reshape(g, y, [...batch, ...middle, ...indices.shape.slice(batchDims), ...after]);
};

const gatherNdKernel: Kernel = ({ g, in: { params, indices } }) => gatherNd(g, params, indices);

/** Adds where indices meet, as tfjs does. */
const scatterNdKernel: Kernel = ({ g, in: { indices, updates }, attrs }) => {
  const via = updates.dtype === "bool" ? "int32" : updates.dtype;
  const zeros = g.splat(0, via, attrs.shape);
  const depth = indices.shape[indices.shape.length - 1];
  const flat = reshape(g, indices, [sizeOf(indices.shape) / depth, depth]);
  const rows = reshape(g, cast(g, updates, via), [flat.shape[0], ...attrs.shape.slice(depth)]);
  return cast(g, scatterNd(g, zeros, flat, rows, "add"), updates.dtype);
};

const tensorScatterUpdate: Kernel = ({ g, in: { tensor, indices, updates } }) =>
  scatterNd(g, tensor, indices, updates);

const sparseToDense: Kernel = ({ g, in: { sparseIndices, sparseValues, defaultValue }, attrs }) => {
  const shape: number[] = attrs.outputShape;
  const [n] = g.emit("Expand", [defaultValue, g.int64(shape)], [{
    dtype: defaultValue.dtype,
    shape,
  }]);
  const rank = sparseIndices.shape.length;
  const count = rank === 0 ? 1 : sparseIndices.shape[0];
  const at = reshape(g, sparseIndices, [count, rank < 2 ? 1 : sparseIndices.shape[1]]);
  const values = sparseValues.shape.length === 0
    ? g.emit("Expand", [sparseValues, g.int64([count])], [{
      dtype: sparseValues.dtype,
      shape: [count],
    }])[0]
    : sparseValues;
  return scatterNd(g, n, at, values);
};

const unsortedSegmentSum: Kernel = ({ g, in: { x, segmentIds }, attrs }) => {
  const rows = x.shape.slice(segmentIds.shape.length);
  const n = sizeOf(segmentIds.shape);
  const zeros = g.splat(0, x.dtype, [attrs.numSegments, ...rows]);
  return scatterNd(
    g,
    zeros,
    reshape(g, segmentIds, [n, 1]),
    reshape(g, x, [n, ...rows]),
    "add",
  );
};

const select: Kernel = ({ g, in: { condition, t, e } }) => {
  // A condition of rank 1 picks whole rows of higher-rank tensors.
  const rows = condition.shape.length === 1 && t.shape.length > 1
    ? reshape(g, condition, [condition.shape[0], ...t.shape.slice(1).map(() => 1)])
    : condition;
  const via = t.dtype === "bool" ? "int32" : t.dtype;
  return cast(g, where(g, rows, cast(g, t, via), cast(g, e, via)), t.dtype);
};

const oneHot: Kernel = ({ g, in: { indices }, attrs }) => {
  // By comparison: ONNX Runtime's OneHot lacks most type combinations.
  const depth: number = attrs.depth;
  const at = reshape(g, cast(g, indices, "int32"), [...indices.shape, 1]);
  const hit = binary(g, "Equal", at, iota(g, "int32", depth));
  const dtype = graphDtype(attrs.dtype ?? "int32");
  if (attrs.onValue === 1 && attrs.offValue === 0) return cast(g, hit, dtype);
  return where(g, hit, g.splat(attrs.onValue, dtype), g.splat(attrs.offValue, dtype));
};

const topK: Kernel = ({ g, in: { x }, attrs }) => {
  const k: number = attrs.k;
  const shape = [...x.shape.slice(0, -1), k];
  const [values, indices] = g.emit("TopK", [x, g.int64([k])], [
    { dtype: x.dtype, shape },
    { dtype: "int64", shape },
  ], { sorted: int(attrs.sorted ? 1 : 0) });
  return [values, cast(g, indices, "int32")];
};

/** Counts (or sums of weights) of each integer below `size`; of each row for rank 2. */
const denseBincount: Kernel = ({ g, in: { x, weights }, attrs }) => {
  const size: number = attrs.size;
  const hit = binary(g, "Equal", reshape(g, x, [...x.shape, 1]), iota(g, "int32", size));
  const weighted = weights && sizeOf(weights.shape) > 0;
  const dtype = weighted ? weights.dtype : "float32";
  const axis = x.shape.length - 1;
  if (attrs.binaryOutput) {
    return cast(g, reduce(g, "ReduceMax", cast(g, hit, "int32"), [axis]), "float32");
  }
  const counts = weighted
    ? mul(g, cast(g, hit, dtype), reshape(g, weights, [...x.shape, 1]))
    : cast(g, hit, dtype);
  return reduce(g, "ReduceSum", counts, [axis]);
};

/** How many of each row's sorted numbers lie below (left) or at and below (right) each value. */
const searchSorted: Kernel = ({ g, in: { sortedSequence, values }, attrs }) => {
  const [rows, n] = sortedSequence.shape;
  const v = reshape(g, values, [rows, values.shape[1], 1]);
  const s = reshape(g, sortedSequence, [rows, 1, n]);
  const below = binary(g, attrs.side === "left" ? "Greater" : "GreaterOrEqual", v, s);
  return reduce(g, "ReduceSum", cast(g, below, "int32"), [2]);
};

/** Draws by the largest of log-probability plus Gumbel noise. */
const multinomial: Kernel = ({ g, in: { logits }, attrs, randomKey, randomSite }) => {
  const [rows, classes] = logits.shape;
  const scores = attrs.normalized ? log(g, logits) : logits;
  const u = graphUniform(g, randomKey(), randomSite(), [rows, attrs.numSamples, classes]);
  // u lies in [0, 1): kept off 0, so that both logarithms are finite.
  const inner = log(g, add(g, u, scalarLike(g, u, 2 ** -25)));
  const gumbel = sub(g, scalarLike(g, u, 0), log(g, sub(g, scalarLike(g, u, 0), inner)));
  const noisy = add(g, reshape(g, scores, [rows, 1, classes]), gumbel);
  const [best] = g.emit("ArgMax", [noisy], [{
    dtype: "int64",
    shape: [rows, attrs.numSamples],
  }], { axis: int(2), keepdims: int(0) });
  return cast(g, best, "int32");
};

const log = (g: Graph, x: Value): Value =>
  g.emit("Log", [x], [{ dtype: x.dtype, shape: x.shape }])[0];

export const gatherKernels: KernelTable = {
  Bincount: denseBincount,
  DenseBincount: denseBincount,
  GatherNd: gatherNdKernel,
  GatherV2: gatherV2,
  Multinomial: multinomial,
  OneHot: oneHot,
  ScatterNd: scatterNdKernel,
  SearchSorted: searchSorted,
  Select: select,
  SparseToDense: sparseToDense,
  TensorScatterUpdate: tensorScatterUpdate,
  TopK: topK,
  UnsortedSegmentSum: unsortedSegmentSum,
};
