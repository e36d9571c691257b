/**
 * How the validation decides what the next window trades.
 * @module
 */
import type { CombinationConfig } from "./combination.ts";
import type { Market } from "./trade_policy.ts";

/** What is known when a window's ensemble is put together; nothing of it lies in the test. */
export interface SelectionFacts {
  /** Names of the agents, in the order of the members. */
  names: readonly string[];
  /** Annual Sharpe ratio of each on the validation, after costs; NaN (no trade) counts as 0. */
  sharpes: readonly number[];
  market: Market;
  /** Bars that agents were trained on. */
  train: readonly [from: number, to: number];
  validation: readonly [from: number, to: number];
}

/** Chooses an ensemble's combination. */
export type Selection = (facts: SelectionFacts) => CombinationConfig;

/** The agent of the highest validation Sharpe ratio trades alone, as in Yang et al. 2020. */
export function bestSharpe(): Selection {
  return ({ sharpes }) => {
    const best = sharpes.indexOf(Math.max(...sharpes));
    return { kind: "mean", weights: sharpes.map((_, k) => k === best ? 1 : 0) };
  };
}

/** Softmax of numbers over a temperature. */
export function softmax(x: readonly number[], temperature = 1): number[] {
  const top = Math.max(...x);
  const e = x.map((v) => Math.exp((v - top) / temperature));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** All agents, weighted by the softmax of their validation Sharpe ratios over `temperature`. */
export function softmaxSharpe(options: { temperature?: number } = {}): Selection {
  return ({ sharpes }) => ({ kind: "mean", weights: softmax(sharpes, options.temperature) });
}

/**
 * All agents, weighted bar by bar by the softmax of their Sharpe ratios over the last `windowBars`; until
 * the window is full by that of their validation Sharpe ratios. Levels are the market's.
 *
 * @param options `assetReturn` says where the observation shows the asset's return over the last bar.
 */
export function rollingSharpe(
  options: Omit<
    Extract<CombinationConfig, { kind: "rollingSharpe" }>,
    "kind" | "levels" | "weights"
  >,
): Selection {
  return ({ sharpes, market }) => {
    const { actions = { kind: "levels", levels: [-1, 0, 1] } } = market;
    return {
      kind: "rollingSharpe",
      ...options,
      levels: actions.kind === "levels" ? [...actions.levels] : undefined,
      weights: softmax(sharpes, options.temperature),
    };
  };
}

/**
 * Leaves the market when a feature is above a quantile of its values on the training bars, as Yang et
 * al. do with a turbulence index; below it `selection` counts.
 *
 * @throws {RangeError} If the frame has no such feature, or `selection` gives no fixed weights.
 */
export function outOfTurbulence(
  selection: Selection,
  options: { feature: string; quantile: number; flat?: number },
): Selection {
  return (facts) => {
    const inner = selection(facts);
    if (inner.kind !== "mean" || !inner.weights) {
      throw new RangeError(
        `Cannot select by turbulence: selection must give a mean with weights, got ${inner.kind}`,
      );
    }
    const { frame } = facts.market;
    const index = frame.names.indexOf(options.feature);
    if (index < 0) {
      throw new RangeError(
        `Cannot select by turbulence: feature must be one of ${
          frame.names.join(", ")
        }, got ${options.feature}`,
      );
    }
    const values = frame.columns[index].slice(...facts.train).sort();
    const at = Math.min(values.length - 1, Math.floor(options.quantile * values.length));
    const sum = inner.weights.reduce((a, b) => a + b, 0);
    return {
      kind: "regime",
      reading: { index },
      thresholds: [values[at]],
      weights: [inner.weights.map((w) => w / sum), inner.weights.map(() => 0)],
      flat: options.flat,
    };
  };
}
