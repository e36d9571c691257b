/**
 * Makes lib/tuner/testdata/tabular_hpo.json: a table of validation losses of real trainings of our
 * MLP on the S&P 500 sample, one for every combination of its hyperparameters, against which
 * samplers are compared without training again.
 *
 *     deno run -A tests/support/make_tabular_hpo.ts
 *
 * The task is the next day's log of squared return (volatility), from ten lagged features: something
 * that can be learnt. Each cell is the best validation loss of 4 epochs.
 * @module
 */
import { sampleBars } from "../../lib/data/mod.ts";
import { SupervisedDataset } from "../../lib/datasets/mod.ts";
import { createModel } from "../../lib/models/mod.ts";
import { trainSupervised } from "../../lib/training/mod.ts";

const space: [string, number[]][] = [
  ["learningRate", [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]],
  ["units", [2, 4, 8, 16, 32]],
  ["layers", [1, 2, 3]],
  ["batchSize", [32, 128, 512]],
  ["windowBars", [1, 5, 20]],
];
const bars = await sampleBars();
const { close, length } = bars;
const logVariance = new Float64Array(length).fill(NaN);
for (let t = 1; t < length; t++) {
  logVariance[t] = Math.log(Math.log(close[t] / close[t - 1]) ** 2 + 1e-6);
}
const absolute = logVariance.map((v) => (v + 10) / 2.5);
const smooth = new Float64Array(length).fill(NaN);
for (let t = 1; t < length; t++) {
  smooth[t] = Number.isNaN(smooth[t - 1]) ? absolute[t] : 0.9 * smooth[t - 1] + 0.1 * absolute[t];
}
const frame = {
  names: ["absolute", "smooth"],
  columns: [absolute, smooth],
  time: bars.time,
  length,
};
const labels = { values: Float64Array.from(absolute, (_, t) => absolute[t + 1] ?? NaN) };
const losses: number[] = [];
const sizes = space.map(([, values]) => values.length);
const total = sizes.reduce((a, b) => a * b);
const started = Date.now();
for (let index = 0; index < total; index++) {
  let rest = index;
  const chosen: Record<string, number> = {};
  for (let j = space.length - 1; j >= 0; j--) {
    chosen[space[j][0]] = space[j][1][rest % sizes[j]];
    rest = Math.floor(rest / sizes[j]);
  }
  const { windowBars, units, layers, batchSize, learningRate } = chosen;
  const train = new SupervisedDataset({ frame, labels, windowBars, from: 21, to: 2500 });
  const validation = new SupervisedDataset({ frame, labels, windowBars, from: 2520, to: 3500 });
  const model = await createModel({ kind: "mlp", windowBars, features: 2, units, layers, seed: 7 });
  let loss = Infinity;
  try {
    const { history } = await trainSupervised(model, { train, validation }, {
      epochs: 4,
      batchSize,
      learningRate,
      seed: 7,
    }, { log: () => {} });
    for (const epoch of history) loss = Math.min(loss, epoch.validationLoss ?? Infinity);
  } catch {
    loss = 10; // The loss became NaN.
  }
  losses.push(Number(Math.min(loss, 10).toPrecision(6)));
  model.dispose();
  if (index % 50 === 0) console.error(index, total, losses.at(-1), (Date.now() - started) / 1000);
}
await Deno.writeTextFile(
  new URL("../../lib/tuner/testdata/tabular_hpo.json", import.meta.url),
  JSON.stringify({ space, losses }) + "\n",
);
