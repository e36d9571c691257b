/**
 * Memory of one training epoch over 1,000,000 windows: resident set sampled along the epoch. Windows
 * are cut from one matrix of bars when a step needs them, so the curve is flat.
 * @module
 */
import { SupervisedDataset } from "../lib/datasets/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { createModel } from "../lib/models/mod.ts";
import { trainSupervised } from "../lib/training/mod.ts";
import { benchCase, type BenchOptions, type BenchResult, describeMachine } from "./bench_result.ts";

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const samples = options.quick ? 100_000 : 1_000_000;
  const windowBars = 16;
  const features = 8;
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
  const model = await createModel({ kind: "mlp", windowBars, features, units: 16, seed: 1 });
  const curve: number[] = [];
  const every = Math.ceil(train.length / 256 / 20);
  const result = await trainSupervised(model, { train }, { epochs: 1, batchSize: 256 }, {
    log: options.log,
    onBatch: ({ batch }) => {
      if (batch % every === 0) curve.push(Deno.memoryUsage().rss / 2 ** 20);
    },
  });
  model.dispose();
  options.log(`resident MiB along the epoch: ${curve.map((v) => v.toFixed(0)).join(" ")}`);
  // The first samples include compilation and the session's own buffers.
  const settled = curve.slice(Math.ceil(curve.length / 4));
  const name = `epoch of ${samples} windows`;
  return {
    name: "training_memory",
    machine: describeMachine(),
    cases: [
      benchCase(`${name}: peak`, result.backend, "MiB", [Math.max(...curve)]),
      benchCase(`${name}: growth after its first quarter`, result.backend, "MiB", [
        Math.max(...settled) - settled[0],
      ]),
      benchCase(`${name}: speed`, result.backend, "samples/s", [result.samplesPerSecond]),
    ],
    notes: [
      `windows of ${windowBars} x ${features}; all of them at once would take ${
        (samples * windowBars * features * 4 / 2 ** 20).toFixed(0)
      } MiB`,
      `resident MiB along the epoch: ${curve.map((v) => v.toFixed(0)).join(" ")}`,
    ],
  };
}
