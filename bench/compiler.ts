/**
 * Training steps of trading-size networks, in milliseconds a step: the compiler (an epoch in one
 * native call, and one call a step) beside tfjs on its own backends and PyTorch.
 *
 * All train the same network with Adam on minibatches gathered from a data set of eight batches; the
 * data is random. `tapebook` and `pytorch` run on one thread, `-2` on two; `pytorch-fused` is
 * PyTorch's fused Adam. GRU differs in one product: PyTorch resets after it, tfjs before. `ort` is
 * one native call a step. tfjs's eager backends run batch 64 only, and cpu only what takes it less
 * than a few seconds a step.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../lib/math/mod.ts";
import { compileStep, exportFunction, loadOnnx } from "../lib/onnx/mod.ts";
import { chooseBackend } from "../lib/training/backend.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  medianOf,
  runPythonPeer,
} from "./bench_result.ts";
import { type Net, nets } from "./cases/compiler_nets.ts";

const batchesPerEpoch = 8;
const optimizer = { kind: "adam" as const, learningRate: 1e-3 };

interface PeerRows {
  rows: { case: string; variant: "eager" | "fused"; runs: number[] }[];
  version: string;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { quick = false, log } = options;
  const seconds = quick ? 0.1 : 0.8;
  const batches = quick ? [64] : [64, 1024];
  const cases: BenchCase[] = [];
  const notes: string[] = [];
  await tf.setBackend("cpu");
  const only = (Deno.env.get("TAPEBOOK_BENCH_CASES") ?? "").split(",").filter(Boolean);
  const names = Object.keys(nets).filter((n) => only.length === 0 || only.includes(n));

  const compileTimes: string[] = [];
  for (const batch of batches) {
    const suffix = batch === 64 ? "" : `-${batch}`;
    const here = names.filter((n) => batch === 64 || n !== "transformer-1m");
    for (const name of here) {
      log(`${name}${suffix}`);
      const net = nets[name](batch);
      for (const threads of [1, 2]) {
        const { epochs, steps, compileMs } = await measureCompiled(net, batch, threads, seconds);
        const subject = threads === 1 ? "tapebook" : "tapebook-2";
        cases.push(benchCase(name + suffix, subject, "ms", epochs));
        if (threads === 1) {
          cases.push(benchCase(name + suffix, "ort", "ms", steps));
          compileTimes.push(`${name}${suffix} ${Math.round(compileMs)}`);
        }
      }
      net.dispose();
    }
    for (const threads of [1, 2]) {
      const peer = await runPythonPeer<PeerRows>(
        new URL("./peers/compiler_pytorch.py", import.meta.url),
        [here.join(","), String(batch), String(threads), String(seconds)],
        ["torch"],
        (line) => {
          log(line);
          if (!notes.includes(line)) notes.push(line);
        },
      );
      for (const r of peer?.rows ?? []) {
        const variant = r.variant === "eager" ? "pytorch" : "pytorch-fused";
        cases.push(
          benchCase(r.case + suffix, threads === 1 ? variant : `${variant}-2`, "ms", r.runs),
        );
      }
      if (peer && threads === 1 && batch === 64) notes.push(`PyTorch ${peer.version}`);
    }
  }
  if (!quick) await measureEager(names, cases, notes, log);
  await tf.setBackend("cpu");
  notes.push(`compile and first epoch, ms (target 1,000): ${compileTimes.join(", ")}`);
  notes.push(...ratios(cases));
  await measureInference(cases, seconds);
  notes.push(await measureMemory(cases, quick ? 2000 : 100_000, log));
  return { name: "compiler", machine: describeMachine(), cases, notes };
}

/** Random data for eight batches of a net. */
function dataOf(net: Net, batch: number): Record<string, Float32Array> {
  const rng = createRng(1);
  const data: Record<string, Float32Array> = {};
  for (const [name, spec] of Object.entries(net.inputs)) {
    const row = spec.shape.slice(1).reduce((a, b) => a * b, 1);
    data[name] = rng.fillNormal(new Float32Array(batchesPerEpoch * batch * row));
    if (name === "oldLogProbability") data[name] = data[name].map((v) => 0.1 * v - 1.1);
    if (name === "action") {
      data[name].fill(0);
      for (let i = 0; i < data[name].length; i += row) data[name][i + rng.integer(row)] = 1;
    }
  }
  return data;
}

async function measureCompiled(net: Net, batch: number, threads: number, seconds: number) {
  const data = dataOf(net, batch);
  const indices = Int32Array.from({ length: batchesPerEpoch * batch }, (_, i) => i);
  const rng = createRng(2);
  const started = performance.now();
  const step = await compileStep({ ...net, optimizer, threads });
  const first: Record<string, Float32Array> = {};
  for (const [name, spec] of Object.entries(net.inputs)) {
    first[name] = data[name].slice(0, spec.shape.reduce((a, b) => a * b, 1));
  }
  // What compiling costs: tracing, encoding and ONNX Runtime's own work, without the training.
  step.stepFeeds(first);
  const compileMs = performance.now() - started;
  step.epoch(data, rng.shuffle(indices));
  const epochs = repeat(seconds, () => step.epoch(data, rng.shuffle(indices)), batchesPerEpoch);
  const steps = repeat(seconds / 2, () => step.stepFeeds(first), 1);
  step.dispose();
  return { epochs, steps, compileMs };
}

/** Milliseconds of each call, over `count` steps each. */
function repeat(seconds: number, call: () => void, count: number): number[] {
  const runs: number[] = [];
  const started = performance.now();
  while (performance.now() - started < seconds * 1000 || runs.length < 3) {
    const t = performance.now();
    call();
    runs.push((performance.now() - t) / count);
  }
  return runs;
}

/** The same step on tfjs's own backends, operator by operator. */
async function measureEager(
  names: string[],
  cases: BenchCase[],
  notes: string[],
  log: (line: string) => void,
): Promise<void> {
  const batch = 64;
  for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
    const chosen = await chooseBackend(backend);
    if (chosen.name !== backend) {
      notes.push(`${backend}: ${chosen.reason}`);
      continue;
    }
    for (const name of names.filter((n) => n !== "transformer-1m")) {
      if (backend === "cpu" && (name === "cnn" || name === "hybrid")) continue;
      log(`${name} on ${backend}`);
      const net = nets[name](batch);
      try {
        const data = dataOf(net, batch);
        const inputs = Object.fromEntries(
          Object.entries(net.inputs).map(([k, s]) => [
            k,
            tf.tensor(data[k].slice(0, s.shape.reduce((a, b) => a * b, 1)), s.shape),
          ]),
        );
        const adam = tf.train.adam(1e-3);
        const step = () => {
          const loss = adam.minimize(() => net.loss(inputs) as tf.Scalar, true, net.variables)!;
          loss.dataSync();
          loss.dispose();
        };
        step();
        cases.push(benchCase(name, backend, "ms", repeat(0.3, step, 1)));
        tf.dispose(inputs);
      } catch (error) {
        notes.push(`${name} on ${backend}: ${(error as Error).message.split("\n")[0]}`);
      }
      net.dispose();
    }
  }
}

/** How many times faster than PyTorch eager, each with its better number of threads. */
function ratios(cases: BenchCase[]): string[] {
  const best = (name: string, subjects: string[]) =>
    Math.min(
      ...cases.filter((c) => c.case === name && subjects.includes(c.subject)).map((c) => c.value),
    );
  const lines: string[] = [];
  for (const name of new Set(cases.map((c) => c.case))) {
    const ours = best(name, ["tapebook", "tapebook-2"]),
      theirs = best(name, ["pytorch", "pytorch-2"]);
    if (!Number.isFinite(theirs)) continue;
    const target = /^(mlp|ppo)/.test(name) ? 4 : 1.2;
    lines.push(
      `${name}: ${
        (theirs / ours).toFixed(2)
      } x PyTorch eager, better thread count of each (target ${target})`,
    );
  }
  return lines;
}

/** One synchronous prediction of the MLP, exported and loaded as serving does. */
async function measureInference(cases: BenchCase[], seconds: number): Promise<void> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "relu", inputShape: [32] }),
      tf.layers.dense({ units: 64, activation: "relu" }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const bytes = exportFunction((x) => model.apply(x) as tf.Tensor, [{
    name: "x",
    shape: [-1, 32],
  }]);
  const loaded = await loadOnnx(bytes);
  for (const batch of [1, 64, 256]) {
    const feeds = { x: { data: new Float32Array(batch * 32).fill(0.1), shape: [batch, 32] } };
    const runs = repeat(seconds / 4, () => {
      for (let i = 0; i < 100; i++) loaded.runSync(feeds);
    }, 100);
    cases.push(benchCase(`policy-${batch}`, "tapebook", "ms", runs));
  }
  loaded.dispose();
  model.dispose();
}

/** Resident memory over many steps: half of them in epochs, half one by one. */
async function measureMemory(
  cases: BenchCase[],
  steps: number,
  log: (line: string) => void,
): Promise<string> {
  log(`memory over ${steps} steps`);
  const batch = 64;
  const net = nets.mlp(batch);
  const data = dataOf(net, batch);
  const step = await compileStep({ ...net, optimizer });
  const first: Record<string, Float32Array> = {};
  for (const [name, spec] of Object.entries(net.inputs)) {
    first[name] = data[name].slice(0, spec.shape.reduce((a, b) => a * b, 1));
  }
  const indices = Int32Array.from({ length: 50 * batch }, (_, i) => i % (batchesPerEpoch * batch));
  const curve: number[] = [];
  const points = 10;
  for (let p = 0; p <= points; p++) {
    curve.push(Deno.memoryUsage().rss / 2 ** 20);
    for (let i = 0; p < points && i < steps / points / 100; i++) {
      step.epoch(data, indices);
      for (let k = 0; k < 50; k++) step.stepFeeds(first);
      // Buffers given to native code are freed between turns of the event loop.
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
  }
  step.dispose();
  net.dispose();
  cases.push(benchCase("memory", "tapebook", "MiB", curve));
  const growth = medianOf(curve.slice(-3)) - medianOf(curve.slice(2, 5));
  return `resident memory over ${steps} steps, MiB: ${
    curve.map((v) => v.toFixed(0)).join(" ")
  } (growth after the start ${growth.toFixed(1)})`;
}
