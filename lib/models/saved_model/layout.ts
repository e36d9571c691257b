/** Operators that move elements or pick them by index. @module */
import { attribute } from "./graph_def.ts";
import type { NodeCall, Translation } from "./node_call.ts";

const reshape: Translation = (c) =>
  c.typed("Reshape", [c.in(0), c.in(1)], { Tshape: attribute.type("int64") });

const transpose: Translation = (c) => {
  const perm = c.node.attributes.perm;
  const axes = perm?.kind === "ints"
    ? perm.value
    : c.value(0).shape.map((_, i) => c.value(0).shape.length - 1 - i);
  return c.typed("Transpose", [c.in(0), c.out.integers(axes)], { Tperm: attribute.type("int32") });
};

const concat: Translation = (c) => {
  const parts = c.node.inputs.map((_, i) => c.in(i));
  return c.typed("ConcatV2", [...parts, c.out.integers(c.integer("axis", 0))], {
    N: attribute.int(parts.length),
    Tidx: attribute.type("int32"),
  });
};

const split: Translation = (c) => {
  const count = c.node.outputs.length;
  const name = c.typed("SplitV", [c.in(0), c.in(1), c.out.integers(c.integer("axis", 0))], {
    Tlen: attribute.type("int64"),
    num_split: attribute.int(count),
  });
  return c.node.outputs.map((_, k) => k === 0 ? name : `${name}:${k}`);
};

/** A part of each axis; a bit of the masks says that the axis is taken from its start, or to its end. */
function stridedSlice(
  c: NodeCall,
  input: string,
  parts: { begin: number | null; end: number | null; stride: number }[],
  dtype = c.value(0).dtype,
): string {
  const mask = (field: "begin" | "end") =>
    attribute.int(parts.reduce((bits, p, i) => p[field] === null ? bits | 1 << i : bits, 0));
  return c.emit("StridedSlice", [
    input,
    c.out.integers(parts.map((p) => p.begin ?? 0)),
    c.out.integers(parts.map((p) => p.end ?? 0)),
    c.out.integers(parts.map((p) => p.stride)),
  ], {
    T: attribute.type(dtype),
    Index: attribute.type("int32"),
    begin_mask: mask("begin"),
    end_mask: mask("end"),
    ellipsis_mask: attribute.int(0),
    new_axis_mask: attribute.int(0),
    shrink_axis_mask: attribute.int(0),
  });
}

/** Ends this far out mean "to the end" of the axis, in the direction of the stride. */
const far = 2 ** 31 - 1;

const slice: Translation = (c) => {
  const rank = c.value(0).shape.length;
  const [starts, ends] = [c.numbers(1), c.numbers(2)];
  const axes = c.has(3) ? c.numbers(3) : starts.map((_, i) => i);
  const strides = c.has(4) ? c.numbers(4) : starts.map(() => 1);
  const parts = Array.from({ length: rank }, () => ({
    begin: null as number | null,
    end: null as number | null,
    stride: 1,
  }));
  axes.forEach((axis, i) => {
    parts[axis] = {
      begin: starts[i],
      end: Math.abs(ends[i]) >= far ? null : ends[i],
      stride: strides[i],
    };
  });
  return stridedSlice(c, c.in(0), parts);
};

/** Lengths of axes `start` to `end`. */
const shape: Translation = (c) => {
  const all = c.typed("Shape", [c.in(0)], { out_type: attribute.type("int64") });
  const [begin, end] = [c.integer("start", 0), c.integer("end", far)];
  if (begin === 0 && end >= far) return all;
  return stridedSlice(c, all, [{ begin, end: end >= far ? null : end, stride: 1 }], "int64");
};

/** ONNX counts what is before each axis, then what is after; TensorFlow pairs them by axis. */
const pad: Translation = (c) => {
  const counts = c.numbers(1);
  const rank = counts.length / 2;
  const pairs = Array.from({ length: rank }, (_, i) => [counts[i], counts[rank + i]]).flat();
  const paddings = c.out.integers(pairs, [rank, 2]);
  const type = { Tpaddings: attribute.type("int32") };
  const mode = c.text("mode", "constant");
  if (mode === "constant") return c.typed("PadV2", [c.in(0), paddings, c.in(2)], type);
  if (mode !== "reflect") c.refuse(`mode must be constant or reflect, got ${mode}`);
  return c.typed("MirrorPad", [c.in(0), paddings], { ...type, mode: attribute.text("REFLECT") });
};

const tile: Translation = (c) =>
  c.typed("Tile", [c.in(0), c.in(1)], { Tmultiples: attribute.type("int64") });

const expand: Translation = (c) =>
  c.typed("BroadcastTo", [c.in(0), c.in(1)], { Tidx: attribute.type("int64") });

const gather: Translation = (c) =>
  c.emit("GatherV2", [c.in(0), c.in(1), c.out.integers(c.integer("axis", 0))], {
    Tparams: attribute.type(c.value(0).dtype),
    Tindices: attribute.type(c.value(1).dtype),
    Taxis: attribute.type("int32"),
    batch_dims: attribute.int(0),
  });

const gatherNd: Translation = (c) =>
  c.emit("GatherNd", [c.in(0), c.in(1)], {
    Tparams: attribute.type(c.value(0).dtype),
    Tindices: attribute.type(c.value(1).dtype),
  });

const scatterNames: Record<string, string> = {
  none: "TensorScatterUpdate",
  add: "TensorScatterAdd",
  max: "TensorScatterMax",
  min: "TensorScatterMin",
};

const scatterNd: Translation = (c) =>
  c.typed(scatterNames[c.text("reduction", "none")], [c.in(0), c.in(1), c.in(2)], {
    Tindices: attribute.type(c.value(1).dtype),
  });

const topK: Translation = (c) => {
  const [k] = c.numbers(1);
  const name = c.typed("TopKV2", [c.in(0), c.out.integers(k)], {
    sorted: attribute.flag(c.integer("sorted", 1) === 1),
  });
  // TensorFlow's positions are int32, ONNX's int64.
  const positions = c.emit("Cast", [`${name}:1`], {
    SrcT: attribute.type("int32"),
    DstT: attribute.type("int64"),
  });
  return [name, positions];
};

export const layout: Record<string, Translation> = {
  Concat: concat,
  Expand: expand,
  Gather: gather,
  GatherND: gatherNd,
  Pad: pad,
  Reshape: reshape,
  ScatterND: scatterNd,
  Shape: shape,
  Slice: slice,
  Split: split,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
};
