/**
 * Speed of reinforcement learning: environments alone, rollouts, and whole trainings of PPO at
 * Stable-Baselines3's default hyperparameters, on CartPole-v1 and on a market of one symbol; and whole
 * trainings of A2C and A3C at those of its A2C; beside Stable-Baselines3 on the same equations in the
 * same run. It has no A3C: the synchronous A2C stands beside ours.
 *
 * Compilation and import (A3C: the start of its workers) are left out on both sides; the mean return of
 * the last 100 episodes is printed for both, since speed without it says nothing.
 *
 * Parts: `cartpole`, `market`, `a2c`, `a3c`.
 * @module
 */
import {
  a2c,
  a3c,
  type A3cConfig,
  cartPole,
  type MakeEnvironment,
  ppo,
  PpoLearner,
  type TrainingRecord,
  vectorize,
} from "../lib/agents/mod.ts";
import { Rollout } from "../lib/agents/rollout.ts";
import { createRng } from "../lib/math/mod.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  chosenCases,
  describeMachine,
  medianOf,
  runPythonPeer,
} from "./bench_result.ts";
import { episodeBars, fees, levels, marketData, marketOf } from "./cases/market_case.ts";

interface PeerOutput {
  environment: number[];
  rollout: number[];
  training: number[];
  meanReturn: number[];
  equity?: number[];
}

const count = (n: number) => n.toLocaleString("en-US");
const round = (values: number[], digits = 0) => values.map((v) => v.toFixed(digits)).join(", ");

/** Steps per second of `copies` environments stepped together. */
function environmentAlone(make: MakeEnvironment, copies: number, rounds: number, runs: number) {
  return Array.from({ length: runs }, (_, i) => {
    const environments = vectorize(make, copies);
    environments.reset(i);
    const actions = new Int32Array(copies);
    const started = performance.now();
    for (let t = 0; t < rounds; t++) {
      for (let k = 0; k < copies; k++) actions[k] = (t + k) & 1;
      environments.step(actions);
    }
    return copies * rounds / (performance.now() - started) * 1000;
  });
}

/** Steps per second of acting, stepping and remembering, as a training of one environment does. */
async function rolloutAlone(make: MakeEnvironment, seeds: number[]): Promise<number[]> {
  const rates: number[] = [];
  for (const seed of seeds) {
    const learner = await PpoLearner.create(make, { totalSteps: 2048, seed });
    const environments = vectorize(make, 1);
    environments.reset(seed);
    const rollout = new Rollout(environments, learner.policy, 2048), rng = createRng(seed);
    rollout.collect(rng, 0.99, () => {});
    const started = performance.now();
    for (let i = 0; i < 4; i++) {
      await learner.policy.freeze(1);
      rollout.collect(rng, 0.99, () => {});
    }
    rates.push(4 * 2048 / (performance.now() - started) * 1000);
    learner.dispose();
    learner.policy.dispose();
  }
  return rates;
}

/** What of a training is compared: environment steps per second, and the return that it came to. */
interface Trained {
  rate: number;
  meanReturn: number;
}

/** SB3's A2C defaults, which are our A2C's; as many workers as there are cores in place of its one. */
const a3cConfig: Omit<A3cConfig, "totalSteps"> = {
  workers: navigator.hardwareConcurrency,
  nSteps: 5,
  learningRate: 7e-4,
  learningRateSchedule: "constant",
  entropyCoefficient: 0,
  maxGradientNorm: 0.5,
};

/** Trains A2C, or A3C, on CartPole. A3C's time begins with its first record, its workers at work by then. */
async function trainActorCritic(
  algorithm: "a2c" | "a3c",
  totalSteps: number,
  seed: number,
): Promise<Trained> {
  if (algorithm === "a2c") {
    const { policy, history } = await a2c.train(() => cartPole(), { totalSteps, seed });
    policy.dispose();
    const { stepsPerSecond: rate, meanReturn } = history.at(-1)!;
    return { rate, meanReturn };
  }
  const environment = {
    module: new URL("../lib/agents/cart_pole.ts", import.meta.url),
    export: "cartPole",
  };
  const seen: { at: number; record: TrainingRecord }[] = [];
  const { policy } = await a3c.train(environment, { ...a3cConfig, totalSteps, seed }, {
    onProgress: (record) => void seen.push({ at: performance.now(), record }),
  });
  policy.dispose();
  const first = seen[0], last = seen.at(-1)!;
  const rate = (last.record.steps - first.record.steps) / (last.at - first.at) * 1000;
  return { rate, meanReturn: last.record.meanReturn };
}

/** Measures the cases. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick } = options;
  const parts = chosenCases("agents", ["cartpole", "market", "a2c", "a3c"], options.parts);
  const cases: BenchCase[] = [];
  const notes: string[] = [];
  const seeds = quick ? [1] : [1, 2, 3];

  const add = (what: string, subject: string, values: number[]) => {
    cases.push(benchCase(what, subject, "steps/s", values));
    log(`${what}: ${subject} ${round(values)} steps/s`);
  };
  const askPeer = (algorithm: "ppo" | "a2c", environment: string, totalSteps: number) =>
    runPythonPeer<PeerOutput>(
      new URL("peers/sb3_train.py", import.meta.url),
      [algorithm, environment, String(totalSteps), ...seeds.map(String)],
      ["stable_baselines3", "gymnasium", "torch"],
      log,
    );
  /** Rows and notes of trainings, ours and the peer's. */
  const compare = (
    what: string,
    of: string,
    trained: Trained[],
    peer: PeerOutput | null,
    digits: number,
  ) => {
    const training = `${what}, whole training of ${of}`;
    const rates = trained.map((t) => t.rate);
    add(training, "tapebook", rates);
    const returns = `${what}: mean return of the last 100 episodes by seed: tapebook ${
      round(trained.map((t) => t.meanReturn), digits)
    }`;
    if (!peer) {
      notes.push(returns, `${what}: Stable-Baselines3 was not found, its rows are left out`);
      return;
    }
    add(training, "sb3", peer.training);
    notes.push(`${returns}; sb3 ${round(peer.meanReturn, digits)}`);
    const ratio = medianOf(rates) / medianOf(peer.training);
    notes.push(`${what}: whole training ${ratio.toFixed(1)} times sb3's steps per second`);
  };

  const measurePpo = async (
    name: string,
    make: MakeEnvironment,
    totalSteps: number,
    peerArgument: string,
    digits: number,
    copies: number,
  ) => {
    const runs = quick ? 2 : 5;
    const many = `${name}, ${count(copies)} environments alone`;
    const one = `${name}, one environment alone`;
    const rolling = `PPO on ${name}, rollouts`;
    add(
      many,
      "tapebook",
      environmentAlone(make, copies, Math.ceil((quick ? 5e4 : 5e5) / copies), runs),
    );
    add(one, "tapebook", environmentAlone(make, 1, quick ? 20_000 : 200_000, runs));
    add(rolling, "tapebook", await rolloutAlone(make, seeds));
    const trained: Trained[] = [];
    for (const seed of seeds) {
      const { policy, history } = await ppo.train(make, { totalSteps, seed });
      const { stepsPerSecond: rate, meanReturn } = history.at(-1)!;
      trained.push({ rate, meanReturn });
      policy.dispose();
    }
    const peer = await askPeer("ppo", peerArgument, totalSteps);
    if (peer) {
      add(one, "gymnasium", peer.environment);
      add(rolling, "sb3", peer.rollout);
    }
    compare(`PPO on ${name}`, `${count(totalSteps)} steps`, trained, peer, digits);
    return peer;
  };

  if (parts.includes("cartpole")) {
    await measurePpo("CartPole-v1", () => cartPole(), quick ? 4096 : 40_960, "cartpole", 0, 1024);
  }
  if (parts.includes("market")) {
    const data = marketData();
    const { open, close } = data.bars;
    const path = await Deno.makeTempFile({ suffix: ".json" });
    try {
      await Deno.writeTextFile(
        path,
        JSON.stringify({
          open: [...open],
          close: [...close],
          features: data.features.map((c) => [...c]),
          levels,
          fees,
          episodeBars,
        }),
      );
      const make = () => marketOf(data);
      const peer = await measurePpo("a market", make, quick ? 4096 : 20_480, path, 3, 64);
      if (peer?.equity) {
        const environment = marketOf(data, episodeBars);
        environment.reset(0);
        for (let t = 0; t < episodeBars - 1; t++) environment.step(t % levels.length);
        const gaps = environment.episode.equity.map((e, t) => Math.abs(e - peer.equity![t]));
        notes.push(
          `a market: equity of the same actions differs by at most ${
            Math.max(...gaps).toExponential(1)
          } of 10,000`,
        );
      }
    } finally {
      await Deno.remove(path);
    }
  }
  const actorCritics = parts.filter((part) => part === "a2c" || part === "a3c");
  if (actorCritics.length > 0) {
    const totalSteps = quick ? 4000 : 20_000;
    const peer = await askPeer("a2c", "cartpole", totalSteps);
    for (const algorithm of actorCritics as ("a2c" | "a3c")[]) {
      const trained: Trained[] = [];
      for (const seed of seeds) trained.push(await trainActorCritic(algorithm, totalSteps, seed));
      const what = algorithm === "a2c"
        ? "A2C on CartPole-v1"
        : `A3C of ${a3cConfig.workers} workers on CartPole-v1, beside SB3's A2C`;
      compare(what, `${count(totalSteps)} steps`, trained, peer, 0);
    }
  }
  return { name: "agents", machine: describeMachine(), cases, notes };
}
