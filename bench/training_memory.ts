/**
 * Memory of one training epoch over 1,000,000 windows: resident set sampled along the epoch. Windows
 * are cut from one matrix of bars when a step needs them, so the curve is flat, also where batches are
 * shared among lanes.
 *
 * Cases: mlp (batch 256, whole epochs in one graph), cnn (batch 1,024, in lanes). `--case` picks one.
 * @module
 */
import { SupervisedDataset } from "../lib/datasets/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { createModel, type ModelConfig } from "../lib/models/mod.ts";
import { type TrainConfigInput, type TrainResult, trainSupervised } from "../lib/training/mod.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  chosenCases,
  describeMachine,
} from "./bench_result.ts";

const windowBars = 16;
const features = 8;

interface Setting {
  model: Record<string, unknown>;
  training: TrainConfigInput;
}

const settings: Record<string, Setting> = {
  mlp: { model: { kind: "mlp", units: 16 }, training: { batchSize: 256 } },
  cnn: { model: { kind: "cnn", filters: 16 }, training: { batchSize: 1024, lanes: 2 } },
};

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const samples = options.quick ? 100_000 : 1_000_000;
  const length = samples + windowBars - 1;
  const rng = createRng(1);
  const columns = Array.from({ length: features }, () => rng.fillNormal(new Float64Array(length)));
  const frame = {
    names: columns.map((_, i) => `noise_${i}`),
    columns,
    time: columns[0].map((_, t) => t),
    length,
  };
  const train = new SupervisedDataset({ frame, labels: { values: columns[0] }, windowBars });
  const cases: BenchCase[] = [];
  const notes = [
    `windows of ${windowBars} x ${features}; all of them at once would take ${
      (samples * windowBars * features * 4 / 2 ** 20).toFixed(0)
    } MiB`,
  ];
  for (const name of chosenCases("training_memory", Object.keys(settings), options.parts)) {
    const { curve, result } = await measure(settings[name], train, options);
    const shown = `${name}, resident MiB along the epoch: ${
      curve.map((v) => v.toFixed(0)).join(" ")
    }`;
    options.log(shown);
    notes.push(shown);
    // The first samples include compilation and the session's own buffers.
    const settled = curve.slice(Math.ceil(curve.length / 4));
    const what = `${name}, epoch of ${samples} windows`;
    cases.push(
      benchCase(`${what}: peak`, result.backend, "MiB", [Math.max(...curve)]),
      benchCase(`${what}: growth after its first quarter`, result.backend, "MiB", [
        Math.max(...settled) - settled[0],
      ]),
      benchCase(`${what}: speed`, result.backend, "samples/s", [result.samplesPerSecond]),
    );
  }
  return { name: "training_memory", machine: describeMachine(), cases, notes };
}

async function measure(
  setting: Setting,
  train: SupervisedDataset,
  { log }: BenchOptions,
): Promise<{ curve: number[]; result: TrainResult }> {
  const config = { ...setting.model, windowBars, features, seed: 1 };
  const model = await createModel(config as unknown as ModelConfig);
  const curve: number[] = [];
  const every = Math.ceil(train.length / setting.training.batchSize! / 20);
  const result = await trainSupervised(model, { train }, { epochs: 1, ...setting.training }, {
    log,
    onBatch: ({ batch }) => {
      if (batch % every === 0) curve.push(Deno.memoryUsage().rss / 2 ** 20);
    },
  });
  model.dispose();
  return { curve, result };
}
