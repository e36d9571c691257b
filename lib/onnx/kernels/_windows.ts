/**
 * Convolution and pooling as gathers. Windows of a channels-last tensor are one Gather over its
 * flattened space; so are the windows of the output that touch an input position, which makes the
 * gradients plain products as well. An index past the end points at a row of zeros: the padding.
 * @module
 */
import { concat, gather, reshape } from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import type { Graph, Value } from "../graph/graph.ts";

/** How windows lie over space, for any number of axes. */
export interface WindowLayout {
  /** Length of each axis of the input. */
  readonly input: readonly number[];
  /** Number of windows on each axis. */
  readonly output: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of each axis. */
  readonly before: readonly number[];
}

/** Input position of each tap of each window, row by row; -1 where it falls on padding. */
export function windowIndices(l: WindowLayout): Int32Array {
  const windows = sizeOf(l.output), taps = sizeOf(l.window);
  const out = new Int32Array(windows * taps);
  const rank = l.input.length;
  for (let w = 0; w < windows; w++) {
    for (let t = 0; t < taps; t++) {
      let restW = w, restT = t, at = 0, stride = 1, inside = true;
      for (let axis = rank - 1; axis >= 0; axis--) {
        const position = restW % l.output[axis] * l.strides[axis] - l.before[axis] +
          restT % l.window[axis] * l.dilations[axis];
        restW = Math.floor(restW / l.output[axis]);
        restT = Math.floor(restT / l.window[axis]);
        inside &&= position >= 0 && position < l.input[axis];
        at += position * stride;
        stride *= l.input[axis];
      }
      out[w * taps + t] = inside ? at : -1;
    }
  }
  return out;
}

/** The window that meets each input position with each tap; -1 where there is none. */
export function touchingIndices(l: WindowLayout): Int32Array {
  const forward = windowIndices(l);
  const taps = sizeOf(l.window);
  const out = new Int32Array(sizeOf(l.input) * taps).fill(-1);
  forward.forEach((position, i) => {
    if (position >= 0) out[position * taps + i % taps] = Math.floor(i / taps);
  });
  return out;
}

/** Rows of x [batch, positions, channels] at `indices` [groups, taps]: [batch, groups, taps, channels]. */
export function gatherRows(
  g: Graph,
  x: Value,
  indices: Int32Array,
  taps: number,
): Value {
  const [batch, positions, channels] = x.shape;
  const groups = indices.length / taps;
  // Windows side by side: the rows are in place.
  if (groups * taps === positions && indices.every((v, i) => v === i)) {
    return reshape(g, x, [batch, groups, taps, channels]);
  }
  // Joining a constant is several times faster than ONNX Runtime's Pad.
  const zeros = () => g.splat(0, x.dtype, [batch, 1, channels]);
  const padded = indices.includes(-1) ? concat(g, [x, zeros()], 1) : x;
  const at = indices.map((v) => v < 0 ? positions : v);
  return gather(g, padded, g.constant(at, "int32", [groups, taps]), 1);
}

/** x [batch, ...space, channels] with its space on one axis. */
export function flattenSpace(g: Graph, x: Value): Value {
  const rank = x.shape.length;
  return reshape(g, x, [x.shape[0], sizeOf(x.shape.slice(1, -1)), x.shape[rank - 1]]);
}
