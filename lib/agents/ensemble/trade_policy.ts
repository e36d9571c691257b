/**
 * What a policy would have ordered on a stretch of a market.
 * @module
 */
import type { MarketEnvironmentOptions } from "../market_environment.ts";
import { marketEnvironment } from "../market_environment.ts";
import type { Policy } from "../policy.ts";

/** A market without the range that is traded. */
export type Market = Omit<
  MarketEnvironmentOptions,
  "from" | "to" | "episodes" | "episodeBars" | "randomCosts"
>;

/** Bars on which a policy decides, and how it comes there. */
export interface TradeRange {
  /** First and one past the last bar whose close is decided on. */
  from: number;
  to: number;
  /** The policy trades from this bar on, so that its state is warm at `from`. Default: `from`. */
  warmFrom?: number;
}

/**
 * Target weights ordered by the policy's mode at the closes of bars [from, to), NaN where it left its
 * position alone; the first says what is held by then. Bar `to` must exist: it is where the last
 * decision ends.
 *
 * @throws {RangeError} If the bars or features do not reach.
 */
export function tradePolicy(policy: Policy, market: Market, range: TradeRange): Float64Array {
  const { from, to, warmFrom = from } = range;
  if (!(warmFrom <= from && from < to)) {
    throw new RangeError(
      `Cannot trade policy: range must have warmFrom <= from < to, got ${warmFrom}, ${from} and ${to}`,
    );
  }
  const environment = marketEnvironment({ ...market, from: warmFrom, to: to + 1 });
  const state = policy.stateSize > 0 ? new Float32Array(policy.stateSize) : undefined;
  let observation = environment.reset(0);
  const isChoice = policy.actionSpace.kind === "discrete";
  for (let t = warmFrom; t < to; t++) {
    const { actions } = policy.act(observation, {
      deterministic: true,
      masks: environment.actionMask,
      state,
    });
    const result = environment.step(isChoice ? actions[0] : actions);
    ({ observation } = result);
    if (result.terminated) break;
  }
  const all = environment.episode.weights;
  const weights = all.slice(from - warmFrom, to - warmFrom);
  // What was ordered while warming up is still held.
  for (let t = from - warmFrom; t >= 0 && Number.isNaN(weights[0]); t--) {
    if (!Number.isNaN(all[t])) weights[0] = all[t];
  }
  return weights;
}
