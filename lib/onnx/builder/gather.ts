/**
 * Operators that pick elements by index.
 * @module
 */
import { type Graph, int, text, type Value } from "../graph/graph.ts";
import { cast } from "./elementwise.ts";

/** Slices of `x` along `axis` at `indices` (int32 or int64, any shape). */
export function gather(g: Graph, x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return g.emit("Gather", [x, indices], [{ dtype: x.dtype, shape }], { axis: int(axis) })[0];
}

/** Slices of `x` at index tuples: the last axis of `indices` holds one tuple. */
export function gatherNd(g: Graph, x: Value, indices: Value): Value {
  const depth = indices.shape[indices.shape.length - 1];
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
  return g.emit("GatherND", [x, cast(g, indices, "int64")], [{ dtype: x.dtype, shape }])[0];
}

/** `x` with `updates` put (or added) at index tuples. */
export function scatterNd(
  g: Graph,
  x: Value,
  indices: Value,
  updates: Value,
  reduction: "none" | "add" | "max" | "min" = "none",
): Value {
  return g.emit(
    "ScatterND",
    [x, cast(g, indices, "int64"), updates],
    [{ dtype: x.dtype, shape: x.shape }],
    { reduction: reduction === "none" ? undefined : text(reduction) },
  )[0];
}
