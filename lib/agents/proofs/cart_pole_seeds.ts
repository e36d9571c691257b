/**
 * PPO on CartPole-v1 with Stable-Baselines3's defaults: mean return over 100 unseen episodes after
 * 200,000 steps, for seeds 0 to 9.
 *
 * `deno run -A lib/agents/proofs/cart_pole_seeds.ts` writes testdata/proof_cart_pole.json.
 * @module
 */
import { cartPole } from "../cart_pole.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { ppo } from "../ppo.ts";
import { writeProof } from "./write_proof.ts";

/** Trains one seed and plays 100 episodes that training never saw. */
export async function proveCartPole(seed: number, totalSteps = 200_000) {
  const { policy, history } = await ppo.train(() => cartPole(), { totalSteps, seed });
  const play = (deterministic: boolean) =>
    evaluatePolicy(policy, () => cartPole(), { episodes: 100, seed: 10_000, deterministic });
  const first = history.find((r) => r.meanReturn >= 475);
  const result = {
    seed,
    deterministic: play(true).meanReturn,
    stochastic: play(false).meanReturn,
    /** Steps until the mean return of the last 100 training episodes was 475. */
    stepsTo475: first?.steps ?? null,
  };
  policy.dispose();
  return result;
}

if (import.meta.main) {
  const seeds = [];
  for (let seed = 0; seed < 10; seed++) {
    seeds.push(await proveCartPole(seed));
    console.log(seeds.at(-1));
  }
  await writeProof("cart_pole", {
    solved: seeds.filter((s) => s.deterministic >= 475).length,
    seeds,
  });
}
