/**
 * Speed of reinforcement learning: environments alone, rollouts, and whole trainings of PPO at
 * Stable-Baselines3's default hyperparameters, on CartPole-v1 and on a market of one symbol, beside
 * Stable-Baselines3 on the same equations in the same run.
 *
 * Compilation and import are left out on both sides; the mean return of the last 100 episodes is
 * printed for both, since speed without it says nothing.
 *
 * Parts: `cartpole`, `market`.
 * @module
 */
import { cartPole, type MakeEnvironment, ppo, PpoLearner, vectorize } from "../lib/agents/mod.ts";
import { Rollout } from "../lib/agents/rollout.ts";
import { createRng } from "../lib/math/mod.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
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

/** Measures the cases. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick, parts = ["cartpole", "market"] } = options;
  const cases: BenchCase[] = [];
  const notes: string[] = [];
  const seeds = quick ? [1] : [1, 2, 3];

  const measure = async (
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
    const training = `PPO on ${name}, whole training of ${count(totalSteps)} steps`;
    const rolling = `PPO on ${name}, rollouts`;
    const add = (what: string, subject: string, values: number[]) => {
      cases.push(benchCase(what, subject, "steps/s", values));
      log(`${what}: ${subject} ${round(values)} steps/s`);
    };
    add(
      many,
      "tapebook",
      environmentAlone(make, copies, Math.ceil((quick ? 5e4 : 5e5) / copies), runs),
    );
    add(one, "tapebook", environmentAlone(make, 1, quick ? 20_000 : 200_000, runs));
    add(rolling, "tapebook", await rolloutAlone(make, seeds));
    const rates: number[] = [], returns: number[] = [];
    for (const seed of seeds) {
      const { policy, history } = await ppo.train(make, { totalSteps, seed });
      const last = history.at(-1)!;
      rates.push(last.stepsPerSecond);
      returns.push(last.meanReturn);
      policy.dispose();
    }
    add(training, "tapebook", rates);
    notes.push(
      `${name}: mean return of the last 100 episodes by seed: tapebook ${round(returns, digits)}`,
    );
    const peer = await runPythonPeer<PeerOutput>(
      new URL("peers/sb3_ppo.py", import.meta.url),
      [peerArgument, String(totalSteps), ...seeds.map(String)],
      ["stable_baselines3", "gymnasium", "torch"],
      log,
    );
    if (!peer) {
      notes.push(`${name}: Stable-Baselines3 was not found, its rows are left out`);
      return null;
    }
    add(one, "gymnasium", peer.environment);
    add(rolling, "sb3", peer.rollout);
    add(training, "sb3", peer.training);
    notes[notes.length - 1] += `; sb3 ${round(peer.meanReturn, digits)}`;
    const ratio = benchCase("", "", "", rates).value / benchCase("", "", "", peer.training).value;
    notes.push(`${name}: whole training ${ratio.toFixed(1)} times sb3's steps per second`);
    return peer;
  };

  if (parts.includes("cartpole")) {
    await measure("CartPole-v1", () => cartPole(), quick ? 4096 : 40_960, "cartpole", 0, 1024);
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
      const peer = await measure("a market", make, quick ? 4096 : 20_480, path, 3, 64);
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
  return { name: "agents", machine: describeMachine(), cases, notes };
}
