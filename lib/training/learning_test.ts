/**
 * Each architecture against ridge regression on series whose signal is known, over 5 seeds; and
 * against shuffled labels, where there is nothing to find.
 */
import assert from "node:assert/strict";
import { SupervisedDataset, timeSplit } from "../datasets/mod.ts";
import { createRng, mean } from "../math/mod.ts";
import { createModel, fitRidge } from "../models/mod.ts";
import { evaluate, trainSupervised } from "./trainer.ts";

const windowBars = 5;
const quiet = { log: () => {} };

interface Signal {
  length: number;
  /** What a network must have over ridge regression: R2 on unseen data, mean of 5 seeds. */
  margin: number;
  make(rng: ReturnType<typeof createRng>, length: number): { x: Float64Array; y: Float64Array };
}

/** Series that end in a next value to predict. */
const signals: Record<string, Signal> = {
  /**
   * y = next value of an AR(2). Least squares is the best there is for a linear process with normal
   * noise, so a network can only tie: it pays for the parameters that it does not need.
   */
  linear: {
    length: 2500,
    margin: -0.06,
    make(rng, length) {
      const x = new Float64Array(length);
      for (let t = 2; t < length; t++) x[t] = 0.6 * x[t - 1] - 0.5 * x[t - 2] + 0.7 * rng.normal();
      return { x, y: x.map((_, t) => x[t + 1] ?? NaN) };
    },
  },
  /** y = next value of a threshold autoregression (Tong & Lim 1980): two lines, chosen by the past. */
  autoregression: {
    length: 1000,
    margin: 0.2,
    make(rng, length) {
      const x = new Float64Array(length);
      for (let t = 2; t < length; t++) {
        x[t] = (x[t - 2] > 0 ? 0.8 : -0.8) * x[t - 1] + 0.5 * rng.normal();
      }
      return { x, y: x.map((_, t) => x[t + 1] ?? NaN) };
    },
  },
  /** The sign of the relation switches with the regime, which the last two bars tell apart. */
  regime: {
    length: 1000,
    margin: 0.5,
    make(rng, length) {
      const x = rng.fillNormal(new Float64Array(length));
      const y = x.map((v, t) => t < 1 ? NaN : (x[t - 1] > 0 ? v : -v) + 0.3 * rng.normal());
      return { x, y };
    },
  },
  /** A rise of three bars in the window's end, hidden in noise, moves the label. */
  pattern: {
    length: 1000,
    margin: 0.2,
    make(rng, length) {
      const x = rng.fillNormal(new Float64Array(length));
      const y = x.map((v, t) =>
        t < 2 ? NaN : (v > x[t - 1] && x[t - 1] > x[t - 2] ? 1.5 : 0) + 0.3 * rng.normal()
      );
      return { x, y };
    },
  },
};

function sampleOf(signal: string, seed: number): { x: Float64Array; y: Float64Array } {
  return signals[signal].make(createRng(seed), signals[signal].length);
}

function datasets({ x, y }: { x: Float64Array; y: Float64Array }) {
  const { length } = x;
  const frame = { names: ["x"], columns: [x], time: x.map((_, t) => t), length };
  const split = timeSplit(length, { train: 0.6, validation: 0.15, test: 0.25, embargoBars: 10 });
  const make = ([from, to]: readonly [number, number]) =>
    new SupervisedDataset({ frame, labels: { values: y }, windowBars, from, to });
  return { train: make(split.train), validation: make(split.validation), test: make(split.test) };
}

const architectures: Record<string, Record<string, unknown>> = {
  mlp: { kind: "mlp", units: 24 },
  cnn: { kind: "cnn", filters: 16, pooling: "last" },
  lstm: { kind: "lstm", units: 12 },
  gru: { kind: "gru", units: 12 },
  transformer: {
    kind: "transformer",
    width: 16,
    layers: 1,
    attentionHeads: 2,
    position: "learned",
  },
  hybrid: { kind: "hybrid", filters: 8, units: 8, attentionHeads: 2, pooling: "last" },
};
const train = { epochs: 25, batchSize: 64, learningRate: 0.02, patience: 6, clipNorm: 1 };
const seeds = [1, 2, 3, 4, 5];

async function testR2(
  config: Record<string, unknown>,
  data: ReturnType<typeof datasets>,
  seed: number,
): Promise<number> {
  const model = await createModel(
    { ...config, windowBars, features: 1, seed } as unknown as Parameters<typeof createModel>[0],
  );
  // Attention wants smaller steps.
  const learningRate = config.kind === "transformer" ? 0.01 : train.learningRate;
  await trainSupervised(model, data, { ...train, learningRate, seed, backend: "ort" }, quiet);
  const { metrics } = await evaluate(model, data.test);
  model.dispose();
  return metrics.r2;
}

const baselines = new Map<string, Promise<number[]>>();
const ridgeR2 = (signal: string) => {
  if (!baselines.has(signal)) {
    baselines.set(
      signal,
      (async () => {
        const out: number[] = [];
        for (const seed of seeds) {
          const data = datasets(sampleOf(signal, seed));
          const ridge = await fitRidge(data.train);
          out.push((await evaluate(ridge, data.test)).metrics.r2);
          ridge.dispose();
        }
        return out;
      })(),
    );
  }
  return baselines.get(signal)!;
};

for (const [name, config] of Object.entries(architectures)) {
  Deno.test(`${name} beats ridge on each series that is not linear and ties where it is (5 seeds)`, async () => {
    const gaps: Record<string, number> = {};
    for (const signal of Object.keys(signals)) {
      const ridge = await ridgeR2(signal);
      const own: number[] = [];
      for (const seed of seeds) {
        own.push(await testR2(config, datasets(sampleOf(signal, seed)), seed));
      }
      gaps[signal] = mean(own) - mean(ridge);
    }
    const shown = JSON.stringify(gaps);
    for (const [signal, { margin }] of Object.entries(signals)) {
      assert.ok(gaps[signal] > margin, `${signal}: ${shown}`);
    }
  });

  Deno.test(`${name} finds nothing in shuffled labels (5 seeds)`, async () => {
    const scores: number[] = [];
    for (const seed of seeds) {
      const { x, y } = sampleOf("regime", seed);
      createRng(seed + 100).shuffle(y.subarray(1));
      scores.push(await testR2(config, datasets({ x, y }), seed));
    }
    assert.ok(mean(scores) < 0.03, `R2 ${scores}`);
  });
}
