/**
 * Trading one symbol as an environment, on the backtester's own broker.
 * @module
 */
import { createPanel } from "../backtester/panel.ts";
import { type Bars, sliceBars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import { Market, type MarketEpisode, type MarketOptions } from "./_market.ts";
import type { ActionRule } from "./_market_actions.ts";
import { checkFeatures } from "./check_features.ts";
import type { Environment } from "./environment.ts";

export interface MarketEnvironmentOptions extends MarketOptions {
  bars: Bars;
  /** Causal features: row t is shown at the close of bar t. All rows of the range must be defined. */
  frame: FeatureFrame;
  /**
   * `levels`: choice k asks for the target weight `levels[k]`; `weight`: the action is the target
   * weight itself. Default: levels -1, 0, 1 (short, flat, long).
   */
  actions?:
    | { kind: "levels"; levels: readonly number[] }
    | { kind: "weight"; low: number; high: number };
}

/** {@linkcode MarketEpisode} of one symbol. */
export interface EpisodeRecord extends MarketEpisode {
  /** Target weight ordered at each bar's close; NaN where the position was left alone. */
  weights: Float64Array;
}

export interface MarketEnvironment extends Environment {
  /**
   * The episode so far. `backtestSignals(episodeBars(), { weights }, account)` of a whole episode
   * gives its `equity`.
   */
  readonly episode: EpisodeRecord;
  /** The bars of the episode, as views. */
  episodeBars(): Bars;
}

/**
 * A market as an environment. An observation is the features of the present bar followed by the
 * account's position (a share of equity), log return since the episode began, and drawdown.
 *
 * An action is taken at a bar's close and filled as the account's `fill` says (by default at the next
 * open); the reward comes from the equity at the next bar's close. A choice that is taken again
 * leaves the position alone instead of rebalancing it. The episode is truncated at its last bar and
 * terminated when equity is gone.
 *
 * @throws {RangeError} If the range is shorter than an episode, a feature in it is not finite, or an
 * option does not fit.
 */
export function marketEnvironment(options: MarketEnvironmentOptions): MarketEnvironment {
  const { bars, frame, actions = { kind: "levels", levels: [-1, 0, 1] }, account } = options;
  const { from = 0, to = bars.length } = options;
  checkFeatures(frame, bars, from, to);
  const panel = createPanel(bars, account);
  const rule: ActionRule = actions.kind === "levels"
    ? actions
    : { ...actions, kind: "weights", gross: Infinity };
  const market = new Market(panel, [{ columns: frame.columns, rows: null }], rule, options);
  const { episode } = market;
  return Object.assign(market, {
    episode: Object.defineProperty(episode, "weights", {
      enumerable: true,
      get: () => market.weights[0],
    }) as EpisodeRecord,
    episodeBars: () => sliceBars(bars, episode.from, episode.to),
  });
}
