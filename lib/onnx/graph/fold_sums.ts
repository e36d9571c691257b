import { sameShape } from "./dtype.ts";
import type { Graph, Value } from "./graph.ts";

/**
 * Turns `Gemm + x` into Gemm with third operand x, where the product is used for nothing else:
 * gradients that flow together need no pass of their own. Runs after dead nodes are gone.
 */
export function foldSums(graph: Graph): void {
  const uses = new Map<Value, number>();
  const use = (v: Value) => uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const n of graph.nodes) for (const v of n.inputs) if (v) use(v);
  for (const o of graph.outputs) use(o.value);
  const removed = new Set<unknown>();
  // Folding a sum into its second product may leave the first one as an operand: a chain.
  const gemmOf = new Map(
    graph.nodes.filter((n) => n.op === "Gemm").map((n) => [n.outputs[0], n]),
  );
  graph.nodes = graph.nodes.map((add) => {
    if (add.op !== "Add") return add;
    for (const side of [1, 0]) {
      const product = add.inputs[side]!, other = add.inputs[1 - side]!;
      const gemm = gemmOf.get(product);
      const fits = gemm?.inputs.length === 2 && uses.get(product) === 1 &&
        sameShape(product.shape, other.shape) && product !== other;
      if (!fits) continue;
      removed.add(gemm);
      const folded = { ...gemm, inputs: [...gemm.inputs, other], outputs: add.outputs };
      gemmOf.set(add.outputs[0], folded);
      return folded;
    }
    return add;
  }).filter((n) => !removed.has(n));
}
