/**
 * PPO on Pendulum-v1 with the hyperparameters of RL Baselines3 Zoo (without its state-dependent
 * exploration): mean return over 100 unseen episodes, seeds 0 to 4.
 *
 * `deno run -A lib/agents/proofs/pendulum_seeds.ts` writes testdata/proof_pendulum.json.
 * @module
 */
import { evaluatePolicy } from "../evaluate.ts";
import { pendulum } from "../pendulum.ts";
import { ppo } from "../ppo.ts";
import type { PpoConfig } from "../ppo_config.ts";
import { writeProof } from "./write_proof.ts";

/** Four environments, 1,024 steps each a rollout. */
export const pendulumConfig: PpoConfig = {
  totalSteps: 300_000,
  environments: 4,
  rolloutSteps: 1024,
  batchSize: 64,
  epochs: 10,
  gamma: 0.9,
  gaeLambda: 0.95,
  learningRate: 1e-3,
  learningRateSchedule: "linear",
  clipRange: 0.2,
};

/** Trains one seed and plays 100 episodes that training never saw. */
export async function provePendulum(seed: number, config: Partial<PpoConfig> = {}) {
  const { policy } = await ppo.train(() => pendulum(), { ...pendulumConfig, ...config, seed });
  const play = (deterministic: boolean) =>
    evaluatePolicy(policy, () => pendulum(), { episodes: 100, seed: 10_000, deterministic });
  const result = { seed, deterministic: play(true).meanReturn, stochastic: play(false).meanReturn };
  policy.dispose();
  return result;
}

if (import.meta.main) {
  const seeds = [];
  for (let seed = 0; seed < 5; seed++) {
    seeds.push(await provePendulum(seed));
    console.log(seeds.at(-1));
  }
  await writeProof("pendulum", { seeds });
}
