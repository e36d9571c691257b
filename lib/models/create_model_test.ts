import assert from "node:assert/strict";
import { createModel, modelKinds } from "./create_model.ts";
import { loadTf, type tf } from "./tensorflow.ts";
import { namedWeights } from "./save_model.ts";
import type { Model } from "./model.ts";

const readWeightsForTest = (model: Model) =>
  namedWeights(model).map(({ name, variable }) => [name, variable.dataSync()]);

const shape = { windowBars: 8, features: 3 };
/** What a kind needs besides its shapes. */
const needed: Record<string, Record<string, unknown>> = {
  ensemble: { members: [{ kind: "mlp" }, { kind: "mlp" }] },
};

for (const kind of modelKinds) {
  Deno.test(`createModel() makes the same ${kind} from the same seed and another from another`, async () => {
    const make = (seed: number) =>
      createModel(
        { kind, ...shape, ...needed[kind], seed } as unknown as { kind: "mlp" } & typeof shape,
      );
    const [a, b, c] = [await make(3), await make(3), await make(4)];
    assert.deepEqual(readWeightsForTest(a), readWeightsForTest(b));
    assert.notDeepEqual(readWeightsForTest(a), readWeightsForTest(c));
    for (const m of [a, b, c]) m.dispose();
  });
}

Deno.test("createModel() gives one output per head and probabilities that sum to 1", async () => {
  const tf = await loadTf();
  const model = await createModel({
    kind: "mlp",
    ...shape,
    heads: [
      { kind: "classification", name: "direction", classes: 3 },
      { kind: "regression", name: "return", outputs: 2 },
      { kind: "binary", name: "trade" },
      { kind: "position", name: "position" },
    ],
  });
  const outputs = tf.tidy(() =>
    (model.tf.apply(tf.ones([5, 8, 3])) as tf.Tensor[]).map((t) => [t.shape, t.dataSync()] as const)
  );
  assert.deepEqual(outputs.map(([s]) => s), [[5, 3], [5, 2], [5, 1], [5, 1]]);
  const p = outputs[0][1];
  assert.ok(Math.abs(p[0] + p[1] + p[2] - 1) < 1e-6);
  model.dispose();
});

Deno.test("createModel() names the field, what is allowed and the value", async () => {
  const fails = (config: Record<string, unknown>, message: RegExp) =>
    assert.rejects(() => createModel(config as unknown as { kind: "mlp" } & typeof shape), {
      name: "RangeError",
      message,
    });
  await fails({ kind: "perceptron" }, /kind must be one of logistic, mlp, .*, got perceptron/);
  await fails({ kind: "mlp", ...shape, units: 0 }, /units must be >=1, got 0/);
  await fails({ kind: "mlp", features: 2 }, /windowBars must be number, got undefined/);
  await fails({ kind: "mlp", ...shape, width: 3 }, /without unknown fields \(width\), got 3/);
  await fails(
    { kind: "cnn", ...shape, kernel: 9 },
    /kernel must be at most windowBars \(8\), got 9/,
  );
  await fails(
    { kind: "cnn", ...shape, dilationBase: 4, layers: 3 },
    /dilationBase must keep the reach of layer 2 \(9 bars\) within windowBars \(8\), got 4/,
  );
  await fails(
    { kind: "cnn", ...shape, filters: [4, 4, 4], kernel: [5, 3] },
    /kernel must have one entry per layer \(3\), got 2/,
  );
  await fails({ kind: "cnn", ...shape, kernel: [3, 9] }, /kernel must be at most .*got 9/);
  await fails({ kind: "cnn", ...shape, kernel: [3, 0] }, /kernel.1 must be >=1, got 0/);
  await fails(
    { kind: "mlp", ...shape, task: "classification", outputs: 1 },
    /outputs must be at least 2 classes/,
  );
  const of = (...members: Record<string, unknown>[]) => ({ kind: "ensemble", ...shape, members });
  await fails(
    of({ kind: "mlp" }, { kind: "perceptron" }),
    /members.1.kind must be one of logistic/,
  );
  await fails(of({ kind: "mlp" }, { kind: "mlp", units: 0 }), /members.1.units is not valid/);
  await fails(of({ kind: "mlp" }, { kind: "cnn", kernel: 9 }), /kernel must be at most windowBars/);
});

Deno.test("models free their weights", async () => {
  const tf = await loadTf();
  const before = tf.memory().numTensors;
  for (const kind of modelKinds) {
    (await createModel(
      { kind, ...shape, ...needed[kind] } as unknown as { kind: "mlp" } & typeof shape,
    )).dispose();
  }
  assert.equal(tf.memory().numTensors, before);
});
