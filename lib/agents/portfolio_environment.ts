/**
 * Trading several symbols from one account as an environment, on the backtester's own broker.
 * @module
 */
import { createPanel } from "../backtester/panel.ts";
import { type Bars, sliceBars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import { Market, type MarketEpisode, type MarketOptions } from "./_market.ts";
import type { ActionRule } from "./_market_actions.ts";
import { checkFeatures } from "./check_features.ts";
import type { Environment } from "./environment.ts";

export interface PortfolioEnvironmentOptions extends MarketOptions {
  /** Bars by symbol. `from`, `to` and episodes count rows of the union of their times. */
  bars: Readonly<Record<string, Bars>>;
  /** Causal features by symbol, one row per bar of that symbol. */
  frames: Readonly<Record<string, FeatureFrame>>;
  /**
   * `softmax` (default): one number per symbol and one for cash; their softmax are the weights.
   * `weights`: target weights, scaled down where their absolute sum exceeds `gross` (default: the
   * account's leverage). `levels`: for each symbol choice k asks for the weight `levels[k]`.
   */
  actions?:
    | { kind: "softmax" }
    | { kind: "weights"; low: number; high: number; gross?: number }
    | { kind: "levels"; levels: readonly number[] };
}

/** {@linkcode MarketEpisode} of several symbols. */
export interface PortfolioEpisode extends MarketEpisode {
  /** Target weights by symbol, ordered at each bar's close; NaN where left alone. */
  weights: Readonly<Record<string, Float64Array>>;
}

export interface PortfolioEnvironment extends Environment {
  /** Sorted: the order of symbols in observations and actions. */
  readonly symbols: readonly string[];
  /**
   * The episode so far. `backtestWeights(episodeBars(), { weights }, account)` of a whole episode
   * gives its `equity`.
   */
  readonly episode: PortfolioEpisode;
  /** The bars of the episode, as views; only of symbols that have some. */
  episodeBars(): Record<string, Bars>;
}

/**
 * A portfolio as an environment. An observation is the features of each symbol in turn (0 before its
 * first bar, the last ones known where it has none), the symbols' positions as shares of equity, the
 * log return since the episode began, and the drawdown. All else is as in `marketEnvironment`.
 *
 * @throws {RangeError} If the range is shorter than an episode, a symbol has no features, one of them
 * in the range is not finite, or an option does not fit.
 */
export function portfolioEnvironment(options: PortfolioEnvironmentOptions): PortfolioEnvironment {
  const { bars, frames, actions = { kind: "softmax" }, account } = options;
  const panel = createPanel(bars, account);
  const { from = 0, to = panel.length } = options;
  const rowsOf: Record<string, Int32Array> = {};
  const features = panel.symbols.map((symbol) => {
    const frame = frames[symbol];
    if (!frame) {
      throw new RangeError(
        `Cannot make market environment: frames must have ${symbol}, got ${
          Object.keys(frames).join(", ") || "none"
        }`,
      );
    }
    const rows = rowsOf[symbol] = lastRows(bars[symbol], panel.time);
    const first = Math.max(0, rows[Math.max(0, from)] ?? 0), last = rows[to - 1] ?? -1;
    checkFeatures(frame, bars[symbol], first, last + 1, ` of ${symbol}`);
    return { columns: frame.columns, rows };
  });
  const rule: ActionRule = actions.kind === "weights"
    ? { ...actions, gross: actions.gross ?? account?.leverage ?? 1 }
    : actions;
  const market = new Market(panel, features, rule, options);
  const { episode } = market;
  return Object.assign(market, {
    symbols: panel.symbols,
    episode: Object.defineProperty(episode, "weights", {
      enumerable: true,
      get: () => Object.fromEntries(panel.symbols.map((s, a) => [s, market.weights[a]])),
    }) as PortfolioEpisode,
    episodeBars() {
      const cut: Record<string, Bars> = {};
      for (const symbol of panel.symbols) {
        const rows = rowsOf[symbol];
        const start = episode.from > 0 ? rows[episode.from - 1] + 1 : 0;
        const end = rows[episode.to - 1] + 1;
        if (end > start) cut[symbol] = sliceBars(bars[symbol], start, end);
      }
      return cut;
    },
  });
}

/** Row of the last bar of a symbol at or before each time; -1 before its first. */
function lastRows(bars: Bars, time: Float64Array): Int32Array {
  const rows = new Int32Array(time.length);
  let row = -1;
  for (let t = 0; t < time.length; t++) {
    while (row + 1 < bars.length && bars.time[row + 1] <= time[t]) row++;
    rows[t] = row;
  }
  return rows;
}
