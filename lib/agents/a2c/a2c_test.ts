import assert from "node:assert/strict";
import { createActorCritic } from "../actor_critic.ts";
import { cartPole } from "../cart_pole.ts";
import { discreteSpace, EnvironmentError } from "../environment.ts";
import { computeGae } from "../gae.ts";
import { parseConfig } from "../parse_config.ts";
import { TrainingDivergedError } from "../trainer.ts";
import { a2cConfigSchema } from "./a2c_config.ts";
import { compileA2cUpdate } from "./a2c_update.ts";
import { a2c } from "./mod.ts";
import fixture from "./testdata/a2c_update.json" with { type: "json" };

const near = (got: ArrayLike<number>, wanted: number[], what: string) => {
  assert.equal(got.length, wanted.length, what);
  wanted.forEach((want, i) =>
    assert.ok(
      Math.abs(got[i] - want) <= 1e-5 * Math.max(1, Math.abs(want)),
      `${what}[${i}]: ${got[i]} and ${want}`,
    )
  );
};

for (const { optimizer, normalizeAdvantage, start, updates } of fixture.cases) {
  const what = `${optimizer}${normalizeAdvantage ? ", normalised advantages" : ""}`;
  Deno.test(`A2C's updates equal Stable-Baselines3's within 1e-5 (${what})`, async () => {
    const config = parseConfig(a2cConfigSchema, {
      totalSteps: 1,
      environments: 3,
      nSteps: 4,
      learningRate: 0.01,
      entropyCoefficient: 0.01,
      optimizer: optimizer as "rmsprop",
      normalizeAdvantage,
    }, "test");
    const network = await createActorCritic({
      observationSize: 4,
      actionSpace: discreteSpace(2),
      hidden: [4],
      seed: 1,
    });
    const update = await compileA2cUpdate(network, config, false);
    update.restore(Float32Array.from(start.flat()), update.meanSquare.slice());
    for (const u of updates) {
      const losses = update.run({
        observations: Float32Array.from(u.observations),
        drawn: Int32Array.from(u.actions),
        advantages: Float32Array.from(u.advantages),
        returns: Float32Array.from(u.returns),
      }, { learningRate: 0.01, entropyCoefficient: 0.01 });
      near([losses.policyLoss], [u.policyLoss], "policyLoss");
      near([losses.valueLoss], [u.valueLoss], "valueLoss");
      near([losses.entropy], [u.entropy], "entropy");
      near(update.parameters, u.weights.flat(), "weights");
    }
    update.syncVariables();
    near(network.variables[0].dataSync(), updates.at(-1)!.weights[0], "variable");
    update.dispose();
    network.dispose();
  });
}

Deno.test("n-step returns of an update equal Stable-Baselines3's within 1e-5", () => {
  const [first] = fixture.cases[0].updates;
  const advantages = new Float32Array(12), returns = new Float32Array(12);
  // No episode ends in these steps. What is beyond them is read off the last row of returns.
  computeGae(
    {
      rewards: first.rewards,
      values: first.values,
      dones: new Uint8Array(12),
      lastValues: first.returns.slice(-3).map((r, i) => (r - first.rewards[9 + i]) / 0.99),
      gamma: 0.99,
      gaeLambda: 1,
    },
    advantages,
    returns,
  );
  near(advantages, first.advantages, "advantages");
  near(returns, first.returns, "returns");
});

const quick = { totalSteps: 4000, environments: 4, hidden: [16], reportUpdates: 20 };

Deno.test("a2c.train() learns CartPole, and the same seed gives the same policy", async () => {
  const config = {
    totalSteps: 30_000,
    environments: 8,
    learningRate: 3e-3,
    learningRateSchedule: "linear",
    seed: 2,
  } as const;
  const { policy, history } = await a2c.train(() => cartPole(), config);
  const last = history.at(-1)!;
  assert.ok(last.meanReturn > 100, String(last.meanReturn));
  policy.dispose();
  const weights = async () => {
    const { policy } = await a2c.train(() => cartPole(), quick);
    const state = policy.state();
    policy.dispose();
    return state.weights;
  };
  assert.deepEqual(await weights(), await weights());
});

Deno.test("a2c.train() resumed from a checkpoint has the learning curve of no interruption", async () => {
  const directory = await Deno.makeTempDir();
  const config = { ...quick, recurrent: { units: 4 }, nSteps: 8 };
  try {
    const whole = await a2c.train(() => cartPole(), config);
    let seen = 0;
    const half = await a2c.train(() => cartPole(), config, {
      onProgress: () => ++seen === 3 ? "stop" : undefined,
      checkpoint: { directory, everySteps: 1e9 },
    });
    const resumed = await a2c.train(() => cartPole(), config, {
      resume: `${directory}/last.safetensors`,
    });
    const curve = (r: typeof whole) =>
      r.history.map(({ steps, loss, meanReturn }) => [steps, loss, meanReturn]);
    assert.equal(half.history.length, 3);
    assert.deepEqual(curve(resumed), curve(whole));
    assert.deepEqual(resumed.policy.state().weights, whole.policy.state().weights);
    for (const { policy } of [whole, half, resumed]) policy.dispose();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a2c.train() names what it cannot use, a NaN and a diverged loss", async () => {
  const make = () => cartPole();
  await assert.rejects(a2c.train(make, { totalSteps: 0 }), /Cannot train A2C: totalSteps: .*got 0/);
  await assert.rejects(
    a2c.train(make, { totalSteps: 9, optimizer: "adam" as "rmsprop" }),
    /optimizer: .*got "adam"/,
  );
  await assert.rejects(
    a2c.train(make, { ...quick, learningRate: 1e30 }),
    (error: Error) =>
      error instanceof TrainingDivergedError && /loss must be finite/.test(error.message),
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
  await assert.rejects(a2c.train(broken, quick), EnvironmentError);
});
