/**
 * The search: one study, each trial a child run.
 * @module
 */
import type { Run, Tracker } from "../tracking/mod.ts";
import {
  createStudy,
  type FrozenTrial,
  type Study,
  type Trial,
  TrialPruned,
} from "../tuner/mod.ts";
import { standardDeviation } from "../math/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import { fitModel, type ModelParams, writeWeights } from "./fit_model.ts";
import type { PreparedData } from "./prepare_data.ts";
import { tradeRange } from "./trade_range.ts";

export interface TuneProgress {
  trial: number;
  trials: number;
  epoch: number;
  epochs: number;
  /** Best validation loss so far. */
  best: number | null;
}

export interface TuneOptions {
  tracker: Tracker;
  parent: Run;
  signal?: AbortSignal;
  log?: (line: string) => void;
  onProgress?: (progress: TuneProgress) => void;
  onTrial?: (trial: FrozenTrial) => void;
}

export interface TuneResult {
  study: Study;
  params: ModelParams;
  /** Sharpe ratio per bar of each complete trial on the validation bars, after costs. */
  trialSharpes: Float64Array;
}

/** The parameters that a trial chooses from the configuration's search space. */
export function suggestParams(trial: Trial, search: ExperimentConfig["search"]): ModelParams {
  const { dropout, learningRate } = search;
  return {
    kind: trial.suggestCategorical("kind", search.kinds),
    windowBars: trial.suggestCategorical("windowBars", search.windowBars),
    units: trial.suggestCategorical("units", search.units),
    dropout: trial.suggestFloat("dropout", dropout.low, dropout.high, { log: dropout.log }),
    learningRate: trial.suggestFloat("learningRate", learningRate.low, learningRate.high, {
      log: learningRate.log,
    }),
    batchSize: trial.suggestCategorical("batchSize", search.batchSize),
  };
}

/**
 * Searches for the parameters with the lowest validation loss (binary cross-entropy, a proper score:
 * a search on Sharpe itself would pick the luckiest trial). Poor trials are pruned by the median of
 * the others at the same epoch. Finished trials stay recorded when `signal` aborts.
 *
 * @throws The signal's reason, when it aborts.
 */
export async function tuneModel(
  data: PreparedData,
  config: ExperimentConfig,
  options: TuneOptions,
): Promise<TuneResult> {
  const { search } = config;
  const study = createStudy({
    name: `${config.name}-${options.parent.id}`,
    direction: "minimize",
    sampler: { kind: "tpe", startupTrials: Math.min(6, search.trials) },
    pruner: { kind: "median", startupTrials: 4, warmupSteps: 2 },
    seed: config.seed,
  });
  const sharpes: number[] = [];

  async function objective(trial: Trial): Promise<number> {
    const params = suggestParams(trial, search);
    const run = await options.tracker.startRun({
      experiment: config.name,
      name: `trial ${trial.number}`,
      parentRunId: options.parent.id,
      tags: { "tapebook.kind": "trial", "tapebook.trial": trial.number },
    });
    let best = Infinity;
    try {
      run.logParams(params);
      const fit = await fitModel(data, params, {
        train: data.split.train,
        validation: data.split.validation,
        epochs: search.epochs,
        patience: search.patience,
        seed: config.seed + trial.number,
        weightStep: config.backtest.weightStep,
      }, {
        signal: options.signal,
        log: options.log,
        onEpoch({ epoch, epochs, metrics }) {
          run.logMetrics(metrics, { step: epoch });
          best = Math.min(best, metrics.validation_loss);
          trial.report(metrics.validation_loss, epoch);
          options.onProgress?.({
            trial: trial.number,
            trials: search.trials,
            epoch: epoch + 1,
            epochs,
            best: study.bestOrNull?.value ?? null,
          });
          if (trial.shouldPrune()) throw new TrialPruned();
        },
      });
      try {
        const weights = new Float64Array(data.bars.length);
        await writeWeights(fit, data.split.validation, weights);
        const { metrics, barsPerYear } = tradeRange(data, config, weights, data.split.validation);
        const perBar = metrics.sharpe / Math.sqrt(barsPerYear);
        if (Number.isFinite(perBar)) sharpes.push(perBar);
        best = fit.training.best.validationLoss ?? best;
        run.logMetrics({
          validation_loss_best: best,
          validation_sharpe: metrics.sharpe,
          validation_total_return: metrics.total_return,
        });
        run.setTag("tapebook.trial.state", "complete");
        await run.end();
        return best;
      } finally {
        fit.dispose();
      }
    } catch (error) {
      if (error instanceof TrialPruned) {
        run.logMetric("validation_loss_best", best);
        run.setTag("tapebook.trial.state", "pruned");
        await run.end();
      } else if (options.signal?.aborted) {
        await run.end("KILLED");
      } else {
        run.setTags({
          "tapebook.trial.state": "failed",
          "tapebook.error": String(error).slice(0, 1000),
        });
        await run.end("FAILED");
      }
      throw error;
    }
  }

  await study.optimize(objective, {
    trials: search.trials,
    signal: options.signal,
    onTrial: options.onTrial,
  });
  options.signal?.throwIfAborted();
  return {
    study,
    params: study.best.params as unknown as ModelParams,
    trialSharpes: Float64Array.from(sharpes),
  };
}

/** Variance of the trials' Sharpe ratios per bar: how far luck alone spreads them. */
export function sharpeVariance(trialSharpes: Float64Array): number {
  return trialSharpes.length > 1 ? standardDeviation(trialSharpes) ** 2 : 0;
}
