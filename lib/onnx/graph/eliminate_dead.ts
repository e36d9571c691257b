import { readsOf } from "./reads.ts";
import type { Graph, GraphNode } from "./graph.ts";

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
