/**
 * What else could have happened: the same trades in another order, the same strategy at other costs.
 * @module
 */
import { createRng, mean, quantileSorted } from "../math/mod.ts";

/** Mean and percentiles of simulated outcomes. */
export interface Distribution {
  mean: number;
  p5: number;
  p25: number;
  median: number;
  p75: number;
  p95: number;
}

/** @throws {RangeError} If there are no values. */
export function distributionOf(values: Float64Array): Distribution {
  if (values.length === 0) throw new RangeError("Cannot describe values: there must be some");
  const sorted = Float64Array.from(values).sort();
  return {
    mean: mean(values),
    p5: quantileSorted(sorted, 0.05),
    p25: quantileSorted(sorted, 0.25),
    median: quantileSorted(sorted, 0.5),
    p75: quantileSorted(sorted, 0.75),
    p95: quantileSorted(sorted, 0.95),
  };
}

export interface TradeSimulation {
  totalReturn: Distribution;
  /** Negative fractions. */
  maxDrawdown: Distribution;
  /** Share of simulations that ended below the start. */
  probabilityOfLoss: number;
  /** Share of simulations in which equity fell by `ruin` or more from its peak. */
  probabilityOfRuin: number;
  samples: number;
}

/**
 * Simulates equity from the returns of closed trades (share of equity won or lost by each).
 *
 * `shuffle` keeps the trades and changes their order: the end is the same, the way is not.
 * `bootstrap` (default) draws trades with replacement.
 */
export function monteCarloTrades(
  tradeReturns: Float64Array,
  options: {
    samples?: number;
    method?: "shuffle" | "bootstrap";
    ruin?: number;
    seed?: number;
  } = {},
): TradeSimulation {
  const { samples = 1000, method = "bootstrap", ruin = 0.5, seed = 0 } = options;
  const n = tradeReturns.length;
  if (n === 0) throw new RangeError("Cannot simulate trades: there must be at least one, got 0");
  if (!(ruin > 0 && ruin <= 1)) {
    throw new RangeError(`Cannot simulate trades: ruin must be in (0, 1], got ${ruin}`);
  }
  const rng = createRng(seed);
  const totals = new Float64Array(samples);
  const falls = new Float64Array(samples);
  const order = Float64Array.from(tradeReturns);
  for (let s = 0; s < samples; s++) {
    if (method === "shuffle") rng.shuffle(order);
    let equity = 1;
    let peak = 1;
    let deepest = 0;
    for (let i = 0; i < n; i++) {
      const r = method === "shuffle" ? order[i] : tradeReturns[rng.integer(n)];
      equity = Math.max(0, equity * (1 + r));
      if (equity > peak) peak = equity;
      else deepest = Math.min(deepest, equity / peak - 1);
    }
    totals[s] = equity - 1;
    falls[s] = deepest;
  }
  return {
    totalReturn: distributionOf(totals),
    maxDrawdown: distributionOf(falls),
    probabilityOfLoss: totals.filter((x) => x < 0).length / samples,
    probabilityOfRuin: falls.filter((x) => x <= -ruin).length / samples,
    samples,
  };
}

export interface CostSimulation {
  /** Value of the run at the costs assumed. */
  assumed: number;
  values: Float64Array;
  distribution: Distribution;
  /** Share of simulations with a value above 0. */
  shareAboveZero: number;
  /** Multiple of the assumed costs at which the value reaches 0; Infinity if it does not by 20. */
  breakEvenMultiple: number;
}

/**
 * Runs the strategy at costs drawn at random: `run` gets a multiple of the assumed costs and returns
 * the value to watch (say, the Sharpe ratio). Multiples are log-normal with median 1.
 */
export function monteCarloCosts(
  run: (multiple: number) => number,
  options: { samples?: number; sigma?: number; seed?: number } = {},
): CostSimulation {
  const { samples = 50, sigma = 0.5, seed = 0 } = options;
  const rng = createRng(seed);
  const values = new Float64Array(samples);
  for (let s = 0; s < samples; s++) values[s] = run(Math.exp(sigma * rng.normal()));
  const assumed = run(1);
  let breakEvenMultiple = assumed > 0 ? Infinity : NaN;
  if (assumed > 0 && !(run(20) > 0)) {
    let low = 1;
    let high = 20;
    for (let i = 0; i < 24; i++) {
      const middle = (low + high) / 2;
      if (run(middle) > 0) low = middle;
      else high = middle;
    }
    breakEvenMultiple = low;
  } else if (!(assumed > 0)) breakEvenMultiple = 0;
  return {
    assumed,
    values,
    distribution: distributionOf(values),
    shareAboveZero: values.filter((v) => v > 0).length / samples,
    breakEvenMultiple,
  };
}
