import type { Graph, GraphNode, Value } from "./graph.ts";

/** Values that a node reads, those that its bodies read from outside included. */
export function readsOf(node: GraphNode): Value[] {
  const reads = node.inputs.filter((v) => v !== null);
  for (const a of Object.values(node.attributes)) {
    if (a.kind !== "graph") continue;
    const own = new Set<Value>(a.value.inputs);
    for (const n of a.value.nodes) {
      for (const v of readsOf(n)) if (!own.has(v)) reads.push(v);
      for (const v of n.outputs) own.add(v);
    }
    for (const o of a.value.outputs) if (!own.has(o.value)) reads.push(o.value);
  }
  return reads;
}

/** The node that makes each value. Not `v.node`, which a rewritten node leaves behind. */
export const makersOf = (graph: Graph): Map<Value, GraphNode> =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node])));

/** The nodes that read each value. */
export function readersOf(graph: Graph): Map<Value, GraphNode[]> {
  const readers = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const v of readsOf(node)) {
      const known = readers.get(v);
      if (known) known.push(node);
      else readers.set(v, [node]);
    }
  }
  return readers;
}
