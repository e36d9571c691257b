import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { runOrder } from "../graph/_run_order.ts";
import { encodeModel } from "../graph/model_proto.ts";
import { createSessionSync, loadRuntime, ortTensor } from "../runtime.ts";
import { gemm } from "./matmul.ts";

await loadRuntime();

/** Two products with the same transposed left factor. */
function sharedFactor(terms: number, rows: number, columns: number) {
  const g = new Graph({ forRuntime: true });
  const input = (name: string, width: number) => g.input(name, "float32", [terms, width]);
  const a = input("a", rows), b = input("b", columns), c = input("c", columns);
  const product = (x: Value) => gemm(g, a, x, null, { transA: true });
  g.output("ab", product(b));
  g.output("ac", product(c));
  const rng = createRng(3);
  const feeds = Object.fromEntries(
    g.inputs.map((v) => [v.name!, rng.fillNormal(new Float32Array(terms * v.shape[1]))]),
  );
  return { g, feeds };
}

const transposes = (ops: string[]) => ops.filter((op) => op === "Transpose").length;

Deno.test("a wide transposed factor of two products is transposed once, and by itself", async () => {
  const { g, feeds } = sharedFactor(128, 128, 256);
  const order = await runOrder(g, feeds, "all");
  assert.equal(transposes(order), 1, order.join());
});

Deno.test("a narrow one, or one wider than the other factor, is left to the products", async () => {
  for (const [rows, columns] of [[127, 256], [256, 128]]) {
    const { g, feeds } = sharedFactor(128, rows, columns);
    const order = await runOrder(g, feeds, "all");
    assert.equal(transposes(order), 0, order.join());
  }
});

Deno.test("products with a transposed factor are right", () => {
  for (const [terms, rows, columns] of [[130, 128, 131], [128, 256, 128], [140, 6, 9]]) {
    const { g, feeds } = sharedFactor(terms, rows, columns);
    const session = createSessionSync(encodeModel(g), {});
    const tensors = g.inputs.map((v) => [
      v.name!,
      ortTensor(feeds[v.name!], "float32", v.shape),
    ]);
    const got = session.run(Object.fromEntries(tensors));
    for (const other of ["b", "c"]) {
      const data = got[`a${other}`].data as Float32Array;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let want = 0, scale = 0;
          for (let k = 0; k < terms; k++) {
            const term = feeds.a[k * rows + i] * feeds[other][k * columns + j];
            want += term;
            scale += Math.abs(term);
          }
          const far = Math.abs(data[i * columns + j] - want);
          assert.ok(far <= 1e-6 * scale, `[${terms}, ${rows}, ${columns}] ${i}, ${j}: ${far}`);
        }
      }
    }
    session.dispose();
  }
});
