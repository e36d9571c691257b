/**
 * PPO on the mean-reverting market of known optimum: its Sharpe ratio on an unseen path of 100,000
 * bars as a share of the optimal band's on the same path, for seeds 200 to 209. Settings are those that
 * `mean_reversion_settings.ts` chose on other seeds.
 *
 * `deno run -A lib/agents/proofs/mean_reversion_seeds.ts` writes testdata/proof_mean_reversion.json.
 * @module
 */
import choice from "../testdata/proof_mean_reversion_settings.json" with { type: "json" };
import { bestBand, process } from "./mean_reversion.ts";
import { candidates, proveMeanReversion } from "./mean_reversion_settings.ts";
import { writeProof } from "./write_proof.ts";

if (import.meta.main) {
  const { chosen } = choice;
  const settings = candidates[chosen];
  const { aversion, band } = bestBand();
  const seeds = [];
  for (let seed = 200; seed < 210; seed++) {
    seeds.push(await proveMeanReversion(seed, band, settings));
    console.log(seeds.at(-1));
  }
  await writeProof("mean_reversion", {
    process,
    aversion,
    settings: { chosen, ...settings },
    seeds,
  });
}
