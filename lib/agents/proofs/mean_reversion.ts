/**
 * A market with a known optimum: the log price is an Ornstein-Uhlenbeck process (an AR(1) at each
 * close), trading costs a fraction of the value, and the position is short, flat or long.
 *
 * The optimum is found by dynamic programming on a grid: for a risk aversion L the policy that is best
 * for the mean of r - L r^2 / 2, r being a step's return after costs; among those the one of the
 * highest Sharpe ratio over a long path, which is the best Sharpe ratio that a policy of this state can
 * have. It is a no-trade band: enter when the price is far off, leave when it is near.
 * @module
 */
import { createRng, mean, standardDeviation } from "../../math/mod.ts";
import type { FeatureFrame } from "../../features/mod.ts";
import type { EpisodeSampling } from "../episode_sampler.ts";
import type { RewardConfig } from "../rewards.ts";
import { type MarketEnvironment, marketEnvironment } from "../market_environment.ts";
import { barsOfCloses } from "./synthetic_bars.ts";

/** The process and what trading it costs. */
export const process = { persistence: 0.9, deviation: 0.01, fees: 0.002 };
const { persistence, deviation, fees } = process;
export const stationaryDeviation = deviation / Math.sqrt(1 - persistence ** 2);
const positions = [-1, 0, 1];
/** Bars of an episode. */
export const episodeBars = 500;
/** Grid of the log price, in stationary deviations. */
const cells = 241, reach = 5;

/** Log prices of `length` closes. */
export function logPrices(length: number, seed: number): Float64Array {
  const rng = createRng(seed).split("mean reversion");
  const x = new Float64Array(length);
  x[0] = stationaryDeviation * rng.normal();
  for (let t = 1; t < length; t++) x[t] = persistence * x[t - 1] + deviation * rng.normal();
  return x;
}

/** The environment on such a path; its one feature is the log price in stationary deviations. */
export function meanReversion(
  x: Float64Array,
  episodes: EpisodeSampling,
  reward?: RewardConfig,
): MarketEnvironment {
  const bars = barsOfCloses(x.map((v) => 100 * Math.exp(v)));
  const frame: FeatureFrame = {
    names: ["deviation"],
    columns: [x.map((v) => v / stationaryDeviation)],
    time: bars.time,
    length: bars.length,
  };
  return marketEnvironment({ bars, frame, episodes, reward, account: { fees } });
}

/** For each cell and present position the index of the best position. */
export type Band = Uint8Array[];

const cellOf = (x: number): number => {
  const at = Math.round((x / stationaryDeviation + reach) / (2 * reach) * (cells - 1));
  return Math.max(0, Math.min(cells - 1, at));
};

/** The position that a band asks for. */
export const bandChoice = (band: Band, x: number, present: number): number =>
  band[present][cellOf(x)];

/** Best policy for mean(r) - aversion mean(r^2) / 2, by value iteration (discount 0.995). */
export function optimalBand(aversion: number): Band {
  const grid = Float64Array.from(
    { length: cells },
    (_, i) => (2 * i / (cells - 1) - 1) * reach * stationaryDeviation,
  );
  // Probability of each next cell, and the mean simple return and its square.
  const next = Array.from(grid, (x) => {
    const p = grid.map((y) => Math.exp(-(((y - persistence * x) / deviation) ** 2) / 2));
    const sum = p.reduce((a, b) => a + b);
    return p.map((v) => v / sum);
  });
  const rewardOf = (cell: number, from: number, to: number): number => {
    const drift = (persistence - 1) * grid[cell], variance = deviation ** 2;
    const mean = Math.exp(drift + variance / 2) - 1;
    const square = Math.exp(2 * drift + 2 * variance) - 2 * Math.exp(drift + variance / 2) + 1;
    const cost = fees * Math.abs(positions[to] - positions[from]);
    const w = positions[to];
    const mu = w * mean - cost;
    return mu - aversion / 2 * (w * w * square - 2 * w * mean * cost + cost * cost);
  };
  let values = positions.map(() => new Float64Array(cells));
  const band: Band = positions.map(() => new Uint8Array(cells));
  for (let round = 0; round < 1500; round++) {
    const later = values.map((v) =>
      Float64Array.from(next, (p) => {
        let sum = 0;
        for (let i = 0; i < cells; i++) sum += p[i] * v[i];
        return sum;
      })
    );
    let change = 0;
    const updated = positions.map((_, from) =>
      Float64Array.from(grid, (_, cell) => {
        let best = -Infinity;
        positions.forEach((_, to) => {
          const value = rewardOf(cell, from, to) + 0.995 * later[to][cell];
          if (value > best) {
            best = value;
            band[from][cell] = to;
          }
        });
        return best;
      })
    );
    updated.forEach((v, k) =>
      v.forEach((value, i) => {
        change = Math.max(change, Math.abs(value - values[k][i]));
      })
    );
    values = updated;
    if (change < 1e-10) break;
  }
  return band;
}

/** Mean over deviation of returns. */
export const sharpeOf = (returns: ArrayLike<number>): number =>
  mean(returns as Float64Array) / standardDeviation(returns as Float64Array);

/**
 * Per-bar returns of a path played through by `choose(log price, present choice, observation)`, in
 * episodes of {@linkcode episodeBars} one after the other, each with a new account: the horizon that
 * an agent is trained on.
 */
export function play(
  x: Float64Array,
  choose: (x: number, present: number, observation: Float32Array) => number,
): Float64Array {
  const environment = meanReversion(x, { kind: "walkForward", bars: episodeBars });
  const episodes = Math.floor(x.length / episodeBars);
  const returns = new Float64Array(episodes * (episodeBars - 1));
  for (let e = 0, at = 0; e < episodes; e++) {
    let observation = environment.reset(e === 0 ? 0 : undefined), present = 1;
    const { from, equity } = environment.episode;
    for (let t = 0; t < episodeBars - 1; t++) {
      present = choose(x[from + t], present, observation);
      observation = environment.step(present).observation;
      returns[at++] = equity[t + 1] / equity[t] - 1;
    }
  }
  return returns;
}

/** The band of the highest Sharpe ratio over all risk aversions, by a path of 200,000 bars. */
export function bestBand(): { aversion: number; band: Band } {
  const x = logPrices(200_000, 99);
  return [0, 5, 10, 15, 20, 25, 30, 40]
    .map((aversion) => {
      const band = optimalBand(aversion);
      const sharpe = sharpeOf(play(x, (v, present) => bandChoice(band, v, present)));
      return { aversion, band, sharpe };
    })
    .reduce((a, b) => b.sharpe > a.sharpe ? b : a);
}
