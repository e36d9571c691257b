/**
 * PPO on random walks without drift: there is nothing to learn, so that the mean Sharpe ratio out of
 * sample after costs must not be above 0 beyond noise. 20 seeds, each with a path of its own.
 *
 * `deno run -A lib/agents/proofs/random_walk_seeds.ts` writes testdata/proof_random_walk.json.
 * @module
 */
import type { FeatureFrame } from "../../features/mod.ts";
import { createRng, mean, standardDeviation } from "../../math/mod.ts";
import { marketEnvironment } from "../market_environment.ts";
import { ppo } from "../ppo.ts";
import { barsOfCloses } from "./synthetic_bars.ts";
import { writeProof } from "./write_proof.ts";

/** Bars to learn from, and as many to trade afterwards. */
const trainBars = 2000;

/** Annual Sharpe ratio of one seed's policy, in sample and out of it; 0 where it never trades. */
export async function proveRandomWalk(seed: number, totalSteps = 100_000) {
  const rng = createRng(seed).split("random walk");
  // The expected simple return of a step is 0: the log falls by half its variance.
  let x = Math.log(100);
  const close = Float64Array.from(
    { length: 2 * trainBars },
    () => Math.exp(x += 0.01 * rng.normal() - 0.01 ** 2 / 2),
  );
  const bars = barsOfCloses(close);
  const change = (lag: number) =>
    close.map((c, t) => t < lag ? 0 : Math.log(c / close[t - lag]) * 100);
  const frame: FeatureFrame = {
    names: ["return1", "return5", "return20"],
    columns: [change(1), change(5).map((v) => v / 2), change(20).map((v) => v / 4)],
    time: bars.time,
    length: bars.length,
  };
  const make = (from: number, to: number, episodeBars?: number) =>
    marketEnvironment({ bars, frame, from, to, episodeBars, account: { fees: 0.001 } });
  const { policy } = await ppo.train(() => make(20, trainBars, 250), {
    totalSteps,
    environments: 8,
    rolloutSteps: 128,
    batchSize: 256,
    learningRate: 1e-3,
    gamma: 0.95,
    scaleRewards: {},
    hidden: [32, 32],
    seed,
  });
  const sharpe = (from: number, to: number) => {
    const environment = make(from, to);
    let observation = environment.reset(0);
    for (let done = false; !done;) {
      const result = environment.step(policy.predict(observation)[0]);
      observation = result.observation;
      done = result.terminated || result.truncated;
    }
    const { equity } = environment.episode;
    const returns = equity.slice(1).map((e, t) => e / equity[t] - 1);
    const deviation = standardDeviation(returns);
    return deviation === 0 ? 0 : mean(returns) / deviation * Math.sqrt(252);
  };
  const result = {
    seed,
    inSample: sharpe(20, trainBars),
    outOfSample: sharpe(trainBars, 2 * trainBars),
  };
  policy.dispose();
  return result;
}

if (import.meta.main) {
  const seeds = [];
  for (let seed = 0; seed < 20; seed++) {
    seeds.push(await proveRandomWalk(seed));
    console.log(seeds.at(-1));
  }
  const out = Float64Array.from(seeds, (s) => s.outOfSample);
  const standardError = standardDeviation(out) / Math.sqrt(out.length);
  await writeProof("random_walk", {
    meanInSample: mean(Float64Array.from(seeds, (s) => s.inSample)),
    meanOutOfSample: mean(out),
    standardError,
    t: mean(out) / standardError,
    seeds,
  });
}
