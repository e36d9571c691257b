import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel, fitRidge, namedWeights } from "../models/mod.ts";
import { r2 } from "../training/mod.ts";
import { attentionWeights, permutationImportance, reliabilityBins, shapleyValues } from "./mod.ts";

const length = 300;
const rng = createRng(3);
const columns = [0, 1, 2].map(() => rng.fillNormal(new Float64Array(length)));
const frame = { names: ["strong", "weak", "none"], columns, time: columns[0], length };
const labels = { values: columns[0].map((v, t) => 2 * v + 0.5 * columns[1][t]) };
const data = new SupervisedDataset({ frame, labels, windowBars: 2 });

Deno.test("permutationImportance() ranks features by what they do and repeats by seed", async () => {
  const model = await fitRidge(data);
  const options = { features: frame.names, score: r2, repeats: 5, seed: 1 };
  const found = await permutationImportance(model, data.batch(), options);
  assert.deepEqual(found.map((f) => f.feature), ["strong", "weak", "none"]);
  // Shuffling a feature of coefficient b and unit variance costs 2 b^2 / var(y) of R2.
  assert.ok(Math.abs(found[0].mean - 2 * 4 / 4.25) < 0.25, `${found[0].mean}`);
  assert.ok(Math.abs(found[2].mean) < 0.01);
  assert.deepEqual(await permutationImportance(model, data.batch(), options), found);
  await assert.rejects(
    () => permutationImportance(model, data.batch(), { ...options, features: ["a"] }),
    /features must have 3 names, got 1/,
  );
  model.dispose();
});

Deno.test("shapleyValues() of a linear model are its coefficients times the distance", async () => {
  const model = await fitRidge(data);
  const kernel = namedWeights(model)[0].variable.dataSync();
  const background = Float32Array.of(1, 0, -1, 0.5, 0.5, 0);
  const window = Float32Array.of(0.2, 1, 2, -1, 1, 0.3);
  const { values, base, prediction } = await shapleyValues(model, window, {
    background,
    permutations: 4,
  });
  for (let f = 0; f < 3; f++) {
    let expected = 0;
    for (let t = 0; t < 2; t++) {
      expected += kernel[t * 3 + f] * (window[t * 3 + f] - background[t * 3 + f]);
    }
    assert.ok(Math.abs(values[f] - expected) < 1e-5, `feature ${f}: ${values[f]}, ${expected}`);
  }
  assert.ok(Math.abs(values[0] + values[1] + values[2] - (prediction - base)) < 1e-5);
  model.dispose();
});

Deno.test("shapleyValues() split an interaction evenly", async () => {
  // relu(a + b - 1) for inputs of 0 and 1: an AND of both; the third feature does nothing.
  const model = await createModel({
    kind: "mlp",
    windowBars: 1,
    features: 3,
    units: 1,
    layers: 1,
  });
  const tensors = Object.fromEntries(namedWeights(model).map((w) => [w.name, w.variable]));
  const { loadTf } = await import("../models/mod.ts");
  const tf = await loadTf();
  tensors["dense_1/kernel"].assign(tf.tensor2d([[1], [1], [0]]));
  tensors["dense_1/bias"].assign(tf.tensor1d([-1]));
  tensors["logits/kernel"].assign(tf.tensor2d([[1]]));
  const { values } = await shapleyValues(model, Float32Array.of(1, 1, 1), {
    background: new Float32Array(3),
    permutations: 8,
  });
  assert.deepEqual([...values], [0.5, 0.5, 0]);
  model.dispose();
});

Deno.test("attentionWeights() sum to 1 and show nothing of later bars", async () => {
  const model = await createModel({
    kind: "transformer",
    windowBars: 4,
    features: 3,
    width: 8,
    attentionHeads: 2,
    layers: 2,
    seed: 1,
  });
  const maps = await attentionWeights(model, rng.fillNormal(new Float32Array(2 * 12)));
  assert.deepEqual(maps.map((m) => [m.layer, m.tokens]), [["attention_1", 4], ["attention_2", 4]]);
  for (const { weights } of maps) {
    for (let row = 0; row < 8; row++) {
      let sum = 0;
      for (let j = 0; j < 4; j++) {
        sum += weights[row * 4 + j];
        if (j > row % 4) assert.equal(weights[row * 4 + j], 0);
      }
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
  }
  model.dispose();
  const plain = await createModel({ kind: "mlp", windowBars: 4, features: 3 });
  await assert.rejects(() => attentionWeights(plain, new Float32Array(12)), /got kind mlp/);
  plain.dispose();
});

Deno.test("reliabilityBins() hold probabilities against what came", () => {
  const bins = reliabilityBins([0, 1, 1, 1], [0.05, 0.1, 0.9, 0.95], 10);
  assert.deepEqual(bins.map((b) => [b.count, b.frequency]), [[2, 0.5], [1, 1], [1, 1]]);
  assert.ok(Math.abs(bins[0].confidence - 0.075) < 1e-12);
  assert.throws(() => reliabilityBins([1], [1.2]), /probability must be in \[0, 1\], got 1.2 at 0/);
});
