import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel, type ModelConfig } from "../models/mod.ts";
import { availableCores, chooseParts, type PartsRequest } from "./batch_parts.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readWeights } from "./engine.ts";
import { lossesOf } from "./losses.ts";
import { optimizerSchema } from "./optimizers.ts";
import type { TrainConfigInput } from "./train_config.ts";
import { type TrainCallbacks, trainSupervised } from "./trainer.ts";

const windowBars = 6, features = 3, length = 150;
const rng = createRng(2);
const columns = Array.from({ length: features }, () => rng.fillNormal(new Float64Array(length)));
const frame = { names: ["a", "b", "c"], columns, time: columns[0].map((_, t) => t), length };
const labels = { values: columns[0].map((v) => v > 0.3 ? 2 : v < -0.3 ? 0 : 1) };
const weights = Float64Array.from({ length }, () => 0.1 + rng.uniform());
const train = new SupervisedDataset({ frame, labels, windowBars, weights });
const config = { windowBars, features, task: "classification", outputs: 3, seed: 3 } as const;

/** Three epochs of four batches, the last of each smaller. */
async function fit(
  model: Record<string, unknown>,
  extra: TrainConfigInput,
  callbacks: TrainCallbacks = {},
) {
  const m = await createModel({ ...config, ...model } as unknown as ModelConfig);
  const result = await trainSupervised(m, { train }, {
    epochs: 3,
    batchSize: 40,
    clipNorm: 1,
    classWeights: "balanced",
    // Adam would divide rounding by itself where the gradient is 0.
    optimizer: { kind: "sgd", learningRate: 0.05, momentum: 0.9 },
    backend: "ort",
    ...extra,
  }, { log: () => {}, ...callbacks });
  const values = readWeights(m);
  m.dispose();
  return { ...result, values };
}

for (
  const model of [
    { kind: "cnn", filters: 8 },
    { kind: "gru", units: 6 },
    { kind: "transformer", width: 8, attentionHeads: 2, layers: 1 },
  ]
) {
  Deno.test(`${model.kind} learns the same in lanes and in parts as in whole batches, to 1e-5`, async () => {
    const whole = await fit(model, { lanes: 1 });
    assert.deepEqual(whole.parts, { lanes: 1 });
    for (const parts of [{ lanes: 2 }, { lanes: 2, microBatch: 10 }, { lanes: 1, microBatch: 8 }]) {
      const other = await fit(model, parts);
      assert.deepEqual(other.parts, parts);
      whole.history.forEach((h, i) => {
        assert.ok(Math.abs(h.loss - other.history[i].loss) < 1e-5 * h.loss, JSON.stringify(parts));
      });
      whole.values.forEach((w, i) => assert.ok(Math.abs(w - other.values[i]) < 1e-5, `${i}`));
    }
  });
}

Deno.test("training in lanes repeats to the last bit, also from a checkpoint that says how it was made", async () => {
  const model = { kind: "cnn", filters: 8 };
  const parts = { lanes: 2, microBatch: 10 };
  const [a, b] = [await fit(model, parts), await fit(model, parts)];
  assert.deepEqual(a.values, b.values);
  let kept: Checkpoint | undefined;
  await fit(model, parts, {
    onCheckpoint: (checkpoint) => {
      kept = checkpoint;
    },
    onEpoch: () => "stop",
  });
  assert.deepEqual(kept!.parts, parts);
  // Nothing asked for: the parts of the checkpoint are taken, though this model is small.
  const resumed = await fit(model, {}, { resume: kept });
  assert.deepEqual(resumed.parts, parts);
  assert.deepEqual(resumed.values, a.values);
  assert.deepEqual(resumed.history, a.history);
});

Deno.test("batches made one by one are shared among lanes as well", async () => {
  const augmented = (lanes: number) =>
    fit({ kind: "cnn", filters: 8 }, {
      lanes,
      augmentations: [{ kind: "featureDropout", rate: 0.2 }],
    });
  const [one, two] = [await augmented(1), await augmented(2)];
  one.history.forEach((h, i) => assert.ok(Math.abs(h.loss - two.history[i].loss) < 1e-5 * h.loss));
});

/** A request for a model of about 1e5 * size parameters with windows of 24 bars. */
const request = (extra: Record<string, unknown>): PartsRequest => ({
  model: {
    kind: "cnn",
    parameters: 1e4,
    config: { windowBars: 24 },
    dropoutSites: [],
  } as unknown as PartsRequest["model"],
  losses: lossesOf([{ kind: "regression", name: "y", outputs: 1, weight: 1 }]),
  optimizer: optimizerSchema.parse({ kind: "adam" }),
  backend: "ort",
  batchSize: 256,
  threads: 1,
  workers: 1,
  cores: 2,
  ...extra,
});

Deno.test("chooseParts() takes two lanes where a step is heavy and cores are there", () => {
  const choose = (extra: Record<string, unknown>) => chooseParts(request(extra));
  const { model } = request({});
  assert.deepEqual(choose({}), { lanes: 2, microBatch: 64 });
  assert.deepEqual(choose({ cores: 1 }), { lanes: 1, microBatch: 64 });
  assert.deepEqual(choose({ threads: 2 }), { lanes: 1, microBatch: 64 });
  assert.deepEqual(choose({ batchSize: 32 }), { lanes: 1 });
  assert.deepEqual(choose({ batchSize: 100 }), { lanes: 2 });
  assert.deepEqual(choose({ batchSize: 255 }), { lanes: 1, microBatch: 51 });
  assert.deepEqual(choose({ model: { ...model, kind: "mlp" } }), { lanes: 1 });
  const long = { ...model, kind: "transformer", config: { windowBars: 64 } };
  assert.deepEqual(choose({ model: long, batchSize: 64 }), { lanes: 2, microBatch: 16 });
  // What can't be computed in parts is computed whole.
  assert.deepEqual(choose({ model: { ...model, dropoutSites: [{}] } }), { lanes: 1 });
  assert.deepEqual(choose({ backend: "wasm" }), { lanes: 1 });
});

Deno.test("parts that can't be made are refused by name", () => {
  const refused = (extra: Record<string, unknown>, message: string) =>
    assert.throws(() => chooseParts(request(extra)), { name: "RangeError", message });
  const { model } = request({});
  const sharpe = lossesOf([{ kind: "position", name: "y", outputs: 1, weight: 1 }]);
  refused(
    { lanes: 2, losses: sharpe },
    "Cannot train: lanes must be 1 with the sharpe loss, which is not a mean over samples, got 2",
  );
  refused(
    { lanes: 2, model: { ...model, dropoutSites: [{}] } },
    "Cannot train: lanes must be 1 with dropout, whose masks are drawn for a whole batch, got 2",
  );
  refused({ lanes: 2, backend: "wasm" }, "Cannot train: lanes must be 1 on backend wasm, got 2");
  refused(
    { microBatch: 8, optimizer: optimizerSchema.parse({ kind: "rmsprop" }) },
    "Cannot train: microBatch must be left out with optimizer rmsprop in this form, got 8",
  );
  refused({ lanes: 3 }, "Cannot train: lanes must divide the batch (256 samples), got 3");
  refused(
    { lanes: 2, microBatch: 48 },
    "Cannot train: microBatch must divide the 128 samples of a lane, got 48",
  );
});

Deno.test("TAPEBOOK_CORES says how many cores training may count on", () => {
  const before = Deno.env.get("TAPEBOOK_CORES");
  try {
    Deno.env.set("TAPEBOOK_CORES", "1");
    assert.equal(availableCores(), 1);
    Deno.env.set("TAPEBOOK_CORES", "many");
    assert.throws(availableCores, /TAPEBOOK_CORES must be an integer >= 1, got many/);
    Deno.env.delete("TAPEBOOK_CORES");
    assert.equal(availableCores(), navigator.hardwareConcurrency);
  } finally {
    if (before === undefined) Deno.env.delete("TAPEBOOK_CORES");
    else Deno.env.set("TAPEBOOK_CORES", before);
  }
});

Deno.test("labels that can't be read end training before it starts threads", async () => {
  const bad = new SupervisedDataset({
    frame,
    labels: { values: labels.values.map((v) => v + 0.5) },
    windowBars,
  });
  const m = await createModel({ ...config, kind: "cnn", filters: 4 });
  // A thread that was left would keep this test from ending.
  await assert.rejects(
    () =>
      trainSupervised(m, { train, validation: bad }, { lanes: 2, batchSize: 40, backend: "ort" }, {
        log: () => {},
      }),
    /labels of head output must be class indices in \[0, 3\), got/,
  );
  m.dispose();
});
