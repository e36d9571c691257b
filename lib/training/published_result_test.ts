/**
 * A published result, reproduced: one-year forecasts of sunspot numbers by a network of 12 inputs
 * and 8 hidden units, trained on 1700 to 1920.
 *
 * Weigend, Huberman & Rumelhart 1990, "Predicting the future: a connectionist approach", Int. J. of
 * Neural Systems 1(3): average relative variance (mean squared error / 1535) of 0.082 on the training
 * years, 0.086 on 1921 to 1955 and 0.35 on 1956 to 1979; a threshold autoregression (Tong & Lim 1980)
 * has 0.097, 0.097 and 0.28. Theirs is one network chosen by weight elimination, ours the mean
 * forecast of five seeds under decoupled weight decay; see docs/models.md for the differences.
 */
import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createModel } from "../models/mod.ts";
import { predict } from "./predict.ts";
import { trainSupervised } from "./trainer.ts";

Deno.test("a 12-8-1 network forecasts sunspots about as well as Weigend et al. 1990 report", async () => {
  const text = await Deno.readTextFile(new URL("./testdata/sunspots.csv", import.meta.url));
  const rows = text.trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  const scale = 100;
  const numbers = Float64Array.from(rows, (r) => r[1] / scale);
  const length = numbers.length;
  const frame = {
    names: ["sunspots"],
    columns: [numbers],
    time: Float64Array.from(rows, (r) => r[0]),
    length,
  };
  const labels = { values: numbers.map((_, t) => numbers[t + 1] ?? NaN) };
  /** Forecasts of the years `first` to `last`, each made the year before. */
  const years = (first: number, last: number) =>
    new SupervisedDataset({
      frame,
      labels,
      windowBars: 12,
      from: first - 1700 - 1,
      to: last - 1700,
    });
  const sets = { train: years(1712, 1920), early: years(1921, 1955), late: years(1956, 1979) };
  const seeds = [1, 2, 3, 4, 5];
  const forecasts = Object.fromEntries(
    Object.entries(sets).map(([name, d]) => [name, new Float64Array(d.length)]),
  );
  for (const seed of seeds) {
    const model = await createModel({
      kind: "mlp",
      windowBars: 12,
      features: 1,
      units: 8,
      layers: 1,
      activation: "tanh",
      seed,
    });
    await trainSupervised(model, { train: sets.train }, {
      epochs: 500,
      batchSize: 40,
      optimizer: { kind: "adamw", learningRate: 0.01, weightDecay: 0.03 },
      schedule: "cosine",
      seed,
      restoreBest: false,
      backend: "ort",
    }, { log: () => {} });
    for (const [name, d] of Object.entries(sets)) {
      (await predict(model, d)).forEach((v, i) => forecasts[name][i] += v / seeds.length);
    }
    model.dispose();
  }
  const relativeVariance = (name: keyof typeof sets) => {
    const { y } = sets[name];
    let sum = 0;
    forecasts[name].forEach((f, i) => sum += ((f - y[i]) * scale) ** 2 / y.length);
    return sum / 1535;
  };
  const ours = {
    train: relativeVariance("train"),
    early: relativeVariance("early"),
    late: relativeVariance("late"),
  };
  const shown = JSON.stringify(ours);
  assert.ok(Math.abs(ours.train - 0.082) < 0.01, shown);
  assert.ok(Math.abs(ours.early - 0.086) < 0.015, shown);
  assert.ok(Math.abs(ours.late - 0.35) < 0.1, shown);
});
