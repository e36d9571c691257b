/** Metrics against scikit-learn and scipy; optimizers, schedules and losses against PyTorch. */
import assert from "node:assert/strict";
import type { Head } from "../models/mod.ts";
import { headUnits, loadTf } from "../models/mod.ts";
import { encodeTargets, lossesOf, lossFunction, type LossInput } from "./losses.ts";
import {
  argMax,
  classificationMetrics,
  confusionMatrix,
  precisionRecallF1,
  regressionMetrics,
} from "./metrics.ts";
import { clipByNorm, createOptimizer, optimizerSchema } from "./optimizers.ts";
import { createSchedule, scheduleSchema } from "./schedules.ts";
import oracle from "./testdata/oracle.json" with { type: "json" };

const near = (actual: number, expected: number, tolerance: number, what: string) =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual} is not ${expected}`,
  );

for (const [name, classes] of [["binary", 2], ["multi", 3]] as const) {
  Deno.test(`classificationMetrics() equals scikit-learn on the ${name} fixture to 1e-11`, () => {
    const { y, p, expected } = oracle.metrics[name];
    const ours = classificationMetrics(y, p, classes);
    const want = expected as unknown as Record<string, number>;
    for (const key of ["accuracy", "roc_auc", "pr_auc", "brier", "log_loss", "calibration_error"]) {
      near(ours[key], want[key], 1e-11, key);
    }
    const predicted = argMax(p, classes);
    for (const average of ["macro", "micro"] as const) {
      const r = precisionRecallF1(y, predicted, classes, average);
      near(r.precision, want[`precision_${average}`], 1e-12, "precision");
      near(r.recall, want[`recall_${average}`], 1e-12, "recall");
      near(r.f1, want[`f1_${average}`], 1e-12, "f1");
    }
    assert.deepEqual([...confusionMatrix(y, predicted, classes)], expected.confusion);
  });
}

Deno.test("regressionMetrics() equals scikit-learn and scipy to 1e-11", () => {
  const { y, p, expected } = oracle.metrics.regression;
  const ours = regressionMetrics(y, p);
  for (const [key, value] of Object.entries(expected)) near(ours[key], value, 1e-11, key);
});

for (const { config, end } of oracle.optimizers.cases) {
  Deno.test(`optimizer ${JSON.stringify(config)} takes PyTorch's steps to 1e-6`, () => {
    const weights = Float32Array.from(oracle.optimizers.start);
    const parsed = optimizerSchema.parse(config);
    let optimizer = createOptimizer(parsed, 4);
    oracle.optimizers.gradients.forEach((g, i) => {
      // Going on from a stored state changes nothing.
      if (i === 3) optimizer = createOptimizer(parsed, 4, structuredClone(optimizer.state));
      optimizer.update(weights, Float32Array.from(g), parsed.learningRate);
    });
    end.forEach((w, i) => near(weights[i], w, 1e-6, `weight ${i}`));
  });
}

Deno.test("clipByNorm() shortens as PyTorch's clip_grad_norm_ and leaves short ones alone", () => {
  const g = Float32Array.from(oracle.clip.gradient);
  near(clipByNorm(g, oracle.clip.maxNorm), oracle.clip.norm, 1e-6, "norm");
  oracle.clip.clipped.forEach((v, i) => near(g[i], v, 1e-6, `gradient ${i}`));
  const before = g.slice();
  clipByNorm(g, 100);
  assert.deepEqual(g, before);
});

Deno.test("cosine and one-cycle schedules have PyTorch's rates to 1e-9", () => {
  const cosine = createSchedule(scheduleSchema.parse({ kind: "cosine", final: 0.1 }), 0.1, 20);
  oracle.schedules.cosine.forEach((r, i) => near(cosine.rate(i), r, 1e-9, `cosine ${i}`));
  const cycle = createSchedule(scheduleSchema.parse({ kind: "oneCycle" }), 0.1, 21);
  // PyTorch's phases end one step early: at 0.3 * 21 - 1 of 20 steps.
  const share = (0.3 * 21 - 1) / 20;
  const same = createSchedule(scheduleSchema.parse({ kind: "oneCycle", rise: share }), 0.1, 21);
  oracle.schedules.oneCycle.forEach((r, i) => near(same.rate(i), r, 1e-9, `one cycle ${i}`));
  assert.ok(cycle.rate(6) > 0.099);
});

Deno.test("warm-up rises linearly and plateau halves the rate after its patience", () => {
  const s = createSchedule(
    scheduleSchema.parse({ kind: "plateau", factor: 0.5, patience: 1, minimum: 0.03 }),
    0.1,
    100,
    4,
  );
  [0.025, 0.05, 0.075, 0.1, 0.1].forEach((r, i) => near(s.rate(i), r, 1e-12, `step ${i}`));
  for (const loss of [1, 0.9, 0.95, 0.95]) s.endEpoch(loss);
  near(s.rate(50), 0.05, 1e-12, "after two worse epochs");
  for (const loss of [0.95, 0.95, 0.95, 0.95]) s.endEpoch(loss);
  near(s.rate(50), 0.03, 1e-12, "never below the minimum");
});

for (const c of oracle.losses.cases) {
  Deno.test(`loss ${JSON.stringify(c.config)} of a ${c.head} head has PyTorch's value and gradient to 1e-5`, async () => {
    const tf = await loadTf();
    const head = (c.head === "classification"
      ? { kind: c.head, name: "y", classes: c.units, weight: 1 }
      : c.head === "binary"
      ? { kind: c.head, name: "y", weight: 1 }
      : { kind: c.head, name: "y", outputs: c.units, weight: 1 }) as Head;
    assert.equal(headUnits(head), c.units);
    const losses = lossesOf([head], c.config as LossInput);
    const y = encodeTargets(Float32Array.from(c.y), 5, [head], losses);
    tf.tidy(() => {
      const targets = tf.tensor(y, [5, c.units]);
      const weights = tf.tensor(oracle.losses.weights);
      const logits = tf.tensor(c.logits, [5, c.units]);
      const f = (z: typeof logits) =>
        lossFunction(tf, [head], losses)(z, targets, weights);
      const { value, grad } = tf.valueAndGrad(f)(logits);
      near(value.dataSync()[0], c.loss, 1e-5, "loss");
      const g = grad.dataSync();
      c.gradient.forEach((v, i) => near(g[i], v, 1e-5, `gradient ${i}`));
    });
  });
}
