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

/** Removes nodes of which no output of the graph depends. */
export function eliminateDead(graph: Graph): void {
  const live = new Set<GraphNode>();
  const stack = graph.outputs.map((o) => o.value);
  while (stack.length) {
    const node = stack.pop()!.node;
    if (!node || live.has(node)) continue;
    live.add(node);
    stack.push(...readsOf(node));
  }
  graph.nodes = graph.nodes.filter((n) => live.has(n));
}
