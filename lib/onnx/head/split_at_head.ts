/**
 * The head of a network in the graph of a step: its narrow last layers, the loss, and both on the way
 * back. A graph is split there into what comes before and after it.
 * @module
 */
import { sameShape, sizeOf } from "../graph/dtype.ts";
import { constantData, Graph, type GraphNode, splatOf, type Value } from "../graph/graph.ts";
import { makersOf, readersOf, readsOf } from "../graph/reads.ts";
import { mostColumns } from "./row_code.ts";

/** A narrow layer: `hidden weight + bias`. */
export interface Head {
  output: Value;
  /** Inputs of the graph. */
  weight: Value;
  bias: Value | null;
}

/** Layers on the same activations. */
export interface Trunk {
  /** The activations: rows of `width` numbers. */
  hidden: Value;
  /** What the head is given of them: themselves, or what a ReLU makes them from, without its bias. */
  given: Value;
  rectifiedBias: Value | null;
  width: number;
  heads: Head[];
  /** Elementwise values on the way back, by which gradients reach what lies before. */
  wide: Set<Value>;
  /** The last of them. */
  back: Value;
}

/** An output of the graph that the head makes. */
export type HeadOutput =
  & { name: string }
  & (
    /** A number, or a few. */
    | { kind: "total"; value: Value }
    /** A layer's gradient: the transposed activations times `delta`. */
    | { kind: "weight"; delta: Value; trunk: Trunk }
    /** Sums over the rows of `trunk.back`. */
    | { kind: "columns"; trunk: Trunk }
  );

/** A graph in three parts. */
export interface SplitGraph {
  /** Makes `passed`, but for what the trunks hand back. */
  before: Graph;
  head: { rows: number; trunks: Trunk[]; outputs: HeadOutput[]; makers: Map<Value, GraphNode> };
  after: Graph;
  /** Values that the parts pass on, under the names of outputs and inputs. */
  passed: { name: string; value: Value }[];
}

/** Parts pass on at most this many elements: half of a usual second-level cache. */
const mostPassed = 1 << 18;

/** Operators that may stand between a layer's gradient and what lies before the layer. */
const wideOperators = new Set(["Add", "Sub", "Mul", "Div", "Neg", "HardSigmoid"]);

const isPlainGemm = (node: GraphNode, ...transposed: string[]) =>
  node.op === "Gemm" && node.domain === "" &&
  Object.keys(node.attributes).sort().join() === transposed.join();

const isInput = (v: Value) => v.node === null && !v.constant;

/** A graph split at its head; null where none is found. */
export function splitAtHead(graph: Graph, rows: number): SplitGraph | null {
  if (graph.nodes.some((n) => Object.values(n.attributes).some((a) => a.kind === "graph"))) {
    return null;
  }
  const makers = makersOf(graph);
  const trunks = findTrunks(graph, rows);
  if (trunks.length === 0) return null;
  const outputsOf = (t: Trunk) => t.heads.map((h) => h.output);
  const later = downstream(graph, trunks.flatMap(outputsOf));
  const readers = readersOf(graph);
  for (const trunk of trunks) {
    const back = findBack(graph, trunk, later, makers, readers);
    if (!back || later.has(trunk.hidden)) return null;
    trunk.back = back;
  }
  const backs = trunks.map((t) => t.back);
  const afterBack = downstream(graph, backs);
  const isOfHead = (v: Value) => later.has(v) && !afterBack.has(v);
  const outputs: HeadOutput[] = [], others: Graph["outputs"] = [];
  for (const { name, value } of graph.outputs) {
    const node = makers.get(value);
    const trunk = trunks.find((t) => node && isColumnSum(node, t.back, rows));
    if (isOfHead(value)) outputs.push({ name, ...headOutput(value, trunks, makers) });
    else if (trunk && !readers.has(value)) outputs.push({ name, kind: "columns", trunk });
    else others.push({ name, value });
  }

  const beforeNodes = nodesOf(trunks.map((t) => t.hidden), makers, () => false);
  const cuts = new Set<Value>();
  let isWhole = true;
  const afterNodes = nodesOf(others.map((o) => o.value), makers, (v) => {
    if (backs.includes(v)) return true;
    if (isOfHead(v)) isWhole = false;
    const node = makers.get(v);
    if (!node || !beforeNodes.has(node)) return false;
    cuts.add(v);
    return true;
  });
  const isMade = (v: Value) => afterNodes.has(makers.get(v)!) || v.constant !== undefined;
  if (!isWhole || afterNodes.size === 0 || !others.every((o) => isMade(o.value))) return null;
  for (const trunk of trunks) {
    if (!cuts.has(trunk.hidden)) giveUnrectified(trunk, beforeNodes, makers, readers);
    cuts.add(trunk.given);
  }
  const passed = [...cuts, ...backs].map((value, i) => ({ name: `passed/${i}`, value }));
  if (passed.reduce((n, p) => n + sizeOf(p.value.shape), 0) > mostPassed) return null;
  return {
    before: partOf(graph, beforeNodes, passed.slice(0, cuts.size), []),
    head: { rows, trunks, outputs, makers },
    after: partOf(graph, afterNodes, others, passed),
    passed,
  };
}

/** Narrow layers on rows, by what they have in common. */
function findTrunks(graph: Graph, rows: number): Trunk[] {
  const trunks = new Map<Value, Trunk>();
  for (const node of graph.nodes) {
    if (!isPlainGemm(node)) continue;
    const [hidden, weight, bias = null] = node.inputs as [Value, Value, Value?];
    const [output] = node.outputs, [width, columns] = weight.shape;
    const fits = hidden.node && hidden.shape[0] === rows && width % 4 === 0 &&
      columns <= mostColumns && width > mostColumns && isInput(weight) &&
      (!bias || (isInput(bias) && sizeOf(bias.shape) === columns));
    if (!fits) continue;
    const trunk = trunks.get(hidden) ??
      {
        hidden,
        given: hidden,
        rectifiedBias: null,
        width,
        heads: [],
        wide: new Set<Value>(),
        back: hidden,
      };
    trunk.heads.push({ output, weight, bias });
    trunks.set(hidden, trunk);
  }
  return [...trunks.values()];
}

/** The value by which a trunk's gradient reaches what lies before; null if there is not one alone. */
function findBack(
  graph: Graph,
  trunk: Trunk,
  later: Set<Value>,
  makers: Map<Value, GraphNode>,
  readers: Map<Value, GraphNode[]>,
): Value | null {
  const { hidden, heads, wide } = trunk;
  const isWide = (v: Value) => wide.has(v);
  const isOfHidden = (v: Value): boolean => {
    if (v === hidden || splatOf(v) !== undefined) return true;
    const node = makers.get(v);
    return node !== undefined && !later.has(v) && wideOperators.has(node.op) &&
      sameShape(v.shape, hidden.shape) && node.inputs.every((i) => isOfHidden(i!));
  };
  const nodes = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (!later.has(output) || !sameShape(output.shape, hidden.shape)) continue;
    const isProduct = isPlainGemm(node, "transB") &&
      heads.some((h) => h.weight === node.inputs[1]) &&
      later.has(node.inputs[0]!) && (!node.inputs[2] || isWide(node.inputs[2]));
    const isElementwise = wideOperators.has(node.op) && node.inputs.some((v) => isWide(v!)) &&
      node.inputs.every((v) => isWide(v!) || isOfHidden(v!));
    if (!isProduct && !isElementwise) continue;
    wide.add(output);
    nodes.add(node);
  }
  const outputs = new Set(graph.outputs.map((o) => o.value));
  const leaving = [...wide].filter((v) =>
    outputs.has(v) || (readers.get(v) ?? []).some((node) => !nodes.has(node))
  );
  return leaving.length === 1 ? leaving[0] : null;
}

/** Leaves bias and ReLU to the head, which reads the activations anyway. */
function giveUnrectified(
  trunk: Trunk,
  nodes: Set<GraphNode>,
  makers: Map<Value, GraphNode>,
  readers: Map<Value, GraphNode[]>,
): void {
  const relu = makers.get(trunk.hidden)!;
  const product = relu.op === "Relu" ? makers.get(relu.inputs[0]!) : undefined;
  const [a, b, bias] = product?.inputs ?? [];
  const isOwn = product && isPlainGemm(product) &&
    readers.get(product.outputs[0])!.length === 1 &&
    !readers.get(trunk.hidden)!.some((node) => nodes.has(node));
  if (!isOwn || !bias || !isInput(bias) || sizeOf(bias.shape) !== trunk.width) return;
  // The same value, now without what stands between it and the activations.
  const given = { ...product, inputs: [a, b] };
  nodes.delete(relu);
  nodes.delete(product);
  nodes.add(given);
  makers.set(product.outputs[0], given);
  trunk.given = product.outputs[0];
  trunk.rectifiedBias = bias;
}

/** Whether a node adds up the rows of `v` by a product with ones. */
function isColumnSum(node: GraphNode, v: Value, rows: number): boolean {
  const [ones, summed] = node.inputs;
  return isPlainGemm(node) && node.inputs.length === 2 && summed === v &&
    splatOf(ones!) === 1 && sameShape(ones!.shape, [1, rows]);
}

type HeadOutputKind =
  | { kind: "total"; value: Value }
  | { kind: "weight"; delta: Value; trunk: Trunk };

function headOutput(
  value: Value,
  trunks: Trunk[],
  makers: Map<Value, GraphNode>,
): HeadOutputKind {
  const gradient = (node: GraphNode | undefined, turned: boolean): HeadOutputKind | null => {
    if (!node || !isPlainGemm(node, "transA") || node.inputs.length !== 2) return null;
    const [a, b] = node.inputs as [Value, Value];
    const [hidden, delta] = turned ? [b, a] : [a, b];
    const trunk = trunks.find((t) => t.hidden === hidden);
    return trunk ? { kind: "weight", delta, trunk } : null;
  };
  const node = makers.get(value);
  // Computed transposed where it is narrow, and turned by a product with ones on the diagonal.
  const turned = node && isPlainGemm(node, "transA") && isIdentity(node.inputs[1]!)
    ? gradient(makers.get(node.inputs[0]!), true)
    : null;
  return turned ?? gradient(node, false) ?? { kind: "total", value };
}

function isIdentity(v: Value): boolean {
  const [n, columns] = v.shape;
  return v.constant !== undefined && n === columns &&
    Array.from(constantData(v), Number).every((x, i) => x === Number(i % (n + 1) === 0));
}

/** Values that depend on one of `values`, without these. */
function downstream(graph: Graph, values: Value[]): Set<Value> {
  const from = new Set(values), found = new Set<Value>();
  for (const node of graph.nodes) {
    if (!readsOf(node).some((v) => from.has(v) || found.has(v))) continue;
    for (const v of node.outputs) if (!from.has(v)) found.add(v);
  }
  return found;
}

/** The nodes that `values` need, as far as those that `stops` is true of. */
function nodesOf(
  values: Value[],
  makers: Map<Value, GraphNode>,
  stops: (v: Value) => boolean,
): Set<GraphNode> {
  const found = new Set<GraphNode>();
  const stack = [...values];
  while (stack.length > 0) {
    const v = stack.pop()!;
    if (stops(v)) continue;
    const node = makers.get(v);
    if (!node || found.has(node)) continue;
    found.add(node);
    stack.push(...readsOf(node));
  }
  return found;
}

/** A graph of some nodes of another, which takes `passed` values instead of making them. */
function partOf(
  graph: Graph,
  nodes: Set<GraphNode>,
  outputs: Graph["outputs"],
  passed: { name: string; value: Value }[],
): Graph {
  const part = new Graph({ forRuntime: graph.forRuntime });
  // By what they make: a node may stand in for another.
  const place = new Map(graph.nodes.map((node, i) => [node.outputs[0], i]));
  const byPlace = (a: GraphNode, b: GraphNode) =>
    place.get(a.outputs[0])! - place.get(b.outputs[0])!;
  const made = new Set([...nodes].flatMap((node) => node.outputs));
  const reads = new Set([...nodes].flatMap(readsOf));
  for (const v of graph.inputs) if (reads.has(v)) part.inputs.push(v);
  const taken = new Map<Value, Value>();
  for (const { name, value } of passed) {
    if (!reads.has(value) || made.has(value)) continue;
    taken.set(value, part.input(name, value.dtype, value.shape));
  }
  part.nodes = [...nodes].sort(byPlace).map((node) => ({
    ...node,
    inputs: node.inputs.map((v) => v && (taken.get(v) ?? v)),
  }));
  for (const { name, value } of outputs) part.output(name, value);
  return part;
}
