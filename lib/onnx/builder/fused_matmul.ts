/**
 * Products of stacks of matrices as ONNX Runtime's FusedMatMul, which reads either factor transposed
 * and scales the product: what attention spends beside its products are transposes of many short rows,
 * and those are chosen here so that they are cheap. For graphs that run in ONNX Runtime only.
 * @module
 */
import { sameShape } from "../graph/dtype.ts";
import { type Attribute, float, type Graph, int, splatOf, type Value } from "../graph/graph.ts";
import { mul } from "./elementwise.ts";
import { reduce } from "./reduce.ts";
import { concat, reshape, transpose } from "./shape.ts";

/** A factor as it is stored, whether it is read with its last two axes swapped, and its scale. */
interface Factor {
  value: Value;
  swapped: boolean;
  scale: number;
}

const domain = "com.microsoft";

/** Rows at least this long are copied as fast by any transpose. */
const longRow = 64;

const swapLast = (order: readonly number[]): number[] => [
  ...order.slice(0, -2),
  order[order.length - 1],
  order[order.length - 2],
];

/**
 * Whether a transpose only swaps two neighbouring groups of axes, the last in its output: matrices
 * turned one by one, for which ONNX Runtime has a fast path. Others move elements row by row.
 */
function turnsMatrices(shape: readonly number[], perm: readonly number[]): boolean {
  const order = perm.filter((axis) => shape[axis] !== 1);
  const axes = [...order].sort((a, b) => a - b);
  const rank = (axis: number) => axes.indexOf(axis);
  // Starts of runs of neighbours.
  const runs = order.filter((axis, i) => i === 0 || rank(axis) !== rank(order[i - 1]) + 1);
  const starts = runs.map(rank);
  const batch = starts[0] === 0 && runs.length > 2 ? 1 : 0;
  return starts.length - batch === 2 && starts[batch] > starts[batch + 1];
}

/** The permutation of a Transpose node. */
function permOf(v: Value): readonly number[] | null {
  const perm = v.node?.op === "Transpose" ? v.node.attributes.perm : undefined;
  return perm?.kind === "ints" ? perm.value : null;
}

/** `v` under a reshape that keeps its last two axes, and the axes in front of them. */
function matricesOf(v: Value): { matrices: Value; lead: readonly number[] } {
  const source = v.node?.op === "Reshape" ? v.node.inputs[0]! : null;
  const same = source && source.shape.length >= 2 &&
    sameShape(source.shape.slice(-2), v.shape.slice(-2));
  return { matrices: same ? source : v, lead: v.shape.slice(0, -2) };
}

/** The cheapest way to read `v`, swapped or not. */
function factorOf(g: Graph, v: Value, swapped: boolean): Factor {
  if (v.node?.op === "Mul") {
    const [a, b] = v.node.inputs as Value[];
    const scale = splatOf(b) ?? splatOf(a);
    const source = splatOf(b) !== undefined ? a : b;
    if (scale !== undefined && sameShape(source.shape, v.shape)) {
      const inner = factorOf(g, source, swapped);
      return { ...inner, scale: inner.scale * scale };
    }
  }
  const { matrices, lead } = matricesOf(v);
  const perm = permOf(matrices);
  if (perm) {
    const source = matrices.node!.inputs[0]!;
    const other = swapLast(perm);
    const isTurn = other.every((axis, i) => axis === i);
    const isCheaper = v.shape.at(-1)! < longRow && !turnsMatrices(source.shape, perm) &&
      turnsMatrices(source.shape, other);
    if (isTurn || isCheaper) {
      const stored = transpose(g, source, other);
      const value = reshape(g, stored, [...lead, ...stored.shape.slice(-2)]);
      return { value, swapped: !swapped, scale: 1 };
    }
  }
  return { value: v, swapped, scale: 1 };
}

/** `a b` for stacks of equal leading axes, each factor transposed or not. */
export function fusedMatMul(
  g: Graph,
  a: Value,
  b: Value,
  transA: boolean,
  transB: boolean,
): Value {
  const left = factorOf(g, a, transA), right = factorOf(g, b, transB);
  return emitProduct(g, left.value, right.value, {
    transA: left.swapped,
    transB: right.swapped,
    alpha: left.scale * right.scale,
  });
}

interface ProductOptions {
  transA: boolean;
  transB: boolean;
  alpha: number;
}

function emitProduct(g: Graph, a: Value, b: Value, options: ProductOptions): Value {
  const { transA, transB, alpha } = options;
  const shape = [
    ...a.shape.slice(0, -2),
    a.shape.at(transA ? -1 : -2)!,
    b.shape.at(transB ? -2 : -1)!,
  ];
  return g.emit("FusedMatMul", [a, b], [{ dtype: "float32", shape }], {
    transA: transA ? int(1) : undefined,
    transB: transB ? int(1) : undefined,
    alpha: alpha === 1 ? undefined : float(alpha),
  }, domain)[0];
}

interface Product extends ProductOptions {
  a: Value;
  b: Value;
}

/** Factors and options of a FusedMatMul. */
function productOf(v: Value): Product | null {
  const { node } = v;
  if (node?.op !== "FusedMatMul") return null;
  const number = (attribute: Attribute | undefined, absent: number) =>
    attribute?.kind === "int" || attribute?.kind === "float" ? attribute.value : absent;
  return {
    a: node.inputs[0]!,
    b: node.inputs[1]!,
    transA: number(node.attributes.transA, 0) === 1,
    transB: number(node.attributes.transB, 0) === 1,
    alpha: number(node.attributes.alpha, 1),
  };
}

/** A product times `scale`, as one product; null if `v` is none. */
export function scaleProduct(g: Graph, v: Value, scale: number): Value | null {
  const p = productOf(v);
  return p && emitProduct(g, p.a, p.b, { ...p, alpha: p.alpha * scale });
}

/**
 * A product less a column, `a b - c` with c [..., rows, 1], as one product with one more term; null
 * where it is none, or where joining the factors costs more than the pass that it saves.
 */
export function subtractColumn(g: Graph, x: Value, column: Value): Value | null {
  const p = productOf(x);
  const isColumn = sameShape(column.shape, [...x.shape.slice(0, -1), 1]);
  // Stored by terms, each factor takes another term at its end: rows beside rows.
  if (!p || !isColumn || !p.transA || p.transB || p.alpha !== 1) return null;
  const terms = p.a.shape.at(-2)!;
  if (terms * 2 > Math.min(x.shape.at(-1)!, x.shape.at(-2)!)) return null;
  const lead = x.shape.slice(0, -2);
  const axis = lead.length;
  const a = concat(g, [p.a, reshape(g, column, [...lead, 1, x.shape.at(-2)!])], axis);
  const b = concat(g, [p.b, g.splat(-1, "float32", [...lead, 1, x.shape.at(-1)!])], axis);
  return emitProduct(g, a, b, p);
}

/**
 * A transposed product, by the product of its transposed factors where that leaves a cheaper
 * transpose (heads back beside each other: [batch, heads, depth, time] turns faster than
 * [batch, heads, time, depth] interleaves); else null.
 */
export function transposeProduct(g: Graph, x: Value, perm: readonly number[]): Value | null {
  const rank = x.shape.length;
  const { matrices } = matricesOf(x);
  const p = productOf(matrices);
  if (!p || x.shape.at(-1)! >= longRow || turnsMatrices(x.shape, perm)) return null;
  const turnedShape = swapLast(x.shape);
  const turnedPerm = perm.map((axis) => axis < rank - 2 ? axis : 2 * rank - 3 - axis);
  if (!turnsMatrices(turnedShape, turnedPerm)) return null;
  const turned = emitProduct(g, p.b, p.a, {
    transA: !p.transB,
    transB: !p.transA,
    alpha: p.alpha,
  });
  return transpose(g, reshape(g, turned, turnedShape), turnedPerm);
}

/**
 * Row sums of `w * (a b)` from the smaller `a` and `w b^T`, where the graph has the latter already;
 * else null. In attention `w` are the weights and `a b` their gradient.
 *
 * @see Dao et al. 2022, arXiv:2205.14135, appendix B.2: rowsum(dP * P) = rowsum(dO * O)
 */
export function rowSumsThroughProduct(g: Graph, x: Value): Value | null {
  if (x.node?.op !== "Mul") return null;
  const [first, second] = x.node.inputs as Value[];
  for (const [product, w] of [[first, second], [second, first]]) {
    const p = productOf(product);
    if (!p || p.alpha !== 1 || !sameShape(product.shape, w.shape)) continue;
    for (const node of g.nodes) {
      const o = productOf(node.outputs[0]);
      if (!o || o.alpha !== 1) continue;
      const isPlain = o.a === w && !o.transA && o.b === p.b && o.transB === !p.transB && !p.transA;
      const isTurned = o.b === w && o.transB && o.a === p.b && o.transA === p.transB && p.transA;
      if (!isPlain && !isTurned) continue;
      const axis = x.shape.length - (isPlain ? 1 : 2);
      const sums = reduce(g, "ReduceSum", mul(g, p.a, node.outputs[0]), [axis], true);
      return reshape(g, sums, [...x.shape.slice(0, -1), 1]);
    }
  }
  return null;
}
