/**
 * A2C and A3C on CartPole-v1: mean return over 100 unseen episodes after 200,000 steps, for seeds 0 to
 * 9, and the steps that were needed.
 *
 * `deno run -A lib/agents/proofs/actor_critic_cart_pole.ts` writes
 * testdata/proof_actor_critic_cart_pole.json.
 * @module
 */
import { a2c } from "../a2c/mod.ts";
import { a3c } from "../a3c/mod.ts";
import { cartPole } from "../cart_pole.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { writeProof } from "./write_proof.ts";

/** A2C's defaults with 8 environments; A3C's defaults. */
export const configs = { a2c: { environments: 8 }, a3c: {} };
export type Algorithm = keyof typeof configs;

const module = { module: new URL("../cart_pole.ts", import.meta.url), export: "cartPole" };

/** Trains one seed and plays 100 episodes that training never saw. */
export async function proveActorCritic(algorithm: Algorithm, seed: number, totalSteps = 200_000) {
  const config = { ...configs[algorithm], totalSteps, seed };
  const { policy, history } = algorithm === "a2c"
    ? await a2c.train(() => cartPole(), config)
    : await a3c.train(module, config);
  const play = (deterministic: boolean) =>
    evaluatePolicy(policy, () => cartPole(), { episodes: 100, seed: 10_000, deterministic });
  const result = {
    seed,
    deterministic: play(true).meanReturn,
    stochastic: play(false).meanReturn,
    /** Steps until the mean return of the last 100 training episodes was 475. */
    stepsTo475: history.find((r) => r.meanReturn >= 475)?.steps ?? null,
  };
  policy.dispose();
  return result;
}

if (import.meta.main) {
  const result: Record<string, unknown> = {};
  for (const algorithm of ["a2c", "a3c"] as const) {
    const seeds = [];
    for (let seed = 0; seed < 10; seed++) {
      seeds.push(await proveActorCritic(algorithm, seed));
      console.log(algorithm, seeds.at(-1));
    }
    // What those seeds need that 200,000 steps were too few for.
    const longer = [];
    for (const { seed, stepsTo475 } of seeds) {
      if (stepsTo475 === null) longer.push(await proveActorCritic(algorithm, seed, 500_000));
    }
    result[algorithm] = {
      config: configs[algorithm],
      solved: seeds.filter((s) => s.deterministic >= 475).length,
      seeds,
      longer: { totalSteps: 500_000, seeds: longer },
    };
  }
  await writeProof("actor_critic_cart_pole", result);
}
