/** What every row of the factory table must do; a new row needs only its shapes here. */
import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { loadTf, type Model, modelFromBytes, modelKinds, modelToBytes } from "../models/mod.ts";
import { exportOnnx, loadOnnx } from "../onnx/mod.ts";
import { chooseBackend } from "./backend.ts";
import { drawMasks, eagerGradients, readWeights } from "./engine.ts";
import { encodeTargets, lossesOf } from "./losses.ts";
import { predict } from "./predict.ts";
import { configs, contractModel, features, windowBars } from "./testdata/contract_models.ts";
import { trainSupervised } from "./trainer.ts";
import type * as tfTypes from "@tensorflow/tfjs";

/** 64 windows of noise with labels that depend on them in no simple way. */
function samples(n = 64) {
  const rng = createRng(5);
  const x = rng.fillNormal(new Float32Array(n * windowBars * features));
  const y = Float32Array.from({ length: n }, () => rng.integer(3));
  const batch = (indices: ArrayLike<number>) => {
    const size = windowBars * features;
    const count = indices.length;
    const out = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      out.set(x.subarray(indices[i] * size, (indices[i] + 1) * size), i * size);
    }
    return {
      x: out,
      y: Float32Array.from(indices, (i) => y[i]),
      shape: [count, windowBars, features] as [number, number, number],
      targets: 1,
      indices: Int32Array.from(indices),
    };
  };
  return { length: n, targets: 1, x, y, batch };
}

const quiet = { log: () => {} };

Deno.test("every kind of model has a row in the contract suite", () => {
  assert.deepEqual(Object.keys(configs).sort(), [...modelKinds].sort());
});

for (const [kind, variants] of Object.entries(configs)) {
  variants.forEach((extra, variant) => {
    const name = `${kind}${variant > 0 ? ` (${JSON.stringify(extra)})` : ""}`;
    Deno.test(`${name} keeps the contract of models`, async (t) => {
      await chooseBackend("ort", quiet);
      const tf = await loadTf();
      const data = samples();
      let model: Model = await contractModel(kind, extra);

      await t.step("gives probabilities of the right shape for any batch size", async () => {
        for (const n of [1, 5]) {
          const p = await predict(model, data.x.slice(0, n * windowBars * features));
          assert.equal(p.length, n * 3);
          for (let i = 0; i < n; i++) {
            assert.ok(Math.abs(p[3 * i] + p[3 * i + 1] + p[3 * i + 2] - 1) < 1e-5);
          }
        }
        const direct = tf.tidy(() =>
          (model.tf.apply(tf.tensor(data.x, [64, windowBars, features])) as tfTypes.Tensor)
            .dataSync()
        );
        const predicted = await predict(model, data.x);
        for (let i = 0; i < direct.length; i++) {
          assert.ok(Math.abs(direct[i] - predicted[i]) < 1e-5);
        }
      });

      await t.step("has finite gradients that reach every weight", () => {
        const losses = lossesOf(model.heads);
        const { x, y } = data;
        const { loss, gradient } = eagerGradients(tf, model, losses)({
          n: 64,
          x,
          y: encodeTargets(y, 64, model.heads, losses),
          weights: new Float32Array(64).fill(1),
        }, drawMasks(model, 64, createRng(1)));
        assert.ok(Number.isFinite(loss));
        assert.ok(gradient.every(Number.isFinite));
        const zero = gradient.filter((g) => g === 0).length;
        assert.ok(zero < gradient.length / 2, `${zero} of ${gradient.length} gradients are 0`);
      });

      await t.step("learns 64 samples by heart, the same way twice", async () => {
        const linear = kind === "logistic";
        const config = {
          epochs: linear ? 40 : 120,
          batchSize: 32,
          learningRate: linear ? 0.05 : 0.02,
          clipNorm: 5,
        };
        const train = async (m: Model, epochs: number) =>
          await trainSupervised(m, { train: data }, { ...config, epochs }, {
            ...quiet,
            onEpoch: ({ loss }) => loss < 0.05 ? "stop" : undefined,
          });
        const { best } = await train(model, config.epochs);
        // A linear model of 24 numbers can't know 64 labels by heart; it must come down well.
        assert.ok(best.loss < (linear ? 0.85 : 0.25), `loss ${best.loss}`);
        const [a, b] = [await contractModel(kind, extra), await contractModel(kind, extra)];
        await train(a, 2);
        await train(b, 2);
        assert.deepEqual(readWeights(a), readWeights(b));
        a.dispose();
        b.dispose();
      });

      await t.step("takes the same steps compiled as eagerly, to 1e-4", async () => {
        const losses: number[][] = [];
        for (const backend of ["ort", "wasm"] as const) {
          // Masks are drawn by different generators: without dropout the steps are the same.
          const members = (extra.members as { kind: string }[] | undefined)?.map((v) => ({
            ...v,
            dropout: 0,
          }));
          const m = await contractModel(kind, {
            ...extra,
            dropout: 0,
            ...(members ? { members } : {}),
          });
          const { history } = await trainSupervised(m, { train: data }, {
            epochs: 2,
            batchSize: 24,
            clipNorm: 1,
            backend,
          }, quiet);
          losses.push(history.map((h) => h.loss));
          m.dispose();
        }
        losses[0].forEach((loss, i) => {
          assert.ok(Math.abs(loss - losses[1][i]) < 1e-4 * loss, `${loss} and ${losses[1][i]}`);
        });
        await chooseBackend("ort", quiet);
      });

      await t.step("predicts the same as an ONNX graph, to 1e-5", async () => {
        const onnx = await loadOnnx(await exportOnnx(model.tf));
        const [input] = onnx.inputs, [output] = onnx.outputs;
        const { data: p } = onnx.runSync({
          [input.name]: { data: data.x, shape: [64, windowBars, features] },
        })[output.name];
        const expected = await predict(model, data.x);
        expected.forEach((v, i) => assert.ok(Math.abs(v - Number(p[i])) < 1e-5));
        onnx.dispose();
      });

      await t.step("is the same after saving and loading", async () => {
        const before = await predict(model, data.x);
        const { model: loaded } = await modelFromBytes(modelToBytes(model));
        model.dispose();
        model = loaded;
        assert.deepEqual(await predict(model, data.x), before);
      });
      model.dispose();
    });
  });
}
