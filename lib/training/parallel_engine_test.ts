import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { readWeights } from "./engine.ts";
import { trainSupervised } from "./trainer.ts";

const length = 133;
const rng = createRng(6);
const x = rng.fillNormal(new Float64Array(length));
const frame = { names: ["x"], columns: [x], time: x, length };
const labels = { values: x.map((v) => v > 0 ? 1 : 0) };
const weights = Float64Array.from({ length }, () => rng.uniform());
const train = new SupervisedDataset({ frame, labels, windowBars: 4, weights });
const config = {
  kind: "gru",
  windowBars: 4,
  features: 1,
  units: 6,
  task: "classification",
  outputs: 2,
  dropout: 0.2,
  seed: 2,
} as const;
const quiet = { log: () => {} };

for (const backend of ["ort", "wasm"] as const) {
  Deno.test(`two workers on ${backend} train as one process does on the whole batch, to 1e-5`, async () => {
    const runs = [];
    for (const workers of [1, 2]) {
      const model = await createModel(config);
      const { history } = await trainSupervised(model, { train }, {
        epochs: 2,
        batchSize: 32,
        // An update outside of the graph, so that both draw the same dropout masks.
        optimizer: { kind: "rmsprop", learningRate: 0.01 },
        clipNorm: 1,
        backend,
        workers,
      }, quiet);
      runs.push({ history, weights: readWeights(model) });
      model.dispose();
    }
    const [one, two] = runs;
    one.history.forEach((h, i) => assert.ok(Math.abs(h.loss - two.history[i].loss) < 1e-5));
    one.weights.forEach((w, i) => assert.ok(Math.abs(w - two.weights[i]) < 1e-5, `weight ${i}`));
  });
}

Deno.test("workers are refused where the loss is not a mean over samples", async () => {
  const model = await createModel({ ...config, task: "position", outputs: 1 });
  await assert.rejects(
    () => trainSupervised(model, { train }, { workers: 2, backend: "wasm" }, quiet),
    /workers must be 1 for the sharpe loss/,
  );
  model.dispose();
});
