import assert from "node:assert/strict";
import cartPole from "../testdata/proof_cart_pole.json" with { type: "json" };
import meanReversion from "../testdata/proof_mean_reversion.json" with { type: "json" };
import settings from "../testdata/proof_mean_reversion_settings.json" with { type: "json" };
import pendulum from "../testdata/proof_pendulum.json" with { type: "json" };
import randomWalk from "../testdata/proof_random_walk.json" with { type: "json" };
import { proveCartPole } from "./cart_pole_seeds.ts";
import { optimalBand } from "./mean_reversion.ts";
import {
  candidates,
  chooseSettings,
  proveMeanReversion,
  settingsSeeds,
} from "./mean_reversion_settings.ts";
import { provePendulum } from "./pendulum_seeds.ts";
import { proveRandomWalk } from "./random_walk_seeds.ts";

Deno.test("the recorded proofs of PPO say what is claimed", () => {
  assert.ok(cartPole.seeds.filter((s) => s.deterministic >= 475).length >= 9);
  assert.equal(cartPole.seeds.length, 10);
  assert.ok(pendulum.seeds.every((s) => s.deterministic > -250));
  assert.equal(meanReversion.seeds.length, 10);
  assert.ok(meanReversion.seeds.every((s) => s.share >= 0.9));
  assert.equal(randomWalk.seeds.length, 20);
  assert.ok(randomWalk.t < 2);
});

Deno.test("settings for the known optimum were chosen on other seeds than those reported", () => {
  assert.deepEqual(settings.table.map((row) => row.name), Object.keys(candidates));
  assert.equal(chooseSettings(settings.table), settings.chosen);
  const { chosen, ...used } = meanReversion.settings;
  assert.equal(chosen, settings.chosen);
  assert.deepEqual(used, candidates[chosen]);
  assert.deepEqual(settings.seeds, settingsSeeds);
  assert.ok(meanReversion.seeds.every(({ seed }) => !settingsSeeds.includes(seed)));
});

Deno.test("PPO holds CartPole-v1 up for 475 steps on average after 65,536 steps of training", async () => {
  const { deterministic } = await proveCartPole(3, 65_536);
  assert.ok(deterministic >= 475, `mean return of 100 unseen episodes: ${deterministic}`);
});

Deno.test("PPO swings Pendulum-v1 up within 61,440 steps", async () => {
  const { deterministic } = await provePendulum(1, { totalSteps: 61_440 });
  assert.ok(deterministic > -450, `mean return of 100 unseen episodes: ${deterministic}`);
});

Deno.test("PPO finds most of a known optimum in a short training, and trades at its costs", async () => {
  const band = optimalBand(meanReversion.aversion);
  // The optimum is a band: the position is kept between the prices of entering and of leaving.
  const long = band[2].lastIndexOf(2), enter = band[1].lastIndexOf(2);
  assert.ok(long > enter, `kept up to cell ${long}, entered up to ${enter}`);
  const { config, aversion } = candidates.base;
  const short = { config: { ...config, totalSteps: 122_880 }, aversion };
  const { share } = await proveMeanReversion(0, band, short, 20_000);
  assert.ok(share > 0.7, `share of the optimal Sharpe ratio: ${share}`);
});

Deno.test("PPO earns nothing out of sample on random walks", async () => {
  let sum = 0;
  for (let seed = 0; seed < 4; seed++) sum += (await proveRandomWalk(seed, 16_384)).outOfSample;
  // Over 2,000 bars the Sharpe ratio of no skill has a standard error of 0.35; of four, 0.18.
  assert.ok(sum / 4 < 0.6, `mean Sharpe ratio ${sum / 4}`);
});
