/**
 * The facade: tune, walk forward, fit the final model, record everything, leave a report.
 * @module
 */
import { type BacktestResult, renderTearsheet } from "../backtester/mod.ts";
import type { Run, Tracker } from "../tracking/mod.ts";
import type { FrozenTrial } from "../tuner/mod.ts";
import { chooseBackend, predict } from "../training/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import { machineTags } from "./machine_tags.ts";
import { type ModelPackage, packageModel } from "./package_model.ts";
import { prepareData, type PreparedData } from "./prepare_data.ts";
import { reportMarkdown } from "./report.ts";
import { buyAndHoldRange } from "./trade_range.ts";
import { trialsPlot } from "./trials_plot.ts";
import { sharpeVariance, tuneModel, type TuneProgress } from "./tune_model.ts";
import { verdict } from "./verdict.ts";
import { fitUpTo, tradeWalkForward, type WalkForwardFold } from "./walk_forward_trading.ts";

export interface ExperimentOptions {
  tracker: Tracker;
  /** Name of the parent run. Default from model and seed. */
  runName?: string;
  tags?: Record<string, unknown>;
  /** Stops the work: finished trials stay recorded, the run ends as KILLED. */
  signal?: AbortSignal;
  log?: (line: string) => void;
  onData?: (data: PreparedData) => void;
  onTune?: (progress: TuneProgress) => void;
  onTrial?: (trial: FrozenTrial) => void;
  onFold?: (fold: WalkForwardFold, folds: number) => void;
}

export interface ExperimentResult {
  runId: string;
  experimentId: string | null;
  backend: string;
  config: ExperimentConfig;
  data: PreparedData;
  trials: FrozenTrial[];
  best: FrozenTrial;
  folds: WalkForwardFold[];
  /** The model's walk-forward account and buy-and-hold over the same bars, after the same costs. */
  result: BacktestResult;
  benchmark: BacktestResult;
  /** In words: is it better than buy-and-hold, and does that mean anything. */
  verdict: string;
  model: ModelPackage;
  /** Files of the report by name: `report.md`, plots, `tearsheet.html`. */
  report: Record<string, string>;
}

/**
 * Runs a whole experiment and records it: one parent run, one child run per trial. The same
 * configuration on the same backend gives the same metrics.
 *
 * @throws {DataError} If the bars are broken. @throws The signal's reason, when it aborts.
 */
export async function runExperiment(
  config: ExperimentConfig,
  options: ExperimentOptions,
): Promise<ExperimentResult> {
  const { tracker, signal, log } = options;
  const data = await prepareData(config);
  options.onData?.(data);
  const backend = await chooseBackend(undefined, { log });
  const run = await tracker.startRun({
    experiment: config.name,
    name: options.runName ?? `${config.model} seed ${config.seed}`,
    tags: {
      "tapebook.kind": "experiment",
      "tapebook.study.metric": "validation_loss_best",
      "tapebook.study.direction": "minimize",
      "tapebook.backend": backend.name,
      "tapebook.seed": config.seed,
      "tapebook.data.fingerprint": data.fingerprint,
      "tapebook.pipeline.hash": data.pipeline.hash,
      ...machineTags(),
      ...options.tags,
    },
  });
  try {
    const result = await recordExperiment(config, data, backend.name, run, options);
    await run.end();
    return result;
  } catch (error) {
    if (!signal?.aborted) run.setTag("tapebook.error", String(error).slice(0, 1000));
    // A refused end must not hide the first error.
    await run.end(signal?.aborted ? "KILLED" : "FAILED").catch((e) => log?.(String(e)));
    throw error;
  }
}

async function recordExperiment(
  config: ExperimentConfig,
  data: PreparedData,
  backend: string,
  run: Run,
  options: ExperimentOptions,
): Promise<ExperimentResult> {
  const { tracker, signal, log } = options;
  const { search: _, pipeline: __, name: ___, ...recorded } = config;
  run.logParams({ ...recorded, backend, features: data.frame.names.join(",") });
  run.logInputs({
    name: data.name,
    digest: data.fingerprint.slice(0, 32),
    source: config.data.kind === "sample" ? "vega-datasets data/sp500-2000.csv" : config.data.path,
    sourceType: "local",
    profile: { bars: data.bars.length, quality: data.quality.score },
  });
  await run.logArtifact("experiment.json", config);
  await run.logArtifact("quality.json", data.quality);

  const tuned = await tuneModel(data, config, {
    tracker,
    parent: run,
    signal,
    log,
    onProgress: options.onTune,
    onTrial: options.onTrial,
  });
  const trials = tuned.study.trials;
  const best = tuned.study.best.trial;
  run.logParams({ best: tuned.params });

  const walked = await tradeWalkForward(data, config, tuned.params, {
    signal,
    log,
    onFold: options.onFold,
    selection: {
      trials: trials.length,
      sharpeVariance: sharpeVariance(tuned.trialSharpes),
    },
  });
  const benchmark = buyAndHoldRange(data, config, data.split.test);
  const { result } = walked;
  run.logMetrics({
    ...result.metrics,
    ...Object.fromEntries(
      Object.entries(benchmark.metrics).map(([k, v]) => [`benchmark_${k}`, v]),
    ),
    validation_loss_best: best.value!,
    walk_forward_folds: walked.folds.length,
  });
  const columns = {
    equity: result.equity,
    drawdown: result.drawdown,
    position: result.position,
    benchmark_equity: benchmark.equity,
  };
  for (const [key, values] of Object.entries(columns)) {
    await run.logMetricColumn(key, values, { timestamps: result.time });
  }

  const final = await fitUpTo(data, config, tuned.params, data.bars.length, { signal, log });
  let model: ModelPackage;
  try {
    model = await packageModel(final, data, config, (x) => predict(final.model, x));
  } finally {
    final.dispose();
  }
  run.logMetric("onnx_max_abs_diff", model.maxAbsDiff, { step: 0 });
  await run.logArtifact("model/model.onnx", model.onnx);
  await run.logArtifact("model/tapebook.json", model.card);

  const title = `${config.model}: walk-forward after costs`;
  const sheet = await renderTearsheet(result, { benchmark, title });
  const plots = Object.entries(sheet.svgs).filter(([name]) => name in captions);
  const report: Record<string, string> = {
    "trials.svg": await trialsPlot(trials),
    ...Object.fromEntries(plots.map(([name, svg]) => [`${name}.svg`, svg])),
    "tearsheet.html": sheet.html,
  };
  report["report.md"] = reportMarkdown({
    config,
    data,
    backend,
    runId: run.id,
    trials,
    best,
    folds: walked.folds,
    result,
    benchmark,
    plots: [
      ...plots.map(([name]) => ({ file: `${name}.svg`, caption: captions[name] })),
      {
        file: "trials.svg",
        caption: "Validation loss of each trial by epoch; pruned ones end early",
      },
    ],
  });
  for (const [name, text] of Object.entries(report)) {
    const place = name === "tearsheet.html" ? name : `report/${name}`;
    await run.logArtifact(place, text);
  }
  await run.logArtifact("equity.csv", equityCsv(result, benchmark));
  await run.flush();
  return {
    runId: run.id,
    experimentId: run.experimentId,
    backend,
    config,
    data,
    trials,
    best,
    folds: walked.folds,
    result,
    benchmark,
    verdict: verdict(result.metrics, benchmark.metrics, trials.length),
    model,
    report,
  };
}

/** Plots of the tearsheet that the report shows, and what they show. */
const captions: Record<string, string> = {
  equity: "Equity after costs: the model (blue) and buy-and-hold (grey)",
  underwater: "Drawdown from the highest equity so far: the model (blue) and buy-and-hold (grey)",
  "rolling-sharpe":
    "Sharpe ratio over a rolling window, annualised: the model (blue) and buy-and-hold (grey)",
  monthly: "The model's return by calendar month, in percent",
};

function equityCsv(result: BacktestResult, benchmark: BacktestResult): string {
  const lines = ["time,equity,benchmark_equity,drawdown,position"];
  for (let t = 0; t < result.time.length; t++) {
    lines.push([
      new Date(result.time[t]).toISOString(),
      result.equity[t],
      benchmark.equity[t],
      result.drawdown[t],
      result.position[t],
    ].join(","));
  }
  return lines.join("\n") + "\n";
}
