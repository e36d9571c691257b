/**
 * Speed of reinforcement learning: the environment alone, and whole trainings of PPO on CartPole-v1 at
 * Stable-Baselines3's default hyperparameters, beside Stable-Baselines3 in the same run.
 *
 * Compilation and import are left out on both sides; the mean return of the last 100 episodes is
 * printed for both, since speed without it says nothing.
 * @module
 */
import { cartPole, ppo, vectorize } from "../lib/agents/mod.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";

interface PeerOutput {
  stepsPerSecond: number[];
  meanReturn: number[];
}

const count = (n: number) => n.toLocaleString("en-US");
const round = (values: number[]) => values.map((v) => v.toFixed(0)).join(", ");

/** Measures the cases. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick } = options;
  const cases: BenchCase[] = [];
  const notes: string[] = [];

  const copies = 1024, rounds = quick ? 100 : 1000;
  const alone = Array.from({ length: quick ? 2 : 5 }, (_, i) => {
    const environments = vectorize(() => cartPole(), copies);
    environments.reset(i);
    const actions = new Int32Array(copies);
    const started = performance.now();
    for (let t = 0; t < rounds; t++) {
      for (let k = 0; k < copies; k++) actions[k] = (t + k) & 1;
      environments.step(actions);
    }
    return copies * rounds / (performance.now() - started) * 1000;
  });
  const name = `CartPole-v1, ${count(copies)} copies, environment alone`;
  cases.push(benchCase(name, "tapebook", "steps/s", alone));
  log(`${name}: ${round(alone)} steps/s`);

  const totalSteps = quick ? 4096 : 51_200;
  const seeds = quick ? [1] : [1, 2, 3];
  const training = `PPO on CartPole-v1, ${count(totalSteps)} steps, SB3's defaults`;
  const rates: number[] = [], returns: number[] = [];
  for (const seed of seeds) {
    const { policy, history } = await ppo.train(() => cartPole(), { totalSteps, seed });
    const last = history.at(-1)!;
    rates.push(last.stepsPerSecond);
    returns.push(last.meanReturn);
    policy.dispose();
  }
  cases.push(benchCase(training, "tapebook", "steps/s", rates));
  notes.push(`tapebook: mean return of the last 100 episodes by seed: ${round(returns)}`);
  log(`${training}: tapebook ${round(rates)} steps/s, return ${round(returns)}`);

  const peer = await runPythonPeer<PeerOutput>(
    new URL("peers/sb3_ppo.py", import.meta.url),
    [String(totalSteps), ...seeds.map(String)],
    ["stable_baselines3", "gymnasium", "torch"],
    log,
  );
  if (peer) {
    cases.push(benchCase(training, "sb3", "steps/s", peer.stepsPerSecond));
    notes.push(`sb3: mean return of the last 100 episodes by seed: ${round(peer.meanReturn)}`);
    log(`${training}: sb3 ${round(peer.stepsPerSecond)} steps/s, return ${round(peer.meanReturn)}`);
  } else notes.push("Stable-Baselines3 was not found: its rows are left out");
  return { name: "agents", machine: describeMachine(), cases, notes };
}
