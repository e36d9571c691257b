/**
 * Products of matrices.
 * @module
 */
import { float, type Graph, int, type Value } from "../graph/graph.ts";
import { broadcastShape } from "./elementwise.ts";
import { fusedMatMul } from "./fused_matmul.ts";
import { sameShape, sizeOf } from "../graph/dtype.ts";
import { reshape, transpose } from "./shape.ts";

/** Products with at most this many columns are computed transposed. */
const narrow = 8;

/** From products of so many rows and terms on, the left factor is transposed before the product. */
const wide = 128;

const identity = (g: Graph, n: number): Value =>
  g.constant(
    Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    "float32",
    [n, n],
  );

/** `a b + c`, with either factor transposed; `c` may be null, or broadcast to the product. */
export function gemm(
  g: Graph,
  a: Value,
  b: Value,
  c: Value | null = null,
  options: { transA?: boolean; transB?: boolean; alpha?: number } = {},
): Value {
  let { transA = false, transB = false } = options;
  // A transposed factor is read in place.
  const ua = untransposed(a), ub = untransposed(b);
  if (ua) [a, transA] = [ua, !transA];
  if (ub) [b, transB] = [ub, !transB];
  const rows = transA ? a.shape[1] : a.shape[0];
  const columns = transB ? b.shape[0] : b.shape[1];
  const inner = [transA ? a.shape[0] : a.shape[1], transB ? b.shape[1] : b.shape[0]];
  if (inner[0] !== inner[1]) {
    throw new RangeError(
      `Cannot multiply: inner dimensions must agree, got [${a.shape}] and [${b.shape}]`,
    );
  }
  const isNarrow = columns <= narrow && rows >= 2 * narrow && inner[0] >= 4 * narrow;
  if (g.forRuntime && transA && !transB && !c && isNarrow) {
    // ONNX Runtime pads the few columns to many; the transposed product has few rows instead.
    const turned = gemm(g, b, a, null, { ...options, transA: true, transB: false });
    return gemm(g, turned, identity(g, columns), null, { transA: true });
  }
  const isWide = wide <= rows && rows <= columns && wide <= inner[0];
  if (g.forRuntime && transA && !transB && isWide) {
    return gemm(g, transposedApart(g, a), b, c, { ...options, transA: false });
  }
  return g.emit(
    "Gemm",
    c ? [a, b, c] : [a, b],
    [{ dtype: a.dtype, shape: [rows, columns] }],
    {
      transA: transA ? int(1) : undefined,
      transB: transB ? int(1) : undefined,
      alpha: options.alpha === undefined || options.alpha === 1 ? undefined : float(options.alpha),
    },
  )[0];
}

/**
 * A matrix transposed by an operator of its own. Within a product ONNX Runtime would transpose it once
 * for every 128 columns of the other factor, and again in each product that it is a factor of. It would
 * also put this back into the product, were it not for the axis of length 1.
 */
function transposedApart(g: Graph, a: Value): Value {
  const [rows, columns] = a.shape;
  const stack = transpose(g, reshape(g, a, [1, rows, columns]), [0, 2, 1]);
  return reshape(g, stack, [columns, rows]);
}

/** Products of stacks of matrices, whose leading axes broadcast. */
export function matMul(
  g: Graph,
  a: Value,
  b: Value,
  transA = false,
  transB = false,
): Value {
  if (a.dtype === "float32") {
    const y = matMulAsGemm(g, a, b, transA, transB);
    if (y) return y;
    if (g.forRuntime && sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2))) {
      return fusedMatMul(g, a, b, transA, transB);
    }
  }
  const swap = (v: Value) => {
    const perm = v.shape.map((_, i) => i);
    [perm[perm.length - 1], perm[perm.length - 2]] = [perm.length - 2, perm.length - 1];
    return transpose(g, v, perm);
  };
  if (transA) a = swap(a);
  if (transB) b = swap(b);
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...lead, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
  return g.emit("MatMul", [a, b], [{ dtype: a.dtype, shape }])[0];
}

/** One Gemm, when all leading axes of the right factor (or of both) have length 1. */
function matMulAsGemm(
  g: Graph,
  a: Value,
  b: Value,
  transA: boolean,
  transB: boolean,
): Value | null {
  if (sizeOf(b.shape.slice(0, -2)) !== 1) return null;
  const left = untransposed(a), right = untransposed(b);
  if (left) [a, transA] = [left, !transA];
  if (right) [b, transB] = [right, !transB];
  const lead = a.shape.slice(0, -2);
  const [n] = b.shape.slice(transB ? -2 : -1);
  const matrix = (v: Value) => reshape(g, v, v.shape.slice(-2));
  const columns = transA ? a.shape.at(-1)! : a.shape.at(-2)!;
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = [...lead, columns, n];
  while (shape.length < rank) shape.unshift(1);
  if (sizeOf(lead) === 1) {
    return reshape(g, gemm(g, matrix(a), matrix(b), null, { transA, transB }), shape);
  }
  // Shared weights: the stack's rows are rows of one matrix.
  if (transA) return null;
  const rows = reshape(g, a, [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
  return reshape(g, gemm(g, rows, matrix(b), null, { transB }), shape);
}

/** What `v` transposes in its last two axes, else null. */
function untransposed(v: Value): Value | null {
  const perm = v.node?.op === "Transpose" ? v.node.attributes.perm : undefined;
  if (perm?.kind !== "ints") return null;
  const rank = perm.value.length;
  const swapsLast = perm.value.every((p, i) =>
    p === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)
  );
  return swapsLast ? v.node!.inputs[0] : null;
}
