/**
 * A backtest of target weights over a part of the bars.
 * @module
 */
import { type BacktestOptions, type BacktestResult, backtestSignals } from "../backtester/mod.ts";
import { sliceBars } from "../data/mod.ts";
import type { BarRange } from "../datasets/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import type { PreparedData } from "./prepare_data.ts";

/** The backtester's options that a configuration asks for. */
export function backtestOptions(config: ExperimentConfig): BacktestOptions {
  const { cash, fill, feeBps, slippageBps } = config.backtest;
  return { cash, fill, fees: feeBps / 1e4, slippage: slippageBps / 1e4, finalizeTrades: true };
}

/**
 * Trades `weights` (one target per bar of the whole series) over `range`, starting flat.
 * `selection` says how many configurations were tried, for the deflated Sharpe ratio.
 */
export function tradeRange(
  data: PreparedData,
  config: ExperimentConfig,
  weights: Float64Array,
  range: BarRange,
  selection?: BacktestOptions["selection"],
): BacktestResult {
  return backtestSignals(sliceBars(data.bars, range[0], range[1]), {
    weights: weights.slice(range[0], range[1]),
  }, { ...backtestOptions(config), selection });
}

/** Buy and hold over the same bars with the same costs. */
export function buyAndHoldRange(
  data: PreparedData,
  config: ExperimentConfig,
  range: BarRange,
): BacktestResult {
  return tradeRange(data, config, new Float64Array(data.bars.length).fill(1), range);
}
