/**
 * Operators that move elements: reshape, transpose, slice, pad, concat and their like.
 * @module
 */
import { type Dtype, makeData, sameShape, sizeOf } from "../graph/dtype.ts";
import { constantData, type Graph, int, ints, splatOf, text, type Value } from "../graph/graph.ts";

/** Slice ends at least this large mean "to the end". */
const toEnd = 2 ** 31 - 1;

/** The same elements under another shape; chains of reshapes collapse. */
export function reshape(g: Graph, x: Value, shape: readonly number[]): Value {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new RangeError(`Cannot reshape: size must be kept, got [${x.shape}] to [${shape}]`);
  }
  if (sameShape(x.shape, shape)) return x;
  if (x.constant) {
    const s = splatOf(x);
    return s !== undefined
      ? g.splat(s, x.dtype, shape)
      : g.constant(constantData(x), x.dtype, shape);
  }
  if (x.node?.op === "Reshape") return reshape(g, x.node.inputs[0]!, shape);
  return g.emit("Reshape", [x, g.int64(shape)], [{ dtype: x.dtype, shape }], {
    allowzero: shape.includes(0) ? int(1) : undefined,
  })[0];
}

/** Axes in another order. */
export function transpose(g: Graph, x: Value, perm: readonly number[]): Value {
  const shape = perm.map((p) => x.shape[p]);
  const s = splatOf(x);
  if (s !== undefined) return g.splat(s, x.dtype, shape);
  if (x.node?.op === "Transpose") {
    const inner = x.node.attributes.perm;
    if (inner.kind === "ints") {
      return transpose(g, x.node.inputs[0]!, perm.map((p) => inner.value[p]));
    }
  }
  // Moving only axes of length 1 leaves the elements where they are.
  const moved = perm.filter((p) => x.shape[p] !== 1);
  if (moved.every((p, i) => i === 0 || p > moved[i - 1])) return reshape(g, x, shape);
  if (x.constant && sizeOf(shape) <= 1 << 16) {
    return g.constant(transposeData(x, perm, shape), x.dtype, shape);
  }
  return g.emit("Transpose", [x], [{ dtype: x.dtype, shape }], { perm: ints(perm) })[0];
}

function transposeData(x: Value, perm: readonly number[], shape: readonly number[]) {
  const from = constantData(x);
  const to = makeData(x.dtype, from.length);
  const strides = x.shape.map((_, i) => sizeOf(x.shape.slice(i + 1)));
  for (let i = 0; i < to.length; i++) {
    let rest = i, at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += rest % shape[axis] * strides[perm[axis]];
      rest = Math.floor(rest / shape[axis]);
    }
    to[i] = from[at];
  }
  return to;
}

/** Values repeated along axes of length 1 (and new leading ones) to `shape`. */
export function expand(g: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const s = splatOf(x);
  if (s !== undefined) return g.splat(s, x.dtype, shape);
  if (sizeOf(x.shape) === sizeOf(shape)) return reshape(g, x, shape);
  return g.emit("Expand", [x, g.int64(shape)], [{ dtype: x.dtype, shape }])[0];
}

/** Elements from `begin` on, `size` of them, on each axis; `steps` default to 1. */
export function slice(
  g: Graph,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  steps?: readonly number[],
): Value {
  const axes: number[] = [], starts: number[] = [], ends: number[] = [], strides: number[] = [];
  x.shape.forEach((dim, axis) => {
    const step = steps?.[axis] ?? 1;
    if (begin[axis] === 0 && size[axis] === dim && step === 1) return;
    axes.push(axis);
    starts.push(begin[axis]);
    const end = begin[axis] + (size[axis] - 1) * step + Math.sign(step);
    const isWhole = size[axis] > 0 && step > 0 && end >= dim;
    ends.push(size[axis] === 0 ? begin[axis] : isWhole ? toEnd : end < 0 ? -toEnd : end);
    strides.push(step);
  });
  if (axes.length === 0) return x;
  const s = splatOf(x);
  if (s !== undefined) return g.splat(s, x.dtype, size);
  const inputs = [x, g.int64(starts), g.int64(ends), g.int64(axes)];
  if (strides.some((v) => v !== 1)) inputs.push(g.int64(strides));
  return g.emit("Slice", inputs, [{ dtype: x.dtype, shape: [...size] }])[0];
}

/** Elements in reverse order along `axes`. */
export function reverse(g: Graph, x: Value, axes: readonly number[]): Value {
  const real = axes.filter((a) => x.shape[a] > 1);
  if (real.length === 0) return x;
  return g.emit("Slice", [
    x,
    g.int64(real.map(() => -1)),
    g.int64(real.map(() => -toEnd)),
    g.int64(real),
    g.int64(real.map(() => -1)),
  ], [{ dtype: x.dtype, shape: x.shape }])[0];
}

/** Values one after another along `axis`. */
export function concat(g: Graph, xs: Value[], axis: number): Value {
  const parts = xs.filter((x) => x.shape[axis] > 0);
  if (parts.length === 1) return parts[0];
  if (parts.length === 0) return xs[0];
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((n, x) => n + x.shape[axis], 0);
  const s = splatOf(parts[0]);
  if (s !== undefined && parts.every((p) => Object.is(splatOf(p), s))) {
    return g.splat(s, parts[0].dtype, shape);
  }
  return g.emit("Concat", parts, [{ dtype: parts[0].dtype, shape }], { axis: int(axis) })[0];
}

/** Pieces of given lengths along `axis`. */
export function split(g: Graph, x: Value, sizes: readonly number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((n) => ({
    dtype: x.dtype,
    shape: x.shape.map((d, i) => i === axis ? n : d),
  }));
  const s = splatOf(x);
  if (s !== undefined) return outputs.map((o) => g.splat(s, o.dtype, o.shape));
  return g.emit("Split", [x, g.int64(sizes)], outputs, { axis: int(axis) });
}

/** `x` with a border; `before` and `after` count elements on each axis. */
export function pad(
  g: Graph,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  value = 0,
  mode: "constant" | "reflect" | "edge" = "constant",
): Value {
  if ([...before, ...after].every((n) => n === 0)) return x;
  const shape = x.shape.map((d, i) => d + before[i] + after[i]);
  // Not every type has a Pad kernel: bool goes through int32.
  const inputs: (Value | null)[] = [x, g.int64([...before, ...after])];
  if (mode === "constant") inputs.push(g.splat(value, x.dtype));
  return g.emit("Pad", inputs, [{ dtype: x.dtype, shape }], { mode: text(mode) })[0];
}

/** `x` repeated `reps` times along each axis. */
export function tile(g: Graph, x: Value, reps: readonly number[]): Value {
  if (reps.every((r) => r === 1)) return x;
  const shape = x.shape.map((d, i) => d * reps[i]);
  const s = splatOf(x);
  if (s !== undefined) return g.splat(s, x.dtype, shape);
  return g.emit("Tile", [x, g.int64(reps)], [{ dtype: x.dtype, shape }])[0];
}

/** `start, start + step, …` as a constant. */
export function iota(g: Graph, dtype: Dtype, length: number, start = 0, step = 1): Value {
  const data = makeData(dtype, length);
  for (let i = 0; i < length; i++) {
    const v = start + i * step;
    data[i] = dtype === "int64" ? BigInt(v) : v;
  }
  return g.constant(data, dtype, [length]);
}
