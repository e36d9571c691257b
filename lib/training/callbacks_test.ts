import assert from "node:assert/strict";
import { peerPython } from "../../tests/support/components.ts";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { combineCallbacks, progressBar, trackEpochs } from "./callbacks.ts";
import { crc32c, TensorboardWriter } from "./tensorboard.ts";
import { trainSupervised } from "./trainer.ts";
import { predictWithUncertainty } from "./uncertainty.ts";

const length = 120;
const x = createRng(4).fillNormal(new Float64Array(length));
const frame = { names: ["x"], columns: [x], time: x, length };
const binary = { values: x.map((v) => v > 0 ? 1 : 0) };
const train = new SupervisedDataset({ frame, labels: binary, windowBars: 2 });
const config = { kind: "mlp", windowBars: 2, features: 1, units: 8, task: "binary" } as const;
const quiet = { log: () => {} };

Deno.test("trackEpochs(), progressBar() and a stopping callback work together", async () => {
  const model = await createModel(config);
  const logged: [Record<string, number>, number][] = [];
  const lines: string[] = [];
  const result = await trainSupervised(
    model,
    { train, validation: train },
    { epochs: 5, backend: "wasm" },
    combineCallbacks(
      quiet,
      trackEpochs({ logMetrics: (m, { step }) => logged.push([m, step]) }, "mlp_"),
      progressBar({ write: (t) => lines.push(t), terminal: false, label: "trial 3" }),
      { onEpoch: ({ epoch }) => epoch === 1 ? "stop" : undefined },
    ),
  );
  assert.equal(result.stopped, "callback");
  assert.deepEqual(logged.map(([, step]) => step), [0, 1]);
  assert.ok(
    Number.isFinite(logged[0][0].mlp_validation_loss) && Number.isFinite(logged[0][0].mlp_roc_auc),
  );
  assert.match(lines[1], /^trial 3: epoch 2\/5, loss [\d.]+, validation [\d.]+, \d+ s left\n$/);
  model.dispose();
});

Deno.test("training names a class that the training set lacks", async () => {
  const model = await createModel({ ...config, task: "classification", outputs: 3 });
  await assert.rejects(
    () => trainSupervised(model, { train }, { backend: "wasm" }, quiet),
    /class 2 of head output must have at least one sample in train, got 0 of 119/,
  );
  model.dispose();
});

Deno.test("predictWithUncertainty() repeats by seed and is surer of what was seen", async () => {
  const model = await createModel({ ...config, dropout: 0.3, units: 32 });
  await trainSupervised(
    model,
    { train },
    { epochs: 40, learningRate: 0.01, backend: "wasm" },
    quiet,
  );
  const windows = Float32Array.of(0, 2, 0, -2, 0, 0);
  const a = await predictWithUncertainty(model, windows, { samples: 200, seed: 1 });
  assert.deepEqual(await predictWithUncertainty(model, windows, { samples: 200, seed: 1 }), a);
  assert.ok(a.mean[0] > 0.9 && a.mean[1] < 0.1, `${a.mean}`);
  assert.ok(a.std[2] > 2 * a.std[0] && a.std[2] > 2 * a.std[1], `${a.std}`);
  model.dispose();
  const sure = await createModel(config);
  await assert.rejects(
    () => predictWithUncertainty(sure, windows),
    /dropout of the model must be > 0/,
  );
  sure.dispose();
});

Deno.test("TensorboardWriter writes records with valid checksums", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  const dir = Deno.makeTempDirSync();
  try {
    const writer = new TensorboardWriter(dir, { clock: () => 1_700_000_000_000 });
    writer.scalars({ loss: 0.5, accuracy: 0.75 }, 3);
    writer.close();
    const bytes = Deno.readFileSync(writer.path);
    const view = new DataView(bytes.buffer);
    const payloads: Uint8Array[] = [];
    const masked = (b: Uint8Array) => {
      const c = crc32c(b);
      return ((((c >>> 15) | (c << 17)) >>> 0) + 0xa282ead8) >>> 0;
    };
    for (let at = 0; at < bytes.length;) {
      const size = Number(view.getBigUint64(at, true));
      assert.equal(view.getUint32(at + 8, true), masked(bytes.subarray(at, at + 8)));
      const data = bytes.subarray(at + 12, at + 12 + size);
      assert.equal(view.getUint32(at + 12 + size, true), masked(data));
      payloads.push(data);
      at += 16 + size;
    }
    assert.equal(payloads.length, 2);
    const latin = new TextDecoder("latin1");
    assert.match(latin.decode(payloads[0]), /brain\.Event:2/);
    assert.match(latin.decode(payloads[1]), /loss[^]*accuracy/);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

const tensorboard = peerPython("tensorboard");
Deno.test({
  name: "TensorBoard's own reader finds the scalars of an event file",
  ignore: tensorboard === null,
  fn: async () => {
    const dir = Deno.makeTempDirSync();
    try {
      const writer = new TensorboardWriter(dir, { clock: () => 1_700_000_000_000 });
      writer.scalars({ loss: 0.5, "validation/accuracy": 0.75 }, 3);
      writer.scalars({ loss: 0.25 }, 4);
      writer.close();
      const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps({t: [[e.step, e.value, e.wall_time] for e in events.Scalars(t)] for t in events.Tags()["scalars"]}))
`;
      const { success, stdout, stderr } = await new Deno.Command(tensorboard!, {
        args: ["-c", script, dir],
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
        loss: [[3, 0.5, 1_700_000_000], [4, 0.25, 1_700_000_000]],
        "validation/accuracy": [[3, 0.75, 1_700_000_000]],
      });
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  },
});
