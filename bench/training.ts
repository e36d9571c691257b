/**
 * Supervised training: time per update and samples per second of each architecture at two sizes, by
 * `trainSupervised` on every backend that is present, beside PyTorch's eager mode with the same
 * layers, shapes, batch, loss and optimizer (bench/peers/training_pytorch.py).
 *
 * A run is an epoch over windows of noise, after one epoch that is not counted: compilation is told
 * apart, as `compile` in ms. Batches are cut from overlapping windows by our dataset; PyTorch indexes
 * windows that lie ready in memory, which costs it less.
 * @module
 */
import { SupervisedDataset } from "../lib/datasets/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { createModel } from "../lib/models/mod.ts";
import {
  type BackendName,
  backendNames,
  chooseBackend,
  trainSupervised,
} from "../lib/training/mod.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";

interface Size {
  windowBars: number;
  features: number;
  units: number;
}

/** Trading size: 24 daily bars of 12 features; and one 5 to 10 times as heavy. */
const sizes: Record<string, Size> = {
  "": { windowBars: 24, features: 12, units: 32 },
  "-large": { windowBars: 64, features: 32, units: 64 },
};
const batchSize = 64;

/** Configurations of the architectures; the peer's script builds the same from the same numbers. */
const architectures: Record<string, (s: Size) => Record<string, unknown>> = {
  mlp: ({ units }) => ({ kind: "mlp", units, layers: 2 }),
  cnn: ({ units }) => ({ kind: "cnn", filters: units, layers: 2, kernel: 3 }),
  lstm: ({ units }) => ({ kind: "lstm", units }),
  gru: ({ units }) => ({ kind: "gru", units }),
  transformer: ({ units }) => ({
    kind: "transformer",
    width: units,
    layers: 1,
    attentionHeads: 4,
    feedForward: 2 * units,
    position: "none",
  }),
  hybrid: ({ units }) => ({
    kind: "hybrid",
    filters: units,
    layers: 1,
    kernel: 3,
    units,
    attentionHeads: 4,
    pooling: "last",
  }),
};

interface Measured {
  msPerStep: number[];
  compileMs: number;
}

async function measure(
  backend: BackendName,
  config: Record<string, unknown>,
  size: Size,
  steps: number,
  epochs: number,
  threads = 1,
): Promise<Measured> {
  const samples = steps * batchSize;
  const length = samples + size.windowBars - 1;
  const rng = createRng(1);
  const columns = Array.from(
    { length: size.features },
    () => rng.fillNormal(new Float64Array(length)),
  );
  const frame = {
    names: columns.map((_, i) => `noise_${i}`),
    columns,
    time: Float64Array.from({ length }, (_, t) => t),
    length,
  };
  const labels = { values: columns[0].map((v) => v > 0.4 ? 2 : v < -0.4 ? 0 : 1) };
  const train = new SupervisedDataset({ frame, labels, windowBars: size.windowBars });
  const model = await createModel(
    {
      ...config,
      windowBars: size.windowBars,
      features: size.features,
      outputs: 3,
      task: "classification",
      seed: 1,
    } as unknown as Parameters<typeof createModel>[0],
  );
  const seconds: number[] = [];
  const began = performance.now();
  let first = 0;
  const result = await trainSupervised(model, { train }, {
    epochs: epochs + 1,
    batchSize,
    optimizer: "adam",
    backend,
    threads,
  }, {
    log: () => {},
    onEpoch: (report) => {
      if (report.epoch === 0) first = performance.now() - began;
      else seconds.push(report.seconds);
    },
  });
  model.dispose();
  if (result.backend !== backend) throw new Error(`${backend} fell back to ${result.backend}`);
  const msPerStep = seconds.map((s) => s * 1000 / steps);
  const typical = Math.min(...msPerStep) * steps;
  return { msPerStep, compileMs: Math.max(0, first - typical) };
}

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick } = options;
  const cases: BenchCase[] = [];
  const notes = [
    `batch ${batchSize}; ${
      Object.entries(sizes).map(([name, s]) =>
        `${name || "plain"}: window ${s.windowBars} x ${s.features} features, width ${s.units}`
      ).join("; ")
    }; Adam, cross-entropy of 3 classes`,
    "pytorch is its faster setting of 1 and 2 threads; ort runs 1 thread, ort-2 two (`threads: 2`)",
  ];
  const present: BackendName[] = [];
  for (const name of backendNames) {
    const chosen = await chooseBackend(name, { log: () => {} });
    if (chosen.name === name) present.push(name);
    else log(`${name} is not present: its rows are left out`);
  }
  const peerCases: Record<string, Record<string, unknown>> = {};
  for (const [suffix, size] of Object.entries(sizes)) {
    if (quick && suffix) continue;
    for (const [kind, configOf] of Object.entries(architectures)) {
      const name = `${kind}${suffix}`;
      const fastSteps = quick ? 4 : suffix ? 12 : 40;
      peerCases[name] = { ...size, ...configOf(size), steps: fastSteps };
      for (const backend of present) {
        // Plain JavaScript takes seconds per update at the larger size.
        if (backend === "cpu" && (suffix || quick)) continue;
        const fast = backend === "ort" || backend === "tensorflow";
        // Eager steps of the larger size take a second and more.
        const steps = fast ? fastSteps : quick ? 4 : backend === "cpu" || suffix ? 1 : 4;
        const epochs = quick ? 2 : fast ? 7 : backend === "cpu" ? 1 : suffix ? 2 : 3;
        const { msPerStep, compileMs } = await measure(
          backend,
          configOf(size),
          size,
          steps,
          epochs,
        );
        const row = benchCase(name, backend, "ms", msPerStep);
        cases.push(row);
        cases.push(
          benchCase(
            `${name} samples`,
            backend,
            "samples/s",
            msPerStep.map((ms) => batchSize / ms * 1000),
          ),
        );
        if (backend === "ort") {
          cases.push(benchCase(`${name} compile`, backend, "ms", [compileMs]));
          const two = await measure(backend, configOf(size), size, steps, epochs, 2);
          cases.push(benchCase(name, "ort-2", "ms", two.msPerStep));
        }
        log(`${name} on ${backend}: ${row.value.toFixed(3)} ms per step`);
      }
    }
  }
  const peer = await runPythonPeer<Record<string, number[]>>(
    new URL("./peers/training_pytorch.py", import.meta.url),
    [JSON.stringify({ batchSize, cases: peerCases, runs: quick ? 2 : 7 })],
    ["torch"],
    log,
  );
  for (const [name, runs] of Object.entries(peer ?? {})) {
    cases.push(benchCase(name, "pytorch", "ms", runs));
    cases.push(
      benchCase(`${name} samples`, "pytorch", "samples/s", runs.map((ms) => batchSize / ms * 1000)),
    );
  }
  notes.push(...ratios(cases));
  return { name: "training", machine: describeMachine(), cases, notes };
}

/** How many times faster than PyTorch eager, each with its better number of threads. */
function ratios(cases: BenchCase[]): string[] {
  const valueOf = (name: string, subject: string) =>
    cases.find((c) => c.case === name && c.subject === subject)?.value ?? Infinity;
  return cases.filter((c) => c.subject === "pytorch" && c.unit === "ms").map(
    ({ case: name, value }) => {
      const ours = Math.min(valueOf(name, "ort"), valueOf(name, "ort-2"));
      return `${name}: ${(value / ours).toFixed(2)} x PyTorch eager, better thread count of each`;
    },
  );
}
