import assert from "node:assert/strict";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import { checkpointBytes, restoreCheckpoint } from "./checkpoint.ts";
import { cartPole } from "./cart_pole.ts";
import { EnvironmentError } from "./environment.ts";
import { frameStack } from "./frame_stack.ts";
import type { TrainingRecord } from "./learner.ts";
import { marketEnvironment } from "./market_environment.ts";
import { pendulum } from "./pendulum.ts";
import { ppo, PpoLearner } from "./ppo.ts";
import type { PpoConfig } from "./ppo_config.ts";
import { trainAgent, type TrainerOptions } from "./trainer.ts";
import { type MakeEnvironment, type VectorEnvironment, vectorize } from "./vector_environment.ts";
import { actionRepeat, timeLimit } from "./wrappers.ts";

const small: PpoConfig = {
  totalSteps: 768,
  environments: 2,
  rolloutSteps: 64,
  batchSize: 32,
  epochs: 3,
  hidden: [16],
  seed: 3,
};

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Everything but the time it took. */
const withoutTime = (history: TrainingRecord[]) =>
  history.map(({ stepsPerSecond: _, ...rest }) => rest);

const bars = randomBars(300);
const market = () =>
  marketEnvironment({
    bars,
    frame: {
      names: ["close"],
      columns: [bars.close.map((c) => c / 100)],
      time: bars.time,
      length: 300,
    },
    episodes: { kind: "curriculum", bars: 10, finalBars: 40, episodes: 30 },
    randomCosts: { fees: [0, 0.002] },
    minimumHoldBars: 2,
    reward: { kind: "differentialSharpe" },
  });

const trainings: [string, () => MakeEnvironment | VectorEnvironment, Partial<PpoConfig>][] = [
  ["CartPole", () => () => cartPole(), { learningRateSchedule: "linear", targetKl: 0.02 }],
  [
    "Pendulum with scaled rewards, normalised observations and noise",
    () => () => pendulum({ stepLimit: 50 }),
    {
      scaleRewards: {},
      normalizeObservations: {},
      squash: true,
      exploration: {
        epsilon: 0.1,
        actionNoise: { deviation: 0.2, theta: 0.3 },
        parameterNoise: 0.01,
      },
    },
  ],
  ["a recurrent policy on CartPole with novelty and schedules", () => () => cartPole(), {
    recurrent: { units: 8, sequenceSteps: 8 },
    clipRange: { from: 0.3, to: 0.1 },
    entropyCoefficient: { from: 0.02, to: 0 },
    exploration: { bonus: { kind: "rnd", hidden: 8, outputs: 4, batchSize: 32 } },
  }],
  ["a market with masks, curriculum, random costs and counts", () => market, {
    exploration: { bonus: { kind: "count", coefficient: { from: 0.1, to: 0 } } },
  }],
  [
    "stacked frames of a wrapped environment",
    () => frameStack(vectorize(() => timeLimit(actionRepeat(cartPole(), 2), 20), 2), 3),
    {},
  ],
];

for (const [name, make, more] of trainings) {
  Deno.test(`training resumed from a checkpoint is bit by bit that of no interruption: ${name}`, async () => {
    await withDirectory(async (directory) => {
      const config = { ...small, ...more };
      const whole = await ppo.train(make(), config);
      let updates = 0;
      const first = await ppo.train(make(), config, {
        checkpoint: { directory, everySteps: 128 },
        onProgress: () => ++updates === 3 ? "stop" : undefined,
      });
      assert.equal(first.stopped, "stop");
      assert.equal(first.history.length, 3);
      const resumed = await ppo.train(make(), config, {
        resume: `${directory}/last.safetensors`,
      });
      assert.deepEqual(withoutTime(resumed.history), withoutTime(whole.history));
      assert.equal(whole.history.length, 6);
      assert.deepEqual(resumed.policy.state().weights, whole.policy.state().weights);
      for (const { policy } of [whole, first, resumed]) policy.dispose();
    });
  });
}

Deno.test("trainAgent() evaluates on unseen environments by modes and draws, and keeps the best", async () => {
  await withDirectory(async (directory) => {
    const written: [string, boolean][] = [];
    const metrics: Record<string, number>[] = [];
    const { evaluations, policy, history } = await ppo.train(() => cartPole(), {
      ...small,
      totalSteps: 2048,
      learningRate: 3e-3,
    }, {
      evaluation: {
        makeEnvironment: () => cartPole({ stepLimit: 100 }),
        everySteps: 512,
        episodes: 5,
      },
      checkpoint: { directory, everySteps: 1024 },
      onCheckpoint: (path, isBest) => void written.push([path.slice(directory.length), isBest]),
      run: { logMetrics: (m, { step }) => void metrics.push({ ...m, step }) },
    });
    assert.deepEqual(evaluations.map((e) => e.steps), [512, 1024, 1536, 2048]);
    for (const { deterministic, stochastic } of evaluations) {
      assert.equal(deterministic.returns.length, 5);
      assert.ok(stochastic.meanReturn > 0 && stochastic.meanReturn <= 100);
      assert.notDeepEqual(deterministic.returns, stochastic.returns);
    }
    assert.equal(evaluations[0].isBest, true);
    const best = evaluations.filter((e) => e.isBest).length;
    assert.equal(written.filter(([, isBest]) => isBest).length, best);
    assert.ok(written.some(([path]) => path === "/last.safetensors"));
    const curve = metrics.filter((m) => "rollout/ep_rew_mean" in m);
    assert.equal(curve.length, history.filter((r) => r.episodes > 0).length);
    const last = curve.at(-1)!;
    for (
      const key of [
        "train/approx_kl",
        "train/clip_fraction",
        "train/explained_variance",
        "train/entropy",
        "train/policy_loss",
        "train/value_loss",
        "train/learning_rate",
        "rollout/ep_len_mean",
        "time/fps",
      ]
    ) assert.ok(Number.isFinite(last[key]), key);
    assert.equal(last.step, 2048);
    assert.equal(metrics.filter((m) => "eval/stochastic_mean_reward" in m).length, 4);
    const names = Array.from(Deno.readDirSync(directory), (e) => e.name).sort();
    assert.deepEqual(names, ["best.safetensors", "last.safetensors"]);
    policy.dispose();
  });
});

Deno.test("trainAgent() tells a trial and ends when it is to be pruned", async () => {
  const told: [number, number][] = [];
  const trial = {
    report: (value: number, step: number) => void told.push([value, step]),
    shouldPrune: () => told.length === 2,
  };
  const options: TrainerOptions = {
    evaluation: { makeEnvironment: () => cartPole(), everySteps: 128, episodes: 2 },
    trial,
  };
  const { stopped, evaluations, policy } = await ppo.train(() => cartPole(), small, options);
  assert.equal(stopped, "pruned");
  assert.deepEqual(told, evaluations.map((e) => [e.deterministic.meanReturn, e.steps]));
  assert.equal(told.length, 2);
  policy.dispose();
});

Deno.test("a checkpoint that is truncated, damaged or another's is refused by name, and changes nothing", async () => {
  const make = (more: Partial<PpoConfig> = {}) =>
    PpoLearner.create(() => cartPole(), { ...small, ...more });
  const trainer = { history: [], evaluations: [], bestReturn: -Infinity };
  const learner = await make();
  await learner.advance();
  const bytes = checkpointBytes(learner, trainer);
  const other = await make();
  const before = other.policy.state();
  for (const part of [4, 60, bytes.length >> 1, bytes.length - 1]) {
    assert.throws(
      () => restoreCheckpoint(bytes.subarray(0, part), other, trainer, "last.safetensors"),
      {
        name: "SyntaxError",
        message: /^Cannot load last.safetensors: /,
      },
    );
  }
  const damaged = bytes.slice();
  damaged[bytes.length - 8] ^= 1;
  assert.throws(() => restoreCheckpoint(damaged, other, trainer), /^SyntaxError: Cannot load/);
  assert.deepEqual(other.policy.state(), before);
  const wider = await make({ hidden: [8] });
  assert.throws(
    () => restoreCheckpoint(bytes, wider, trainer),
    /Cannot load checkpoint: hidden must be \[8\], got \[16\]/,
  );
  const longer = await make({ totalSteps: 4096 });
  restoreCheckpoint(bytes, longer, trainer);
  assert.equal(longer.steps, 128);
  for (const l of [learner, other, wider, longer]) {
    l.dispose();
    l.policy.dispose();
  }
});

Deno.test("a training that cannot be saved says which environment is at fault", async () => {
  await withDirectory(async (directory) => {
    const make = () => ({ ...cartPole(), saveState: undefined });
    await assert.rejects(
      ppo.train(make, small, { checkpoint: { directory, everySteps: 1 } }),
      /Cannot save environments: environment 0 must have saveState, got none/,
    );
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  });
});

Deno.test("trainAgent() ends with the error of an environment that gives NaN", async () => {
  let steps = 0;
  const make = () => {
    const inner = pendulum();
    return {
      ...inner,
      step: (action: Parameters<typeof inner.step>[0]) => {
        const result = inner.step(action);
        if (++steps === 100) result.observation[1] = NaN;
        return result;
      },
    };
  };
  const learner = await PpoLearner.create(make, small);
  await assert.rejects(
    trainAgent(learner),
    (error: Error) =>
      error instanceof EnvironmentError &&
      /observation must be finite, got NaN/.test(error.message),
  );
});
