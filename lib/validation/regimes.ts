/**
 * States of the market, each known at the bar that it labels, and results by state.
 *
 * A regime column holds one small integer per bar; -1 where it is not known yet.
 * @module
 */
import { computeMetrics } from "../backtester/compute_metrics.ts";
import { movingAverage } from "../backtester/indicators/moving_average.ts";
import { filterStates, fitHiddenMarkov } from "./hidden_markov.ts";
import { type PurgedSplit, purgedTrainRows, type PurgeOptions, rowsOf } from "./purged_k_fold.ts";
import type { BarRange } from "./walk_forward.ts";

export type Regimes = Int8Array;

/** 1 where the close is above its `window`-bar mean, 0 where it is not. */
export function trendRegimes(close: Float64Array, window = 200): Regimes {
  const average = movingAverage(close, window);
  return Int8Array.from(close, (c, t) => average[t] !== average[t] ? -1 : c > average[t] ? 1 : 0);
}

/**
 * 0, 1 or 2: in which tercile of all its past values the volatility of the last `window` returns
 * lies. Known after `minimumBars` values.
 */
export function volatilityRegimes(
  returns: Float64Array,
  options: { window?: number; minimumBars?: number } = {},
): Regimes {
  const { window = 20, minimumBars = 100 } = options;
  const n = returns.length;
  const out = new Int8Array(n).fill(-1);
  const past: number[] = []; // sorted
  for (let t = window - 1; t < n; t++) {
    let sum = 0, squares = 0;
    for (let i = t - window + 1; i <= t; i++) {
      sum += returns[i];
      squares += returns[i] * returns[i];
    }
    const value = Math.sqrt(Math.max(0, squares - sum * sum / window) / (window - 1));
    let low = 0, high = past.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (past[middle] < value) low = middle + 1;
      else high = middle;
    }
    if (past.length >= minimumBars) out[t] = Math.min(2, Math.floor(3 * low / past.length));
    past.splice(low, 0, value);
  }
  return out;
}

/**
 * Most probable state of a hidden Markov model, calmest first. The model is fitted anew every
 * `refitBars` on all returns before, and filtered from there on, so no bar knows of later ones.
 */
export function hiddenMarkovRegimes(
  returns: Float64Array,
  options: { states?: number; trainBars?: number; refitBars?: number } = {},
): Regimes {
  const { states = 2, trainBars = 500, refitBars = 250 } = options;
  const n = returns.length;
  const out = new Int8Array(n).fill(-1);
  for (let from = trainBars; from < n; from += refitBars) {
    const model = fitHiddenMarkov(returns.subarray(0, from), { states });
    const to = Math.min(n, from + refitBars);
    const { probabilities } = filterStates(returns.subarray(0, to), model);
    for (let t = from; t < to; t++) {
      let best = 0;
      for (let k = 1; k < states; k++) {
        if (probabilities[t * states + k] > probabilities[t * states + best]) best = k;
      }
      out[t] = best;
    }
  }
  return out;
}

/** Metrics of the bars of each regime; a bar belongs to the regime known at the bar before it. */
export function metricsByRegime(
  returns: Float64Array,
  regimes: Regimes,
  options: { barsPerYear?: number } = {},
): { regime: number; bars: number; metrics: Record<string, number> }[] {
  checkLengths(returns.length, regimes.length);
  const values = [...new Set(regimes)].sort((a, b) => a - b);
  return values.map((regime) => {
    const chosen = returns.filter((_, t) => t > 0 && regimes[t - 1] === regime);
    return { regime, bars: chosen.length, metrics: computeMetrics(chosen, options) };
  }).filter((r) => r.bars > 0);
}

/**
 * Leave-one-regime-out: each regime's bars are tested with a model trained on the others, purged and
 * embargoed at every border between them.
 */
export function regimeSplits(
  regimes: Regimes,
  options: PurgeOptions = {},
): (PurgedSplit & { regime: number })[] {
  const values = [...new Set(regimes)].filter((r) => r >= 0).sort((a, b) => a - b);
  if (values.length < 2) {
    throw new RangeError(
      `Cannot split by regime: at least 2 regimes must occur, got ${values.length}`,
    );
  }
  return values.map((regime) => {
    const testRanges: BarRange[] = [];
    for (let t = 0; t < regimes.length;) {
      if (regimes[t] !== regime) {
        t++;
        continue;
      }
      const from = t;
      while (t < regimes.length && regimes[t] === regime) t++;
      testRanges.push([from, t]);
    }
    const train = purgedTrainRows(regimes.length, testRanges, options)
      .filter((row) => regimes[row] >= 0);
    return { regime, testRanges, train, test: rowsOf(testRanges) };
  });
}

function checkLengths(a: number, b: number): void {
  if (a !== b) {
    throw new RangeError(
      `Cannot group by regime: returns and regimes must agree in length, got ${a} and ${b}`,
    );
  }
}
