/**
 * Some of TensorFlow.js's own gradients are wrong (4.22.0): Maximum, Minimum and SquaredDifference
 * towards an operand that is broadcast, Cumsum along any axis but the last. Compiled steps have right
 * ones; eager ones do not, so no model or loss of ours may ask for them.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createActorCritic } from "../lib/agents/actor_critic.ts";
import { a2cLoss } from "../lib/agents/a2c/a2c_loss.ts";
import { boxSpace, discreteSpace } from "../lib/agents/environment.ts";
import { ppoLoss } from "../lib/agents/ppo_loss.ts";
import { createRng } from "../lib/math/mod.ts";
import { createModel, type Head, headUnits, modelKinds } from "../lib/models/mod.ts";
import { trainableVariables } from "../lib/training/engine.ts";
import { lossesOf, lossFunction, type LossInput } from "../lib/training/losses.ts";

await tf.setBackend("cpu");

/** What `fn` asked of the wrong gradients. A gradient is asked for only if a variable needs it. */
function wrongGradientsOf(fn: () => void): string[] {
  const met: string[] = [];
  const restores = ["Maximum", "Minimum", "SquaredDifference", "Cumsum"].map((kernelName) => {
    const original = tf.getGradient(kernelName);
    tf.registerGradient({
      ...original,
      gradFunc: (dy, saved, attrs) => {
        const gradients = original.gradFunc(dy, saved, attrs);
        const shape = (dy as tf.Tensor).shape;
        const operands = Object.keys(gradients);
        return Object.fromEntries(operands.map((name, i) => [name, () => {
          const axis = (attrs as { axis?: number } | undefined)?.axis;
          const isWrong = kernelName === "Cumsum"
            ? axis !== shape.length - 1 && axis !== -1
            : String(saved[i].shape) !== String(shape);
          if (isWrong) met.push(`${kernelName} towards ${name} [${saved[i].shape}] of [${shape}]`);
          return gradients[name]();
        }]));
      },
    });
    return () => tf.registerGradient(original);
  });
  try {
    tf.tidy(fn);
  } finally {
    restores.forEach((restore) => restore());
  }
  return met;
}

const rng = createRng(5);
const n = 4, windowBars = 8, features = 3;
const draw = (...shape: number[]) =>
  tf.tensor(rng.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);

Deno.test("the watch sees a wrong gradient that is asked for, and no other", () => {
  const v = tf.variable(tf.tensor([1, 2]));
  const wide = tf.ones([3, 2]);
  const gradientOf = (f: () => tf.Tensor) => () => void tf.variableGrads(() => tf.sum(f()), [v]);
  // tfjs itself refuses the shape of this one.
  assert.throws(
    () => wrongGradientsOf(gradientOf(() => tf.maximum(v, wide))),
    /Error in gradient for op Maximum/,
  );
  assert.equal(wrongGradientsOf(gradientOf(() => tf.maximum(tf.mul(v, wide), 1))).length, 0);
  const square = tf.ones([2, 2]);
  assert.equal(wrongGradientsOf(gradientOf(() => tf.cumsum(tf.mul(v, square), 0))).length, 1);
  assert.equal(wrongGradientsOf(gradientOf(() => tf.cumsum(tf.mul(v, wide), 1))).length, 0);
  v.dispose();
});

const variants: Record<string, Record<string, unknown>[]> = {
  mlp: [{ units: 4, activation: "elu" }],
  cnn: [{ filters: 4, dilationBase: 2, residual: true, pooling: "max" }, {
    filters: 4,
    causal: false,
    pooling: "attention",
  }],
  lstm: [{ units: 4, layers: 2, bidirectional: true, pooling: "attention" }],
  gru: [{ units: 4, layers: 2, bidirectional: true, pooling: "average" }],
  transformer: [{ width: 4, attentionHeads: 2, layers: 1, position: "learned" }],
  hybrid: [{ filters: 4, units: 4, attentionHeads: 2 }, { filters: 4, units: 4, cell: "gru" }],
  ensemble: [{ members: [{ kind: "mlp" }, { kind: "gru", units: 4 }], combine: "weighted" }],
};

for (const kind of modelKinds) {
  Deno.test(`no gradient of the ${kind} of the factory is one that tfjs has wrong`, async () => {
    for (const config of [{}, ...variants[kind] ?? []]) {
      const members = kind === "ensemble"
        ? { members: [{ kind: "mlp" }, { kind: "logistic" }] }
        : {};
      const model = await createModel(
        { kind, windowBars, features, outputs: 2, ...members, ...config } as Parameters<
          typeof createModel
        >[0],
      );
      const x = draw(n, windowBars, features), y = draw(n, 2);
      const met = wrongGradientsOf(() =>
        void tf.variableGrads(
          () =>
            tf.losses.meanSquaredError(y, model.logits.apply(x, { training: true }) as tf.Tensor),
          trainableVariables(model),
        )
      );
      assert.deepEqual(met, [], JSON.stringify(config));
      model.dispose();
      tf.dispose([x, y]);
    }
  });
}

const classes = { name: "c", kind: "classification", classes: 3, weight: 1 } as const;
const values = { name: "r", kind: "regression", outputs: 2, weight: 1 } as const;
const losses: [string, Record<string, unknown>, LossInput[]][] = [
  ["classification", classes, [{ kind: "crossEntropy", labelSmoothing: 0.1 }, { kind: "focal" }]],
  ["binary", { name: "b", kind: "binary", weight: 1 }, [{ kind: "crossEntropy" }, {
    kind: "focal",
    gamma: 1.5,
  }]],
  ["regression", values, [
    { kind: "mse" },
    { kind: "mae" },
    { kind: "huber" },
    { kind: "quantile", quantiles: [0.1, 0.9] },
    { kind: "directional" },
  ]],
  ["position", { name: "p", kind: "position", outputs: 2, weight: 1 }, [{
    kind: "sharpe",
    costBps: 5,
  }]],
];

for (const [name, description, list] of losses) {
  Deno.test(`no gradient of the losses of ${name} heads is one that tfjs has wrong`, () => {
    const head = description as unknown as Head;
    for (const loss of list) {
      const width = headUnits(head);
      const logits = tf.variable(draw(n, width));
      const y = name === "regression" || name === "position"
        ? draw(n, width)
        : tf.oneHot(tf.tensor1d([0, 0, 0, 0], "int32"), Math.max(2, width)).slice([0, 0], [
          n,
          width,
        ])
          .toFloat();
      const of = lossFunction(tf, [head], lossesOf([head], loss));
      const met = wrongGradientsOf(() =>
        void tf.variableGrads(() => of(logits, y, tf.ones([n])), [logits])
      );
      assert.deepEqual(met, [], loss.kind);
      tf.dispose([logits, y]);
    }
  });
}

for (const space of ["choices", "numbers"] as const) {
  Deno.test(`no gradient of the PPO and A2C losses over ${space} is one that tfjs has wrong`, async () => {
    const network = await createActorCritic({
      observationSize: 3,
      actionSpace: space === "choices" ? discreteSpace(3) : boxSpace([2], -1, 1),
      hidden: [4],
      seed: 0,
    });
    const observations = draw(n, 3);
    const drawn = space === "choices" ? tf.tensor1d([0, 1, 2, 1], "int32") : draw(n, 2);
    const row = () => draw(n);
    const batch = {
      observations,
      drawn,
      oldLogProbabilities: row(),
      oldValues: row(),
      advantages: row(),
      returns: row(),
      clipRange: tf.scalar(0.2),
      entropyCoefficient: tf.scalar(0.01),
    };
    const met = wrongGradientsOf(() => {
      tf.variableGrads(() =>
        ppoLoss(network, batch, {
          clipRange: 0.2,
          valueClipRange: 0.2,
          normalizeAdvantage: true,
          entropyCoefficient: 0.01,
          valueCoefficient: 0.5,
        }).loss as tf.Scalar, network.variables);
      tf.variableGrads(() =>
        a2cLoss(
          network.tf,
          network.head,
          network.apply(observations),
          { ...batch, weights: tf.fill([n], 1 / n) },
          { entropyCoefficient: 0.01, valueCoefficient: 0.5 },
        ).loss as tf.Scalar, network.variables);
    });
    assert.deepEqual(met, []);
    tf.dispose(Object.values(batch));
  });
}
