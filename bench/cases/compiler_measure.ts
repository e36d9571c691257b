/**
 * How the compiler's benchmark measures: a net's compiled step, the same step on tfjs's backends,
 * predictions of a policy, and memory over many steps.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../../lib/math/mod.ts";
import { compileStep, exportFunction, loadOnnx } from "../../lib/onnx/mod.ts";
import { type Net, nets } from "./compiler_nets.ts";

const batchesPerEpoch = 8;
const optimizer = { kind: "adam" as const, learningRate: 1e-3 };

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Random data for eight batches of a net, and its first batch. */
function dataOf(net: Net, batch: number) {
  const rng = createRng(1);
  const data: Record<string, Float32Array> = {};
  const first: Record<string, Float32Array> = {};
  for (const [name, spec] of Object.entries(net.inputs)) {
    const row = sizeOf(spec.shape.slice(1));
    data[name] = rng.fillNormal(new Float32Array(batchesPerEpoch * batch * row));
    if (name === "oldLogProbability") data[name] = data[name].map((v) => 0.1 * v - 1.1);
    if (name === "action") {
      data[name].fill(0);
      for (let i = 0; i < data[name].length; i += row) data[name][i + rng.integer(row)] = 1;
    }
    first[name] = data[name].slice(0, batch * row);
  }
  return { data, first };
}

/** Milliseconds of each call, over `count` steps each; at least one call, however long. */
function repeat(seconds: number, call: () => void, count: number, atLeast = 3): number[] {
  const runs: number[] = [];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  // A slow case is measured fewer times rather than left out.
  while (elapsed() < seconds || (runs.length < atLeast && elapsed() < 8 * seconds)) {
    const t = performance.now();
    call();
    runs.push((performance.now() - t) / count);
  }
  return runs;
}

/** A net's compiled step, which may be measured more than once. */
export interface CompiledNet {
  /** Tracing, encoding and ONNX Runtime's own work in milliseconds, the first step included. */
  compileMs: number;
  /** Milliseconds a step, of eight in one native call and of one native call each. */
  measure(seconds: number): { epochs: number[]; steps: number[] };
  dispose(): void;
}

export async function compileNet(
  net: Net,
  batch: number,
  how: { lanes: number; microBatch?: number },
): Promise<CompiledNet> {
  const { data, first } = dataOf(net, batch);
  // Drawn beforehand, as the peer's are: shuffling is no part of a step.
  const rng = createRng(2);
  const orders = Array.from(
    { length: 16 },
    () => rng.shuffle(Int32Array.from({ length: batchesPerEpoch * batch }, (_, i) => i)),
  );
  const started = performance.now();
  const step = await compileStep({ ...net, optimizer, ...how });
  step.stepFeeds(first);
  const compileMs = performance.now() - started;
  let turn = 0;
  const epoch = () => void step.epoch(data, orders[turn++ % orders.length]);
  return {
    compileMs,
    measure(seconds) {
      // Not measured, as the peer's first one is not.
      epoch();
      const epochs = repeat(seconds, epoch, batchesPerEpoch);
      return { epochs, steps: repeat(seconds / 2, () => step.stepFeeds(first), 1, 1) };
    },
    dispose: () => step.dispose(),
  };
}

/** The same step on tfjs's present backend, operator by operator: milliseconds a step. */
export function measureEager(
  net: Net,
  batch: number,
  seconds: number,
  longestStepMs: number,
): { runs: number[]; isOneStep: boolean } {
  const { first } = dataOf(net, batch);
  const inputs = Object.fromEntries(
    Object.entries(net.inputs).map(([k, s]) => [k, tf.tensor(first[k], s.shape)]),
  );
  const adam = tf.train.adam(1e-3);
  const step = () => {
    const loss = adam.minimize(() => net.loss(inputs) as tf.Scalar, true, net.variables)!;
    loss.dataSync();
    loss.dispose();
  };
  try {
    const one = repeat(0, step, 1, 1);
    const isOneStep = one[0] > longestStepMs;
    return { runs: isOneStep ? one : repeat(seconds, step, 1), isOneStep };
  } finally {
    tf.dispose(inputs);
    adam.dispose();
  }
}

/** The policy whose predictions are measured. */
function policy(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "relu", inputShape: [32] }),
      tf.layers.dense({ units: 64, activation: "relu" }),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

/** Milliseconds of one prediction, exported and loaded as serving does. */
export async function measurePredictions(
  batches: readonly number[],
  seconds: number,
): Promise<number[][]> {
  const model = policy();
  const spec = { name: "x", shape: [-1, 32] };
  const loaded = await loadOnnx(exportFunction((x) => model.apply(x) as tf.Tensor, [spec]));
  const runs = batches.map((batch) => {
    const feeds = { x: { data: new Float32Array(batch * 32).fill(0.1), shape: [batch, 32] } };
    const hundred = () => {
      for (let i = 0; i < 100; i++) loaded.runSync(feeds);
    };
    hundred();
    return repeat(seconds, hundred, 100);
  });
  loaded.dispose();
  model.dispose();
  return runs;
}

/** Milliseconds of one prediction on tfjs's present backend, its values read. */
export function measureEagerPredictions(
  batches: readonly number[],
  seconds: number,
): number[][] {
  const model = policy();
  const runs = batches.map((batch) => {
    const data = new Float32Array(batch * 32).fill(0.1);
    const ten = () => {
      for (let i = 0; i < 10; i++) {
        tf.tidy(() => void (model.predict(tf.tensor(data, [batch, 32])) as tf.Tensor).dataSync());
      }
    };
    ten();
    return repeat(seconds, ten, 10);
  });
  model.dispose();
  return runs;
}

/** Resident MiB along many steps of the MLP: half of them in epochs, half one by one. */
export async function measureMemory(steps: number): Promise<number[]> {
  const batch = 64, points = 20, perTurn = 100;
  const net = nets.mlp(batch);
  const { data, first } = dataOf(net, batch);
  const step = await compileStep({ ...net, optimizer });
  const indices = Int32Array.from(
    { length: perTurn / 2 * batch },
    (_, i) => i % (batchesPerEpoch * batch),
  );
  const curve: number[] = [];
  for (let p = 0; p <= points; p++) {
    curve.push(Deno.memoryUsage().rss / 2 ** 20);
    for (let i = 0; p < points && i < steps / points / perTurn; i++) {
      step.epoch(data, indices);
      for (let k = 0; k < perTurn / 2; k++) step.stepFeeds(first);
      // Buffers given to native code are freed between turns of the event loop.
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
  }
  step.dispose();
  net.dispose();
  return curve;
}
