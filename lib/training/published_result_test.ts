/**
 * A published result, reproduced: which half of the year a day of Italy's power demand is from
 * (ItalyPowerDemand of the UCR archive: 67 days to train on, 1,029 to test, 24 hours each).
 *
 * Ismail Fawaz et al. 2019, "Deep learning for time series classification: a review", Data Mining and
 * Knowledge Discovery 33, arXiv:1809.04356: accuracy over 10 runs, in percent with its standard
 * deviation, as printed in the table of the paper's repository (github.com/hfawaz/dl-4-tsc): MLP 95.4
 * (0.2), FCN 96.1 (0.3), ResNet 96.3 (0.4).
 *
 * The network has the paper's shape, three layers of 500; settings were fixed before training and none is
 * chosen by the test days. See docs/models.md for the differences, and for a network that falls short.
 */
import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { mean } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { evaluate, trainSupervised } from "./trainer.ts";

const hours = 24;
const quiet = { log: () => {} };

/** The days of one part, one after the other; each is a window that ends in its last hour. */
async function days(part: "train" | "test"): Promise<SupervisedDataset> {
  const url = new URL("./testdata/italy_power_demand.csv", import.meta.url);
  const rows = (await Deno.readTextFile(url)).trim().split("\n")
    .map((line) => line.split(","))
    .filter(([name]) => name === part);
  const length = rows.length * hours;
  const demand = new Float64Array(length);
  const values = new Float64Array(length).fill(NaN);
  rows.forEach((row, day) => {
    for (let h = 0; h < hours; h++) demand[day * hours + h] = Number(row[1 + h]) / 1000;
    values[day * hours + hours - 1] = Number(row[1 + hours]) - 1;
  });
  const frame = { names: ["demand"], columns: [demand], time: demand.map((_, t) => t), length };
  return new SupervisedDataset({ frame, labels: { values }, windowBars: hours, classes: [0, 1] });
}

// Seeds 1 to 5 give 0.964, 0.962, 0.956, 0.951 and 0.971; one is 13 seconds, so the suite runs one.
const seeds = [1];

Deno.test("an MLP tells winter from summer days as well as Ismail Fawaz et al. 2019 report", async () => {
  const train = await days("train");
  const test = await days("test");
  assert.deepEqual([train.length, test.length], [67, 1029]);
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const model = await createModel({
      kind: "mlp",
      units: 500,
      layers: 3,
      dropout: 0.2,
      windowBars: hours,
      features: 1,
      outputs: 2,
      task: "classification",
      seed,
    });
    await trainSupervised(model, { train }, {
      epochs: 200,
      batchSize: 16,
      learningRate: 1e-3,
      seed,
      restoreBest: false,
      backend: "ort",
    }, quiet);
    accuracies.push((await evaluate(model, test)).metrics.accuracy);
    model.dispose();
  }
  // The paper's 0.954; its own runs differ by 0.002, ours by 0.007.
  assert.ok(Math.abs(mean(accuracies) - 0.954) < 0.02, `accuracy ${accuracies}`);
});
