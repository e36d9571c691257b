import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../math/mod.ts";
import { createModel, modelKinds } from "../models/mod.ts";
import { compileStep, exportOnnx, loadOnnx, type LossFunction, trainableVariables } from "./mod.ts";

await tf.setBackend("cpu");

const batch = 6, windowBars = 12, features = 3;

function assertLosses(got: number[], want: number[], relative: number): void {
  // A loss that crosses zero has no relative error there: at least 1 % of the largest counts.
  const floor = 0.01 * want.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
  want.forEach((w, i) => {
    assert.ok(
      Math.abs(got[i] - w) <= relative * Math.max(floor, Math.abs(w)),
      `loss ${i}: ${got[i]} compiled, ${w} eager`,
    );
  });
}

/** Small forms of the rows on which eager tfjs takes long. */
const small: Record<string, Record<string, unknown>> = {
  transformer: { width: 8, layers: 1, attentionHeads: 2 },
  hybrid: { filters: 4, units: 4, attentionHeads: 2 },
  ensemble: { members: [{ kind: "mlp" }, { kind: "logistic" }] },
};

for (const kind of modelKinds) {
  Deno.test(`the ${kind} of the factory trains and predicts compiled as it does eagerly`, async () => {
    const model = await createModel(
      { kind, windowBars, features, outputs: 2, ...small[kind] } as Parameters<
        typeof createModel
      >[0],
    );
    const rng = createRng(8);
    const x = rng.fillNormal(new Float32Array(batch * windowBars * features));
    const y = rng.fillNormal(new Float32Array(batch * 2));
    const net = model.tf;
    const variables = trainableVariables(net);
    const mse = (t: tf.Tensor, p: tf.Tensor) => tf.losses.meanSquaredError(t, p) as tf.Tensor;
    const step = await compileStep({
      model: net,
      loss: mse,
      optimizer: { kind: "sgd", learningRate: 0.02 },
      batchSize: batch,
    });
    const start = step.state();
    const got = Array.from({ length: 100 }, () => step.step(x, y));
    const tx = tf.tensor(x, [batch, ...net.inputs[0].shape.slice(1) as number[]]);
    const ty = tf.tensor(y, [batch, 2]);
    const sgd = tf.train.sgd(0.02);
    const want = got.map(() => {
      const loss = sgd.minimize(
        () => mse(ty, net.apply(tx, { training: true }) as tf.Tensor).asScalar(),
        true,
        variables,
      )!;
      return loss.dataSync()[0];
    });
    assertLosses(got.slice(0, 1), want.slice(0, 1), 1e-5);
    assertLosses(got, want, 1e-3);
    // The same steps again, in one native call.
    const single = step.state();
    step.restore(start);
    const rows = Int32Array.from({ length: 100 * batch }, (_, i) => i % batch);
    assert.deepEqual([...step.epoch({ x, y }, rows)], got.map(Math.fround));
    assert.deepEqual(step.state(), single);
    const eager = variables.map((v) => v.dataSync().slice());
    step.syncVariables();
    variables.forEach((v, k) => {
      const values = v.dataSync();
      values.forEach((value, i) =>
        assert.ok(Math.abs(value - eager[k][i]) < 1e-4, `${v.name}[${i}]`)
      );
    });
    const loaded = await loadOnnx(
      await exportOnnx(net, { signature: { inputs: ["x"], outputs: ["y"] } }),
    );
    const predicted = loaded.runSync({ x: { data: x, shape: tx.shape } }).y.data;
    (net.predict(tx) as tf.Tensor).dataSync().forEach((v, i) =>
      assert.ok(Math.abs(Number(predicted[i]) - v) < 1e-5)
    );
    loaded.dispose();
    step.dispose();
    tf.dispose([tx, ty]);
  });
}

/** Actor and critic on one body, and the losses of the policy-gradient algorithms. */
function actorCritic() {
  const dense = (seed: number, units: number, inputs: number, activation?: "tanh") => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed });
    return tf.sequential({
      layers: [
        tf.layers.dense({ units, activation, inputShape: [inputs], kernelInitializer }),
      ],
    });
  };
  const body = dense(1, 16, 5, "tanh"), policy = dense(2, 3, 16), value = dense(3, 1, 16);
  const variables = [body, policy, value].flatMap(trainableVariables);
  const heads = (t: Record<string, tf.Tensor>) => {
    const hidden = body.apply(t.observation) as tf.Tensor;
    const logits = tf.logSoftmax(policy.apply(hidden) as tf.Tensor);
    const chosen = tf.sum(tf.mul(logits, tf.oneHot(t.action, 3)), 1);
    const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), 1)));
    const critic = tf.mean(
      tf.square(tf.sub(t.return, tf.reshape(value.apply(hidden) as tf.Tensor, [-1]))),
    );
    return { chosen, entropy, critic };
  };
  const ppo: LossFunction = (t) => {
    const { chosen, entropy, critic } = heads(t);
    const ratio = tf.exp(tf.sub(chosen, t.oldLogProbability));
    const normal = tf.div(
      tf.sub(t.advantage, tf.mean(t.advantage)),
      tf.add(tf.sqrt(tf.moments(t.advantage).variance), 1e-8),
    );
    const actor = tf.neg(
      tf.mean(tf.minimum(tf.mul(ratio, normal), tf.mul(tf.clipByValue(ratio, 0.8, 1.2), normal))),
    );
    const loss = tf.sub(
      tf.add(actor, tf.mul(critic, 0.5)),
      tf.mul(entropy, t.entropyCoefficient),
    );
    return { loss, actor, critic, entropy };
  };
  const a2c: LossFunction = (t) => {
    const { chosen, entropy, critic } = heads(t);
    const actor = tf.neg(tf.mean(tf.mul(chosen, t.advantage)));
    return tf.sub(tf.add(actor, tf.mul(critic, 0.5)), tf.mul(entropy, t.entropyCoefficient));
  };
  return { variables, losses: { ppo, a2c } };
}

for (const name of ["ppo", "a2c"] as const) {
  Deno.test(`the ${name} loss with clipped gradients trains compiled as it does eagerly, for 100 steps`, async () => {
    const { variables, losses } = actorCritic();
    const rows = 32;
    const rng = createRng(3);
    const draw = (n: number) => rng.fillNormal(new Float32Array(n));
    const data = {
      observation: draw(rows * 5),
      action: Int32Array.from({ length: rows }, () => rng.integer(3)),
      oldLogProbability: draw(rows).map((v) => -1.1 + 0.1 * v),
      advantage: draw(rows),
      return: draw(rows),
      entropyCoefficient: Float32Array.of(0.01),
    };
    const step = await compileStep({
      variables,
      inputs: {
        observation: { shape: [rows, 5] },
        action: { shape: [rows], dtype: "int32" },
        oldLogProbability: { shape: [rows] },
        advantage: { shape: [rows] },
        return: { shape: [rows] },
        entropyCoefficient: { shape: [] },
      },
      loss: losses[name],
      optimizer: { kind: "adam", learningRate: 1e-3, epsilon: 1e-5 },
      clipNorm: 0.5,
    });
    const got = Array.from({ length: 100 }, () => step.stepFeeds(data));
    if (name === "ppo") {
      assert.deepEqual(Object.keys(got[0]), ["loss", "actor", "critic", "entropy"]);
    }
    const tensors: Record<string, tf.Tensor> = {
      observation: tf.tensor(data.observation, [rows, 5]),
      action: tf.tensor(data.action, [rows], "int32"),
      oldLogProbability: tf.tensor(data.oldLogProbability),
      advantage: tf.tensor(data.advantage),
      return: tf.tensor(data.return),
      entropyCoefficient: tf.scalar(0.01),
    };
    const adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-5);
    const want = got.map(() =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => {
          const result = losses[name](tensors);
          return (result instanceof tf.Tensor ? result : result.loss) as tf.Scalar;
        }, variables);
        const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
        const scale = tf.minimum(tf.div(0.5, tf.add(norm, 1e-6)), 1);
        adam.applyGradients(
          Object.entries(grads).map(([name, g]) => ({ name, tensor: tf.mul(g, scale) })),
        );
        return value.dataSync()[0];
      })
    );
    assertLosses(got.map((g) => g.loss), want, 1e-3);
    step.dispose();
    tf.dispose(Object.values(tensors));
  });
}
