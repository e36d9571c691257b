/**
 * `tapebook demo`: the main job, end to end on real data, in one process: server, experiment,
 * promotion, a prediction from the serving endpoint, report.
 * @module
 */
import { join } from "node:path";
import {
  comparisonRows,
  type ExperimentResult,
  type PreparedData,
  quickstartConfig,
  runExperiment,
} from "../lib/experiment/mod.ts";
import { connect, type Tracker } from "../lib/tracking/mod.ts";
import { createProgress, type Progress } from "../lib/tuner/mod.ts";
import { readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { parseArgs, UsageError } from "./args.ts";
import { promoteModel, type Promotion } from "./promote.ts";
import { askServing } from "./serving_client.ts";
import { onStopSignal, prepareUi } from "./start.ts";

/** Largest difference allowed between the served and the training-side prediction. */
const predictionTolerance = 1e-5;

export async function demoCommand(args: string[]): Promise<number> {
  const { options } = parseArgs("demo", args, {
    exit: "boolean",
    seed: "integer",
    json: "string",
    trials: "integer",
  });
  const seed = options.seed ?? 7;
  if (seed < 0 || seed > 2 ** 31 - 1) {
    throw new UsageError(`Cannot run demo: --seed must be in [0, 2147483647], got ${seed}`);
  }
  const trials = options.trials ?? 12;
  if (trials < 1 || trials > 10_000) {
    throw new UsageError(`Cannot run demo: --trials must be in [1, 10000], got ${trials}`);
  }
  const started = performance.now();
  const env = Deno.env.toObject();
  const config = readConfig({ ...env, TAPEBOOK_LOG_LEVEL: env.TAPEBOOK_LOG_LEVEL ?? "warn" });

  const stop = new AbortController();
  const stopping = onStopSignal();
  stopping.signal.then((name) => stop.abort(new Error(`stopped by ${name}`)));

  heading("Server");
  const server = await startServer(config, { uiDir: () => prepareUi(config) });
  line(
    `${server.url}, database ${
      config.databaseUrl ? "PostgreSQL" : "PGlite"
    }, state in ${config.home}`,
  );
  const tracker = connect(server.url, { spoolDir: join(config.home, "spool") });
  try {
    const result = await runWithProgress(tracker, seed, trials, stop.signal);
    const outcome = await deploy(tracker, server.url, result, stop.signal);
    const folder = await writeReport(result);
    printResult(result, outcome, folder, server.url);
    const seconds = (performance.now() - started) / 1000;
    line(`done in ${seconds.toFixed(1)} s`);
    if (options.json) {
      await Deno.writeTextFile(
        options.json,
        JSON.stringify(summary(result, outcome, seconds), null, 2) + "\n",
      );
    }
    if (!options.exit) {
      line(`The server goes on at ${server.url}; Ctrl-C stops it`);
      await stopping.signal;
    }
    return outcome.gap <= predictionTolerance ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.log("\nStopped: finished trials are recorded, the run is marked KILLED");
    return 130;
  } finally {
    stopping.stop();
    await tracker.flush({ timeoutMs: 10_000 }).catch((error) => console.error(String(error)));
    await tracker.close();
    await server.close();
  }
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

function line(text: string): void {
  console.log(`  ${text}`);
}

async function runWithProgress(
  tracker: Tracker,
  seed: number,
  trials: number,
  signal: AbortSignal,
): Promise<ExperimentResult> {
  const config = quickstartConfig({ seed, trials });
  let progress: Progress | null = null;
  let finished = 0;
  try {
    return await runExperiment(config, {
      tracker,
      signal,
      log: (text) => progress ? progress.note(`  ${text}`) : line(text),
      tags: { "tapebook.command": "demo" },
      onData: describeData,
      onTune({ trial, epoch, epochs, best }) {
        if (!progress) {
          heading("Search");
          progress = createProgress({
            total: trials * epochs,
            title: "  tuning",
            everyMs: undefined,
          });
        }
        // Work is counted in epochs, so that the time left moves smoothly; a trial that ends early
        // gives its remaining epochs back.
        progress.update(finished * epochs + epoch, {
          trial: `${trial + 1}/${trials}`,
          epoch: `${epoch}/${epochs}`,
          ...(best === null ? {} : { best }),
        });
      },
      onTrial: (trial) => {
        finished++;
        if (finished === trials) {
          progress?.finish();
          progress = null;
          heading("Walk-forward");
        }
        if (trial.state === "failed" && !signal.aborted) {
          line(`trial ${trial.number} failed: ${trial.error}`);
        }
      },
      onFold: (fold, folds) =>
        line(
          `fold ${fold.fold + 1}/${folds}: refitted on ${
            fold.train[1] - fold.train[0]
          } bars, traded ${fold.test[1] - fold.test[0]}, validation loss ${
            fold.validationLoss.toFixed(4)
          }`,
        ),
    });
  } finally {
    (progress as Progress | null)?.finish();
  }
}

function describeData(data: PreparedData): void {
  const { bars, quality, split } = data;
  const date = (row: number) => new Date(bars.time[row]).toISOString().slice(0, 10);
  heading("Data");
  line(`${data.name}: ${bars.length} daily bars, ${date(0)} to ${date(bars.length - 1)}`);
  line(`fingerprint ${data.fingerprint}`);
  line(`quality score ${quality.score.toFixed(3)}; ${quality.issues.length} findings:`);
  const degenerate = quality.issues.filter((issue) => issue.kind === "degenerate-opens");
  for (const issue of quality.issues.filter((i) => i.kind !== "degenerate-opens")) {
    line(`- ${issue.severity}: ${issue.message}`);
  }
  if (degenerate.length > 0) {
    const worst = degenerate.reduce((a, b) => b.share > a.share ? b : a);
    line(`- degenerate opens in ${degenerate.length} years; the worst: ${worst.message}`);
    line("  so fills are at the next close, and no feature reads the open");
  }
  line(
    `${data.frame.names.length} features (warm-up ${data.pipeline.warmupBars} bars), ` +
      `train to ${date(split.train[1] - 1)}, validation to ${date(split.validation[1] - 1)}, ` +
      `held out from ${date(split.test[0])}`,
  );
}

interface Outcome {
  version: string;
  promotion: Promotion;
  served: number[];
  local: number[];
  /** Largest absolute difference between the two. */
  gap: number;
  latencyMs: number;
}

/** Registers, promotes, and asks the serving endpoint for what training-side prediction says. */
async function deploy(
  tracker: Tracker,
  url: string,
  result: ExperimentResult,
  signal: AbortSignal,
): Promise<Outcome> {
  signal.throwIfAborted();
  heading("Promotion and serving");
  const name = result.config.model;
  const { version } = await tracker.registerModel({
    name,
    runId: result.runId,
    tags: {
      "tapebook.data.fingerprint": result.data.fingerprint,
      "tapebook.pipeline.hash": result.data.pipeline.hash,
    },
  });
  line(`registered ${name} version ${version}`);
  const promotion = await promoteModel(tracker, name, version, result.verdict);
  line(`promotion ${promotion.status}: alias ${promotion.alias} of ${name} is version ${version}`);
  const { probe } = result.model;
  const { data, latencyMs } = await askServing(url, name, probe.shape, probe.x);
  const local = Array.from(probe.prediction);
  const gap = local.length === data.length
    ? Math.max(...local.map((p, i) => Math.abs(p - data[i])))
    : Infinity;
  line(
    `served prediction ${data.at(-1)!.toFixed(6)}, training side ${local.at(-1)!.toFixed(6)}; ` +
      `largest gap over ${local.length} windows ${gap.toExponential(1)} ` +
      `(allowed ${predictionTolerance.toExponential(0)}), answered in ${latencyMs.toFixed(1)} ms`,
  );
  if (!(gap <= predictionTolerance)) {
    console.error(`The served prediction differs from the training side by ${gap}`);
  }
  return { version, promotion, served: data, local, gap, latencyMs };
}

async function writeReport(result: ExperimentResult): Promise<string> {
  const folder = join(
    Deno.env.get("TAPEBOOK_REPORTS") || "reports",
    `${result.config.name}-${result.runId.slice(0, 8)}`,
  );
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(result.report)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  return folder;
}

function printResult(
  result: ExperimentResult,
  outcome: Outcome,
  folder: string,
  url: string,
): void {
  heading("Held-out years, after costs");
  const rows = comparisonRows(result.result.metrics, result.benchmark.metrics);
  line("".padEnd(22) + "model".padStart(12) + "buy and hold".padStart(15));
  for (const [label, model, benchmark] of rows) {
    line(label.padEnd(22) + model.padStart(12) + benchmark.padStart(15));
  }
  line(result.verdict);
  heading("Open");
  line(`run          ${url}/runs/${result.runId}`);
  line(`experiment   ${url}/experiments/${result.experimentId}`);
  line(`model        ${url}/models/${result.config.model} (version ${outcome.version})`);
  line(`serving      ${url}/serving`);
  line(`report       ${join(folder, "report.md")}`);
  line(`tearsheet    ${join(folder, "tearsheet.html")}`);
}

function summary(result: ExperimentResult, outcome: Outcome, seconds: number) {
  return {
    seconds,
    backend: result.backend,
    runId: result.runId,
    model: { name: result.config.model, version: outcome.version },
    metrics: result.result.metrics,
    benchmark: result.benchmark.metrics,
    localPrediction: outcome.local,
    servedPrediction: outcome.served,
  };
}
