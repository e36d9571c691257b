import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { loadOnnx } from "../onnx/mod.ts";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import { createPolicy } from "./actor_critic_policy.ts";
import { cartPole } from "./cart_pole.ts";
import { boxSpace, discreteSpace, EnvironmentError } from "./environment.ts";
import { marketEnvironment } from "./market_environment.ts";
import { orthogonalKernel } from "./orthogonal.ts";
import { ppo } from "./ppo.ts";
import type { PpoConfig } from "./ppo_config.ts";
import { TrainingDivergedError } from "./trainer.ts";

const quick = { totalSteps: 512, environments: 2, rolloutSteps: 128, seed: 4 };

Deno.test("ppo.train() learns CartPole, and its policy goes on balancing", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    totalSteps: 40_000,
    environments: 8,
    rolloutSteps: 128,
    learningRate: 1e-3,
    seed: 1,
  });
  assert.ok(history[0].meanReturn < 40, `starts at ${history[0].meanReturn}`);
  const environment = cartPole();
  let total = 0;
  for (let episode = 0; episode < 10; episode++) {
    let observation = environment.reset(1000 + episode);
    for (;;) {
      const result = environment.step(policy.predict(observation)[0]);
      total += result.reward;
      observation = result.observation;
      if (result.terminated || result.truncated) break;
    }
  }
  assert.ok(total / 10 > 300, `mean return of 10 unseen episodes: ${total / 10}`);
  const last = history.at(-1)!;
  assert.ok(last.approxKl >= 0 && last.approxKl < 0.1, `approxKl ${last.approxKl}`);
  assert.ok(last.clipFraction >= 0 && last.clipFraction < 0.5);
  assert.ok(last.entropy < Math.log(2));
  policy.dispose();
});

Deno.test("ppo.train() gives the same policy for the same seed and another for another", async () => {
  const weightsOf = async (seed: number) => {
    const { policy, history } = await ppo.train(() => cartPole(), { ...quick, seed });
    const { weights } = policy.state();
    policy.dispose();
    return { weights, losses: history.map((r) => r.loss) };
  };
  const first = await weightsOf(4);
  assert.deepEqual(await weightsOf(4), first);
  assert.notDeepEqual((await weightsOf(5)).weights, first.weights);
});

Deno.test("ppo.train() stops epochs at the target KL and trains last incomplete minibatches", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    ...quick,
    batchSize: 100,
    learningRate: 0.05,
    targetKl: 0.001,
  });
  assert.ok(history.some((r) => r.epochs < 10));
  policy.dispose();
});

Deno.test("ppo.train() lowers the learning rate linearly when asked", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    ...quick,
    learningRate: 0.001,
    learningRateSchedule: "linear",
  });
  assert.deepEqual(history.map((r) => r.learningRate), [0.001, 0.0005]);
  policy.dispose();
});

Deno.test("a policy is restored from its state and exported as the same function", async () => {
  const { policy } = await ppo.train(() => cartPole(), quick);
  const { policy: other } = await ppo.train(() => cartPole(), { ...quick, seed: 5 });
  const observations = createRng(2).fillNormal(new Float32Array(12));
  other.restore(JSON.parse(JSON.stringify(policy.state())));
  const wanted = policy.evaluate(observations);
  assert.deepEqual(other.evaluate(observations), wanted);
  const loaded = await loadOnnx(await policy.toOnnx());
  const served = await loaded.run({ observation: { data: observations, shape: [3, 4] } });
  for (let i = 0; i < 6; i++) {
    assert.ok(Math.abs(Number(served.distribution.data[i]) - wanted.outputs[i]) <= 1e-6);
  }
  assert.deepEqual([...served.action.data], [...policy.predict(observations)]);
  assert.throws(
    () => other.restore({ ...policy.state(), weights: [[1]] }),
    /Cannot restore policy/,
  );
  assert.throws(() => policy.predict(Float32Array.of(0, NaN, 0, 0)), /must be finite, got NaN/);
  assert.throws(() => policy.predict(Float32Array.of(0, 0, 0)), /rows of 4 numbers, got 3/);
  loaded.dispose();
  policy.dispose();
  other.dispose();
});

Deno.test("ppo.train() draws actions with the policy's probabilities", async () => {
  const { policy } = await ppo.train(() => cartPole(), quick);
  const observation = Float32Array.of(0, 0.5, 0.1, 0.5);
  const { outputs: logits } = policy.evaluate(observation);
  const wanted = 1 / (1 + Math.exp(logits[0] - logits[1]));
  const rows = 4000;
  const many = new Float32Array(4 * rows);
  for (let i = 0; i < rows; i++) many.set(observation, 4 * i);
  const share = Array.from(policy.predict(many, createRng(6))).reduce((a, b) => a + b, 0) / rows;
  assert.ok(Math.abs(share - wanted) < 4 * Math.sqrt(wanted * (1 - wanted) / rows));
  policy.dispose();
});

Deno.test("the first minibatch of a rollout has ratio 1 where choices are masked", async () => {
  const bars = randomBars(60);
  const frame = {
    names: ["close"],
    columns: [bars.close.map((c) => c / 100)],
    time: bars.time,
    length: 60,
  };
  const { policy, history } = await ppo.train(
    () => marketEnvironment({ bars, frame, minimumHoldBars: 3, account: { allowShort: false } }),
    { ...quick, rolloutSteps: 64, batchSize: 128, epochs: 1 },
  );
  // One pass of one minibatch: what the loss makes of the masks is what acting made of them.
  for (const { approxKl, entropy } of history) {
    assert.ok(Math.abs(approxKl) < 1e-6, `approxKl ${approxKl}`);
    assert.ok(entropy < Math.log(2), `entropy ${entropy} of at most two choices`);
  }
  policy.dispose();
});

Deno.test("each switch of PPO's loss and optimizer changes what is learned, and schedules that stand still do not", async () => {
  const weightsOf = async (changes: Partial<PpoConfig>) => {
    const { policy } = await ppo.train(() => cartPole(), {
      totalSteps: 128,
      rolloutSteps: 64,
      epochs: 2,
      hidden: [4],
      learningRate: 0.01,
      ...changes,
    });
    const weights = policy.state().weights.flat();
    policy.dispose();
    return weights;
  };
  const distance = (a: number[], b: number[]) =>
    a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
  const plain = await weightsOf({});
  for (
    const same of [
      { clipRange: { from: 0.2, to: 0.2 } },
      { entropyCoefficient: { from: 0, to: 0 } },
      { maxGradientNorm: 0.5, valueCoefficient: 0.5, adamEpsilon: 1e-5, gaeLambda: 0.95 },
    ]
  ) assert.ok(distance(await weightsOf(same), plain) < 1e-6, JSON.stringify(same));
  for (
    const other of [
      { clipRange: { from: 0.02, to: 0.01 } },
      { entropyCoefficient: { from: 0.5, to: 0 } },
      { valueClipRange: 0.01 },
      { normalizeAdvantage: false },
      { valueCoefficient: 0.1 },
      { maxGradientNorm: 0.01 },
      { adamEpsilon: 0.1 },
      { gamma: 0.5 },
      { gaeLambda: 0.5 },
      { scaleRewards: {} },
      { batchSize: 32 },
    ]
  ) assert.ok(distance(await weightsOf(other), plain) > 1e-4, JSON.stringify(other));
});

Deno.test("initialLogStd is the logarithm of a Gaussian's deviation at the start", async () => {
  const policy = await createPolicy({
    observationSize: 2,
    actionSpace: boxSpace([1]),
    hidden: [4],
    initialLogStd: -1,
    seed: 1,
  });
  const rows = 4000;
  const { drawn } = policy.act(new Float32Array(2 * rows), { rng: createRng(2) });
  const square = Array.from(drawn).reduce((sum, x) => sum + x * x, 0) / rows;
  assert.ok(Math.abs(Math.log(square) / 2 + 1) < 0.05, `deviation ${Math.sqrt(square)}`);
  policy.dispose();
});

Deno.test("trunk, activation and initial weights follow their switches", async () => {
  const sizes = (trunk: "separate" | "shared") =>
    createPolicy({
      observationSize: 3,
      actionSpace: discreteSpace(2),
      hidden: [5],
      trunk,
      seed: 1,
    });
  const separate = await sizes("separate"), shared = await sizes("shared");
  assert.deepEqual(separate.network.variables.map((v) => v.size), [15, 5, 10, 2, 15, 5, 5, 1]);
  assert.deepEqual(shared.network.variables.map((v) => v.size), [15, 5, 10, 2, 5, 1]);
  const uniform = await createPolicy({
    observationSize: 3,
    actionSpace: discreteSpace(2),
    hidden: [5],
    activation: "relu",
    orthogonal: false,
    seed: 1,
  });
  const [first, , last] = uniform.state().weights;
  const limit = Math.sqrt(6 / 8);
  assert.ok(first.every((w) => Math.abs(w) <= limit) && first.some((w) => Math.abs(w) > limit / 2));
  // Orthogonal weights of the actor's last layer are a hundredth as large.
  assert.ok(Math.max(...last.map(Math.abs)) > 0.1);
  assert.ok(Math.max(...separate.state().weights[2].map(Math.abs)) < 0.011);
  // Where no unit is above 0, a relu trunk says its bias, and a tanh trunk does not.
  const zeros = uniform.state().weights.map((w, i) =>
    w.map(() => i === 1 ? -1 : i === 3 ? 0.5 : 1)
  );
  for (const policy of [uniform, separate]) policy.restore({ weights: zeros });
  const observation = Float32Array.of(0, 0, 0);
  assert.deepEqual([...uniform.evaluate(observation).outputs], [0.5, 0.5]);
  assert.ok(Math.abs(separate.evaluate(observation).outputs[0] - (0.5 - 5 * Math.tanh(1))) < 1e-5);
  for (const policy of [separate, shared, uniform]) policy.dispose();
});

Deno.test("ppo.train() refuses what it cannot use, naming it", async () => {
  const make = () => cartPole();
  const { totalSteps } = quick;
  await assert.rejects(ppo.train(make, { totalSteps: 0 }), /Cannot train PPO: totalSteps: .*got 0/);
  await assert.rejects(ppo.train(make, { totalSteps, gamma: 2 }), /gamma: .*got 2/);
  await assert.rejects(
    ppo.train(make, { totalSteps, rolloutSteps: 8 }),
    /batchSize must be at most/,
  );
  await assert.rejects(ppo.train(make, { totalSteps, batch: 8 } as never), /"?batch"?/);
  const unbounded = () => ({ ...cartPole(), actionSpace: boxSpace([1]) });
  await assert.rejects(
    ppo.train(unbounded, { totalSteps, squash: true }),
    /squash must be false without finite bounds/,
  );
  const broken = () => {
    const environment = cartPole();
    let steps = 0;
    const step = (action: number) => {
      const result = environment.step(action);
      if (++steps === 50) result.observation[2] = NaN;
      return result;
    };
    return { ...environment, step } as ReturnType<typeof cartPole>;
  };
  await assert.rejects(ppo.train(broken, quick), EnvironmentError);
});

Deno.test("ppo.train() says so when the loss is no longer a number", async () => {
  await assert.rejects(
    ppo.train(() => cartPole(), { ...quick, learningRate: 1e30 }),
    (error: Error) =>
      error instanceof TrainingDivergedError && /loss must be finite, got/.test(error.message),
  );
});

Deno.test("ppo.train() stops when its signal aborts, with the signal's reason", async () => {
  const controller = new AbortController();
  let updates = 0;
  const onProgress = () => {
    updates++;
    controller.abort(new Error("enough"));
  };
  await assert.rejects(
    ppo.train(() => cartPole(), quick, { onProgress, signal: controller.signal }),
    /enough/,
  );
  assert.equal(updates, 1);
});

Deno.test("orthogonalKernel() has orthogonal columns, or rows, of the gain's length", () => {
  for (const [rows, columns] of [[5, 3], [3, 5], [4, 4]]) {
    const kernel = orthogonalKernel(rows, columns, 2, createRng(1));
    const tall = rows >= columns;
    const [count, length] = tall ? [columns, rows] : [rows, columns];
    const at = (v: number, i: number) => tall ? kernel[i * columns + v] : kernel[v * columns + i];
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
        assert.ok(Math.abs(dot - (a === b ? 4 : 0)) < 1e-5);
      }
    }
  }
});
