/**
 * Supervised training: time per update and samples per second of each architecture at two sizes, by
 * `trainSupervised` on every backend that is present, beside PyTorch's eager mode with the same
 * layers, shapes, batch, loss and optimizer (bench/peers/training_pytorch.py).
 *
 * A run is an epoch over windows of noise, after one epoch that is not counted: compilation is told
 * apart, as `compile` in ms. `ort` is training as it is by default, which may share a batch between two
 * threads (`lanes`); `ort-1` keeps to one. `pytorch` is the faster of one and two threads, `pytorch-1`
 * one. Ours and PyTorch's are measured case by case, one after the other. Batches are cut from
 * overlapping windows by our trainer; PyTorch indexes windows that lie ready in memory, which costs it
 * less.
 *
 * Cases: mlp, cnn, lstm, gru, transformer and hybrid, each also with suffix -large (longer windows of
 * more features, a wider network) and -1024 (the batch; `ort` and PyTorch only).
 * `--case lstm-large,gru` picks some.
 * @module
 */
import { SupervisedDataset } from "../lib/datasets/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { createModel } from "../lib/models/mod.ts";
import {
  type BackendName,
  backendNames,
  chooseBackend,
  type TrainConfigInput,
  trainSupervised,
} from "../lib/training/mod.ts";
import { type Peer, startPeer } from "./bench_peer.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  chosenCases,
  describeMachine,
} from "./bench_result.ts";

interface Size {
  windowBars: number;
  features: number;
  units: number;
  batchSize: number;
  /** Updates per run of fast subjects. */
  steps: number;
}

/** Trading size: 24 daily bars of 12 features; one 5 to 10 times as heavy; and a large batch. */
const sizes: Record<string, Size> = {
  "": { windowBars: 24, features: 12, units: 32, batchSize: 64, steps: 160 },
  "-large": { windowBars: 64, features: 32, units: 64, batchSize: 64, steps: 24 },
  "-1024": { windowBars: 24, features: 12, units: 32, batchSize: 1024, steps: 16 },
};

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

interface Case {
  name: string;
  kind: string;
  suffix: string;
}

const allCases: Case[] = Object.keys(sizes).flatMap((suffix) =>
  Object.keys(architectures).map((kind) => ({ name: `${kind}${suffix}`, kind, suffix }))
);

/** Every name that `--case` takes. */
export const caseNames = allCases.map((c) => c.name);

/** Noise with labels of 3 classes, as many windows as `steps` batches take. */
function noise({ windowBars, features, batchSize }: Size, steps: number): SupervisedDataset {
  const length = steps * batchSize + windowBars - 1;
  const rng = createRng(1);
  const columns = Array.from({ length: features }, () => rng.fillNormal(new Float64Array(length)));
  const frame = {
    names: columns.map((_, i) => `noise_${i}`),
    columns,
    time: Float64Array.from({ length }, (_, t) => t),
    length,
  };
  const labels = { values: columns[0].map((v) => v > 0.4 ? 2 : v < -0.4 ? 0 : 1) };
  return new SupervisedDataset({ frame, labels, windowBars });
}

interface Measured {
  msPerStep: number[];
  compileMs: number;
  lanes: number;
}

async function measure(
  { kind, suffix }: Case,
  steps: number,
  epochs: number,
  settings: TrainConfigInput,
): Promise<Measured> {
  const size = sizes[suffix];
  const { windowBars, features, batchSize } = size;
  const train = noise(size, steps);
  const model = await createModel(
    {
      ...architectures[kind](size),
      windowBars,
      features,
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
    ...settings,
  }, {
    log: () => {},
    onEpoch: (report) => {
      if (report.epoch === 0) first = performance.now() - began;
      else seconds.push(report.seconds);
    },
  });
  model.dispose();
  const { backend, parts } = result;
  if (backend !== settings.backend) throw new Error(`${settings.backend} fell back to ${backend}`);
  const msPerStep = seconds.map((s) => s * 1000 / steps);
  const typical = Math.min(...msPerStep) * steps;
  return { msPerStep, compileMs: Math.max(0, first - typical), lanes: parts.lanes };
}

/** Updates per run, and runs, of a backend that computes eagerly: some take seconds an update. */
function eagerEffort(backend: BackendName, suffix: string, quick: boolean): [number, number] {
  if (backend === "tensorflow") return [quick || suffix ? 2 : 8, quick ? 2 : 3];
  if (quick || suffix) return [1, 2];
  return backend === "cpu" ? [1, 1] : [4, 3];
}

async function presentBackends(log: (line: string) => void): Promise<BackendName[]> {
  const present: BackendName[] = [];
  for (const name of backendNames) {
    const chosen = await chooseBackend(name, { log: () => {} });
    if (chosen.name === name) present.push(name);
    else log(`${name} is not present: its rows are left out`);
  }
  return present;
}

interface PeerAnswer {
  rows: { threads: number; runs: number[] }[];
  version: string;
}

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick = false } = options;
  const chosen = chosenCases("training", caseNames, options.parts);
  const selected = allCases.filter((c) => chosen.includes(c.name) && !(quick && c.suffix));
  const cases: BenchCase[] = [];
  const notes = [
    `${
      Object.entries(sizes).map(([name, s]) =>
        `${
          name || "plain"
        }: window ${s.windowBars} x ${s.features}, width ${s.units}, batch ${s.batchSize}`
      ).join("; ")
    }; Adam, cross-entropy of 3 classes`,
  ];
  const backends = await presentBackends(log);
  const peer = await startPeer(
    new URL("./peers/training_pytorch.py", import.meta.url),
    ["torch"],
    log,
  );
  try {
    // Answered once PyTorch is imported, which would take the second core from the first case.
    const ready = await peer?.ask<PeerAnswer>({ threads: [] });
    if (ready) notes.push(`PyTorch ${ready.version}`);
    for (const c of selected) {
      const rows: BenchCase[] = [];
      await measureOurs(c, backends, quick, rows, notes);
      if (peer) await measurePeer(c, peer, quick, rows);
      cases.push(...rows);
      const shown = rows.filter((r) => r.case === c.name);
      log(
        `${c.name}, ms: ${shown.map((r) => `${r.subject} ${r.value.toPrecision(3)}`).join(", ")}`,
      );
    }
  } finally {
    await peer?.close();
  }
  notes.push(...ratios(cases));
  return { name: "training", machine: describeMachine(), cases, notes };
}

function addRows(rows: BenchCase[], c: Case, subject: string, msPerStep: number[]): void {
  const { batchSize } = sizes[c.suffix];
  rows.push(benchCase(c.name, subject, "ms", msPerStep));
  const perSecond = msPerStep.map((ms) => batchSize / ms * 1000);
  rows.push(benchCase(`${c.name} samples`, subject, "samples/s", perSecond));
}

async function measureOurs(
  c: Case,
  backends: BackendName[],
  quick: boolean,
  rows: BenchCase[],
  notes: string[],
): Promise<void> {
  const { steps } = sizes[c.suffix];
  const [fastSteps, runs] = quick ? [4, 2] : [steps, 7];
  for (const backend of backends) {
    if (backend === "ort") {
      const usual = await measure(c, fastSteps, runs, { backend });
      addRows(rows, c, "ort", usual.msPerStep);
      rows.push(benchCase(`${c.name} compile`, "ort", "ms", [usual.compileMs]));
      notes.push(`${c.name}: ort took ${usual.lanes} lane${usual.lanes > 1 ? "s" : ""}`);
      if (usual.lanes > 1) {
        const one = await measure(c, fastSteps, runs, { backend, lanes: 1 });
        addRows(rows, c, "ort-1", one.msPerStep);
      }
      continue;
    }
    // Plain JavaScript takes seconds an update even at trading size.
    if (c.suffix === "-1024" || (backend === "cpu" && (c.suffix || quick))) continue;
    const [eagerSteps, eagerRuns] = eagerEffort(backend, c.suffix, quick);
    const { msPerStep } = await measure(c, eagerSteps, eagerRuns, { backend });
    addRows(rows, c, backend, msPerStep);
  }
}

async function measurePeer(c: Case, peer: Peer, quick: boolean, rows: BenchCase[]): Promise<void> {
  const size = sizes[c.suffix];
  const answer = await peer.ask<PeerAnswer>({
    ...size,
    ...architectures[c.kind](size),
    ...(quick ? { steps: 4 } : {}),
    runs: quick ? 2 : 7,
    threads: [1, 2],
  });
  const measured = answer.rows.map((r) => ({ ...r, row: benchCase(c.name, "", "ms", r.runs) }));
  const best = measured.reduce((a, b) => b.row.value < a.row.value ? b : a);
  addRows(rows, c, "pytorch", best.runs);
  if (best.threads > 1) addRows(rows, c, "pytorch-1", measured[0].runs);
}

/** How many times faster than PyTorch eager: as it comes, and on one thread each. */
function ratios(cases: BenchCase[]): string[] {
  const valueOf = (name: string, ...subjects: string[]) => {
    const found = subjects.map((s) =>
      cases.find((c) => c.case === name && c.unit === "ms" && c.subject === s)?.value
    );
    return found.find((v) => v !== undefined) ?? NaN;
  };
  return cases.filter((c) => c.subject === "pytorch" && c.unit === "ms").map(({ case: name }) => {
    const usual = valueOf(name, "pytorch") / valueOf(name, "ort");
    const one = valueOf(name, "pytorch-1", "pytorch") / valueOf(name, "ort-1", "ort");
    return `${name}: ${usual.toFixed(2)} x PyTorch eager; one thread each ${one.toFixed(2)} x`;
  });
}
