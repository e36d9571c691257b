/**
 * The chosen parameters traded over bars that the search never saw, refitted as time goes on.
 * @module
 */
import type { BacktestResult } from "../backtester/mod.ts";
import type { BarRange } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import { fitModel, type FittedModel, type ModelParams, writeWeights } from "./fit_model.ts";
import type { PreparedData } from "./prepare_data.ts";
import { tradeRange } from "./trade_range.ts";

/** One refit: what it was fitted on and what it then traded. */
export interface WalkForwardFold {
  fold: number;
  train: BarRange;
  validation: BarRange;
  test: BarRange;
  /** Best validation loss of the refit. */
  validationLoss: number;
}

export interface WalkForwardOptions {
  signal?: AbortSignal;
  log?: (line: string) => void;
  onFold?: (fold: WalkForwardFold, folds: number) => void;
  selection?: { trials: number; sharpeVariance: number };
}

export interface WalkForwardTrading {
  folds: WalkForwardFold[];
  /** Target weight per bar of the whole series; 0 outside the test bars. */
  weights: Float64Array;
  /** One account over all test bars, fold after fold. */
  result: BacktestResult;
}

/**
 * Ranges of a fit whose first unseen bar is `end`: the newest `validationBars` for early stopping,
 * everything before them for training, an embargo between, and nothing whose label reaches `end`.
 */
export function fitRanges(
  data: PreparedData,
  config: ExperimentConfig,
  end: number,
): { train: BarRange; validation: BarRange } {
  const { embargoBars } = config.split;
  const { validationBars } = config.walkForward;
  const spanEnd = data.labels.spanEnd;
  const lastBefore = (limit: number) => {
    let last = limit;
    while (last > 0 && spanEnd[last - 1] >= limit) last--;
    return last;
  };
  const validationEnd = lastBefore(end);
  const validationStart = validationEnd - validationBars;
  const trainEnd = lastBefore(validationStart - embargoBars);
  if (trainEnd <= data.pipeline.warmupBars) {
    throw new RangeError(
      `Cannot walk forward: bars before ${end} must hold the warm-up (${data.pipeline.warmupBars}), ` +
        `training rows and ${validationBars} validation bars, got ${end}`,
    );
  }
  return { train: [0, trainEnd], validation: [validationStart, validationEnd] };
}

/** Fits the chosen parameters on everything known before bar `end`. */
export function fitUpTo(
  data: PreparedData,
  config: ExperimentConfig,
  params: ModelParams,
  end: number,
  options: WalkForwardOptions = {},
): Promise<FittedModel> {
  return fitModel(data, params, {
    ...fitRanges(data, config, end),
    epochs: config.search.epochs,
    patience: config.search.patience,
    seed: createRng(config.seed).split(`fit before ${end}`).integer(2 ** 31),
    weightStep: config.backtest.weightStep,
  }, { signal: options.signal, log: options.log });
}

/** Refits every `refitEveryBars` on all bars before, and trades the test bars in one account. */
export async function tradeWalkForward(
  data: PreparedData,
  config: ExperimentConfig,
  params: ModelParams,
  options: WalkForwardOptions = {},
): Promise<WalkForwardTrading> {
  const weights = new Float64Array(data.bars.length);
  const folds: WalkForwardFold[] = [];
  const [from, to] = data.split.test;
  const { refitEveryBars } = config.walkForward;
  const count = Math.ceil((to - from) / refitEveryBars);
  for (let fold = 0; fold < count; fold++) {
    options.signal?.throwIfAborted();
    const start = from + fold * refitEveryBars;
    const test: BarRange = [start, Math.min(to, start + refitEveryBars)];
    const fit = await fitUpTo(data, config, params, start, options);
    try {
      await writeWeights(fit, test, weights);
      const record = {
        fold,
        ...fitRanges(data, config, start),
        test,
        validationLoss: fit.training.best.validationLoss ?? NaN,
      };
      folds.push(record);
      options.onFold?.(record, count);
    } finally {
      fit.dispose();
    }
  }
  return {
    folds,
    weights,
    result: tradeRange(data, config, weights, data.split.test, options.selection),
  };
}
