/**
 * PPO on the mean-reverting market of known optimum: its Sharpe ratio on an unseen path of 100,000
 * bars as a share of the optimal band's on the same path, for seeds 0 to 4.
 *
 * `deno run -A lib/agents/proofs/mean_reversion_seeds.ts` writes testdata/proof_mean_reversion.json.
 * @module
 */
import { ppo } from "../ppo.ts";
import type { PpoConfig } from "../ppo_config.ts";
import {
  type Band,
  bandChoice,
  bestBand,
  episodeBars,
  logPrices,
  meanReversion,
  play,
  process,
  sharpeOf,
} from "./mean_reversion.ts";
import { writeProof } from "./write_proof.ts";

export const meanReversionConfig: PpoConfig = {
  totalSteps: 500_000,
  environments: 16,
  rolloutSteps: 256,
  batchSize: 512,
  learningRate: 1e-3,
  learningRateSchedule: "linear",
  gamma: 0.95,
  normalizeObservations: {},
  scaleRewards: {},
  entropyCoefficient: { from: 0.03, to: 0 },
  hidden: [32, 32],
};

/** Trains on one path and trades another, beside the band and holding. */
export async function proveMeanReversion(
  seed: number,
  band: Band,
  config: Partial<PpoConfig> = {},
  testBars = 100_000,
) {
  const train = logPrices(50_000, 1000 + seed), test = logPrices(testBars, 2000 + seed);
  const { policy } = await ppo.train(
    () =>
      meanReversion(train, { kind: "random", bars: episodeBars }, {
        kind: "meanVariance",
        aversion: 20,
      }),
    { ...meanReversionConfig, ...config, seed },
  );
  const annual = (returns: Float64Array) => sharpeOf(returns) * Math.sqrt(252);
  const optimal = annual(play(test, (x, present) => bandChoice(band, x, present)));
  const learned = annual(play(test, (_x, _present, observation) => policy.predict(observation)[0]));
  policy.dispose();
  return { seed, optimal, learned, share: learned / optimal };
}

if (import.meta.main) {
  const { aversion, band } = bestBand();
  const seeds = [];
  for (let seed = 0; seed < 5; seed++) {
    seeds.push(await proveMeanReversion(seed, band));
    console.log(seeds.at(-1));
  }
  await writeProof("mean_reversion", { process, aversion, config: meanReversionConfig, seeds });
}
