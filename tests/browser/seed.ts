/**
 * Fills a server over HTTP with what the pages show: a sweep of moving-average crossovers over the
 * sample data (real backtests), recorded as one parent run and its trials, and a model with two
 * versions.
 * @module
 */
import { backtest, strategies } from "../../lib/backtester/mod.ts";
import { type Bars, fingerprintBars, sampleBars, sliceBars } from "../../lib/data/mod.ts";
import { connect, type Run, type Tracker } from "../../lib/tracking/mod.ts";

export interface Seeded {
  experimentId: string;
  parentId: string;
  /** Runs of the trials, in the order of `sweep`. */
  trialIds: string[];
  model: string;
}

export const experimentName = "S&P 500 crossover";
export const modelName = "sp500-signal";

/** Fast and slow window of each trial, in bars. */
export const sweep: [number, number][] = [[10, 50], [20, 100], [5, 20], [20, 200], [50, 200], [
  3,
  10,
]];

/** The first year whose opens are traded prices in the sample. */
const firstHonestYear = 2014;

async function honestBars(): Promise<{ bars: Bars; digest: string }> {
  const all = await sampleBars();
  const from = all.time.findIndex((time) => new Date(time).getUTCFullYear() >= firstHonestYear);
  return { bars: sliceBars(all, from, all.length), digest: await fingerprintBars(all) };
}

async function recordBacktest(run: Run, bars: Bars, fast: number, slow: number): Promise<number> {
  const options = { cash: 10_000, fees: 0.0005 };
  const result = backtest(bars, strategies.smaCross({ fast, slow }), options);
  const hold = backtest(bars, strategies.buyAndHold(), options);
  const timestamps = Array.from(bars.time);
  run.logParams({ fast, slow, strategy: "smaCross", fees: 0.0005, cash: 10_000 });
  run.logMetrics(result.metrics);
  const benchmark = Object.entries(hold.metrics).map(([key, value]) => [`benchmark_${key}`, value]);
  run.logMetrics(Object.fromEntries(benchmark));
  await run.logMetricColumn("equity", result.equity, { timestamps });
  await run.logMetricColumn("drawdown", result.drawdown, { timestamps });
  await run.logMetricColumn("position", result.position, { timestamps });
  await run.logMetricColumn("benchmark_equity", hold.equity, { timestamps });
  return result.metrics.sharpe;
}

const f32 = (name: string, shape: number[]) => ({ name, datatype: "FP32", shape });

/** A model version of the committed ONNX graphs of the serving tests. */
async function registerVersion(tracker: Tracker, run: Run, graph: string): Promise<void> {
  const onnx = new URL(`../../server/serving/testdata/${graph}.onnx`, import.meta.url);
  await run.logArtifact("model/model.onnx", await Deno.readFile(onnx));
  await run.logArtifact(
    "model/tapebook.json",
    JSON.stringify({
      signature: { inputs: [f32("features", [-1, 4])], outputs: [f32("signal", [-1, 1])] },
      metadata: { featureNames: ["return_1", "return_5", "volatility_20", "rsi_14"] },
      inputExample: { features: [[1, 2, 3, 4]] },
    }),
  );
  await run.flush();
  await tracker.registerModel({ name: modelName, runId: run.id });
}

const report = `# Moving-average crossover

Long while the fast mean stands above the slow one, fees of **5 basis points** a trade.

| window | meaning |
|---|---|
| fast | bars of the fast mean |
| slow | bars of the slow mean |
`;

/** Records everything (the first `trials` of the sweep); resolves once the server has committed it. */
export async function seedServer(
  url: string,
  options: { trials?: number } = {},
): Promise<Seeded> {
  const pairs = sweep.slice(0, options.trials);
  const tracker = connect(url, { spoolDir: null, warn: () => {} });
  const { bars, digest } = await honestBars();
  const inputs = {
    name: "sp500",
    digest: digest.slice(0, 36),
    sourceType: "sample",
    source: "vega-datasets/sp500-2000.csv",
    profile: { rows: bars.length },
    context: "test",
  };
  const parent = await tracker.startRun({
    experiment: experimentName,
    name: "crossover sweep",
    tags: { "tapebook.kind": "study" },
    description: "Which pair of windows survives costs? **Answer:** see the trials.",
  });
  parent.logParams({ objective: "sharpe", direction: "maximize", trials: pairs.length });
  parent.logInputs(inputs);
  const trials: Run[] = [];
  let best = -Infinity;
  for (const [number, [fast, slow]] of pairs.entries()) {
    const run = await tracker.startRun({
      experiment: experimentName,
      name: `cross ${fast}/${slow}`,
      parentRunId: parent.id,
      tags: { "tapebook.kind": "trial", "tapebook.trial": number },
    });
    run.logInputs(inputs);
    const sharpe = await recordBacktest(run, bars, fast, slow);
    best = Math.max(best, sharpe);
    parent.logMetric("best_sharpe", best, { step: number });
    await run.logArtifact("report/report.md", report);
    trials.push(run);
  }
  await registerVersion(tracker, trials[0], "signal_v1");
  await registerVersion(tracker, trials[1], "signal_v2");
  for (const run of [...trials, parent]) await run.end();
  await tracker.flush();
  return {
    experimentId: parent.experimentId!,
    parentId: parent.id,
    trialIds: trials.map((run) => run.id),
    model: modelName,
  };
}
