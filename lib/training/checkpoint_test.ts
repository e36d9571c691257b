import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import {
  type Checkpoint,
  checkpointFromBytes,
  checkpointToBytes,
  keepCheckpoints,
  loadCheckpoint,
} from "./checkpoint.ts";
import { readWeights } from "./engine.ts";
import type { TrainConfigInput } from "./train_config.ts";
import { trainSupervised } from "./trainer.ts";

const length = 260;
const rng = createRng(3);
const x = rng.fillNormal(new Float64Array(length));
const frame = { names: ["x"], columns: [x], time: x, length };
const labels = { values: x.map((v, t) => v - (x[t - 1] ?? 0)) };
const data = {
  train: new SupervisedDataset({ frame, labels, windowBars: 4, to: 200 }),
  validation: new SupervisedDataset({ frame, labels, windowBars: 4, from: 200 }),
};
const config = {
  kind: "mlp",
  windowBars: 4,
  features: 1,
  units: 8,
  dropout: 0.2,
  seed: 1,
} as const;
const quiet = { log: () => {} };

for (const backend of ["ort", "wasm"] as const) {
  for (
    const extra of [
      { optimizer: "adam", schedule: "oneCycle" },
      { optimizer: { kind: "sgd", momentum: 0.9, learningRate: 0.01 }, schedule: "plateau" },
      {
        optimizer: { kind: "rmsprop", weightDecay: 0.01 },
        augmentations: [{ kind: "gaussianNoise", scale: 0.1 }],
      },
    ] as TrainConfigInput[]
  ) {
    Deno.test(`training resumed on ${backend} ends as if uninterrupted (${JSON.stringify(extra.optimizer)})`, async () => {
      const dir = await Deno.makeTempDir();
      try {
        const c = { epochs: 6, batchSize: 48, backend, clipNorm: 1, ...extra };
        const whole = await createModel(config);
        const expected = await trainSupervised(whole, data, c, quiet);
        const first = await createModel(config);
        await trainSupervised(first, data, c, {
          ...quiet,
          onCheckpoint: keepCheckpoints(first, dir),
          onEpoch: ({ epoch }) => epoch === 2 ? "stop" : undefined,
        });
        // A fresh model, as in a new process.
        const second = await createModel({ ...config });
        const resume = await loadCheckpoint(`${dir}/last.safetensors`, second);
        const resumed = await trainSupervised(second, data, c, { ...quiet, resume });
        assert.deepEqual(resumed.history, expected.history);
        assert.deepEqual(resumed.best, expected.best);
        assert.deepEqual(readWeights(second), readWeights(whole));
        for (const m of [whole, first, second]) m.dispose();
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    });
  }
}

Deno.test("a checkpoint that is truncated or another model's is refused by name", async () => {
  const model = await createModel(config);
  let kept: Checkpoint | undefined;
  await trainSupervised(model, data, { epochs: 1, backend: "wasm" }, {
    ...quiet,
    onCheckpoint: (checkpoint) => {
      kept = checkpoint;
    },
  });
  const bytes = checkpointToBytes(model, kept!);
  assert.deepEqual(checkpointFromBytes(bytes, { model }), kept);
  for (const part of [4, 60, bytes.length >> 1, bytes.length - 1]) {
    assert.throws(() => checkpointFromBytes(bytes.subarray(0, part)), {
      name: "SyntaxError",
      message: /^Cannot load checkpoint: /,
    });
  }
  const other = await createModel({ ...config, units: 9 });
  assert.throws(() => checkpointFromBytes(bytes, { model: other }), {
    name: "RangeError",
    message: "Cannot load checkpoint: units must be 9, got 8",
  });
  model.dispose();
  other.dispose();
});
