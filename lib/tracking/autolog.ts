/**
 * Hooks that record what other rooms do, without knowing them: each takes what a trainer, a study or
 * a backtest offers (its shape, not its class) and writes it to a run.
 *
 * @example
 * ```ts ignore
 * const run = await tracker.startRun({ experiment: "momentum", name: "lstm" });
 * await trainSupervised(model, data, config, trainingCallbacks(run));
 * await logBacktest(run, backtest(bars, strategy, options));
 * await study.optimize(objective, { trials: 50, callbacks: trialCallbacks(tracker, run) });
 * ```
 * @module
 */
import type { Run } from "./run.ts";
import type { Tracker } from "./tracker.ts";

/** What a trainer tells after an epoch. */
export interface EpochLike {
  epoch: number;
  /** All numbers of the epoch. */
  metrics: Record<string, number>;
}

/** Numbers among `values`, with `prefix` before their names. */
function numbers(values: object, prefix = ""): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((e): e is [string, number] => typeof e[1] === "number")
      .map(([key, value]) => [prefix + key, value]),
  );
}

/**
 * Callbacks for a trainer: every number of an epoch at the epoch's step, and, whenever `monitor`
 * (default `validation_loss`, else `loss`) gets better, `best_<monitor>` and `best_epoch`. `config` is
 * logged as params.
 */
export function trainingCallbacks(
  run: Run,
  options: { config?: object; monitor?: string; mode?: "min" | "max"; prefix?: string } = {},
): { onEpoch(report: EpochLike): void } {
  const { mode = "min", prefix = "" } = options;
  let best: number | null = null;
  if (options.config) run.logParams(options.config);
  return {
    onEpoch({ epoch, metrics }) {
      run.logMetrics(numbers(metrics, prefix), { step: epoch });
      const monitor = options.monitor ??
        ("validation_loss" in metrics ? "validation_loss" : "loss");
      const value = metrics[monitor];
      if (typeof value !== "number" || Number.isNaN(value)) return;
      if (best !== null && (mode === "min" ? value >= best : value <= best)) return;
      best = value;
      run.logMetrics(
        { [`${prefix}best_${monitor}`]: value, [`${prefix}best_epoch`]: epoch },
        { step: epoch },
      );
    },
  };
}

/** A finished trial, as studies keep it. */
export interface TrialLike {
  number: number;
  state: string;
  value: number | null;
  values: readonly number[] | null;
  params: object;
  /** Reported values by step. */
  intermediate: ReadonlyMap<number, number>;
  error?: string;
}

/**
 * Callbacks for a study: each finished trial becomes a child run of `parent` with its params, reported
 * values at their steps, value and state. A pruned trial is a FINISHED run with the tag
 * `tapebook.trial.state`, a failed one a FAILED run.
 */
export function trialCallbacks(
  tracker: Tracker,
  parent: Run,
  options: { experiment?: string; metric?: string } = {},
): { onTrial(trial: TrialLike): Promise<void> } {
  const metric = options.metric ?? "objective";
  return {
    async onTrial(trial) {
      const experimentId = parent.experimentId;
      const run = await tracker.startRun({
        ...(experimentId === null ? { experiment: options.experiment } : { experimentId }),
        name: `trial ${trial.number}`,
        parentRunId: parent.id,
        tags: {
          "tapebook.trial.number": trial.number,
          "tapebook.trial.state": trial.state,
        },
      });
      run.logParams(trial.params);
      const points = [...trial.intermediate].sort((a, b) => a[0] - b[0]);
      for (const [step, value] of points) run.logMetric(`${metric}/reported`, value, { step });
      const values = trial.values ?? (trial.value === null ? [] : [trial.value]);
      values.forEach((value, i) => run.logMetric(i === 0 ? metric : `${metric}_${i}`, value));
      if (trial.error !== undefined) run.setTag("tapebook.error", trial.error.slice(0, 1000));
      await run.end(trial.state === "failed" ? "FAILED" : "FINISHED");
    },
  };
}

/** A backtest's result, as far as it is recorded. */
export interface BacktestLike {
  equity: Float64Array;
  metrics: Record<string, number>;
  trades?: readonly object[];
  /** Bar times in ms UTC, as long as `equity`. */
  time?: Float64Array;
  position?: Float64Array;
  /** Equity over its running maximum less one; worked out from `equity` when absent. */
  drawdown?: Float64Array;
}

/** Equity over its running maximum, less one; the starting value counts as the first maximum. */
function drawdownOf(equity: Float64Array): Float64Array {
  const drawdown = new Float64Array(equity.length);
  let highest = -Infinity;
  for (let i = 0; i < equity.length; i++) {
    if (equity[i] > highest) highest = equity[i];
    drawdown[i] = equity[i] / highest - 1;
  }
  return drawdown;
}

function tradesCsv(trades: readonly object[]): string {
  const names = [...new Set(trades.flatMap((t) => Object.keys(t)))];
  const cell = (value: unknown) => {
    const text = value === undefined || value === null
      ? ""
      : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = trades.map((t) => names.map((n) => cell((t as Record<string, unknown>)[n])));
  return [names, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

/**
 * Records a backtest: its metrics, the columns `equity`, `drawdown` and `position` bar by bar, and the
 * trades as `backtest/trades.csv`. `prefix` keeps several backtests of one run apart (`oos/`).
 */
export async function logBacktest(
  run: Run,
  result: BacktestLike,
  options: { prefix?: string } = {},
): Promise<void> {
  const { prefix = "" } = options;
  run.logMetrics(numbers(result.metrics, prefix));
  // The protocol has no times before 1970.
  const timestamps = result.time?.every((t) => t >= 0) ? result.time : undefined;
  const drawdown = result.drawdown ?? drawdownOf(result.equity);
  await run.logMetricColumn(`${prefix}equity`, result.equity, { timestamps });
  await run.logMetricColumn(`${prefix}drawdown`, drawdown, { timestamps });
  if (result.position) {
    await run.logMetricColumn(`${prefix}position`, result.position, { timestamps });
  }
  if (result.trades && result.trades.length > 0) {
    await run.logArtifact(`${prefix}backtest/trades.csv`, tradesCsv(result.trades));
  }
}
