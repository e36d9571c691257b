/**
 * The order in which ONNX Runtime runs a step's operators, as far as the order of a graph's nodes
 * decides it.
 * @module
 */
import type { Graph, GraphNode } from "./graph.ts";
import { makersOf, readersOf, readsOf } from "./reads.ts";

/**
 * Moves results that nothing else waits for, the variables' gradients above all, behind all other
 * nodes, the first to be ready last. ONNX Runtime then computes each as soon as its factors are
 * known, while these are in the cache, and what only the backward pass needs (a ReLU's mask) as late
 * as it can: in place of the activation that it is made from, whose gradient product has run by then.
 *
 * ONNX Runtime sorts by a depth-first search from the results, the last one first, and from each
 * node to its inputs, the latest one first; so does this.
 *
 * @param gather Joins the results, where they are not outputs each by itself.
 * @see https://github.com/microsoft/onnxruntime/blob/v1.23.0/onnxruntime/core/graph/graph_viewer.cc
 */
export function scheduleGradients(graph: Graph, gather: GraphNode | null = null): void {
  const readers = readersOf(graph);
  const followersOf = (node: GraphNode) => node.outputs.flatMap((v) => readers.get(v) ?? []);
  // Nodes of an outer graph have run before.
  const makers = makersOf(graph);
  const sourcesOf = (node: GraphNode) => readsOf(node).flatMap((v) => makers.get(v) ?? []);
  const after = new Set<GraphNode>();
  for (const node of graph.nodes) {
    if (node === gather || sourcesOf(node).some((source) => after.has(source))) after.add(node);
  }
  const isResult = (node: GraphNode) =>
    !after.has(node) && followersOf(node).every((reader) => reader === gather);

  const place = new Map(graph.nodes.map((node, i) => [node, i]));
  const outputs = new Set(graph.outputs.map((o) => o.value));
  /** Place of the last of the nodes that a node needs and does not have for itself. */
  const readyAt = new Map<GraphNode, number>();
  for (const node of graph.nodes) {
    const needed = sourcesOf(node).map((source) => {
      const isOwn = followersOf(source).length === 1 && !source.outputs.some((v) => outputs.has(v));
      return (isOwn ? readyAt : place).get(source)!;
    });
    readyAt.set(node, Math.max(-1, ...needed));
  }

  const results = graph.nodes.filter(isResult);
  results.sort((a, b) => readyAt.get(b)! - readyAt.get(a)! || place.get(b)! - place.get(a)!);
  const isMoved = new Set(results);
  graph.nodes = [
    ...graph.nodes.filter((node) => !after.has(node) && !isMoved.has(node)),
    ...results,
    ...after,
  ];
}
