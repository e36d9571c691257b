import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { trainSupervised } from "./trainer.ts";

const windowBars = 6, features = 3, length = 120;

function dataset(): SupervisedDataset {
  const rng = createRng(2);
  const columns = Array.from(
    { length: features },
    () => rng.fillNormal(new Float64Array(length)),
  );
  const time = Float64Array.from({ length }, (_, t) => t);
  const frame = { names: columns.map((_, i) => `noise_${i}`), columns, time, length };
  return new SupervisedDataset({ frame, labels: { values: columns[0] }, windowBars });
}

async function lossesOn(threads: number): Promise<number[]> {
  const model = await createModel({ kind: "cnn", windowBars, features, filters: 8, seed: 3 });
  const config = { epochs: 2, batchSize: 32, backend: "ort", threads } as const;
  const { history } = await trainSupervised(model, { train: dataset() }, config, { log: () => {} });
  model.dispose();
  return history.map((epoch) => epoch.loss);
}

Deno.test("training on two threads of ONNX Runtime agrees with training on one", async () => {
  const one = await lossesOn(1), two = await lossesOn(2);
  assert.equal(one.length, 2);
  one.forEach((loss, i) => assert.ok(Math.abs(two[i] - loss) <= 1e-5 * Math.abs(loss)));
});

Deno.test("a number of threads that is none is refused by name", async () => {
  await assert.rejects(lossesOn(0), { name: "RangeError", message: /threads must be .*got 0/ });
});
