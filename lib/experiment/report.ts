/**
 * The report that a run leaves for people: Markdown beside its SVG plots.
 * @module
 */
import type { BacktestResult } from "../backtester/mod.ts";
import { formatTime } from "../data/mod.ts";
import type { FrozenTrial } from "../tuner/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import type { PreparedData } from "./prepare_data.ts";
import { comparisonRows, verdict } from "./verdict.ts";
import type { WalkForwardFold } from "./walk_forward_trading.ts";

export interface ReportParts {
  config: ExperimentConfig;
  data: PreparedData;
  backend: string;
  runId: string;
  trials: FrozenTrial[];
  best: FrozenTrial;
  folds: WalkForwardFold[];
  result: BacktestResult;
  benchmark: BacktestResult;
  /** Plots by file name without folder, for instance `equity.svg`. */
  plots: { file: string; caption: string }[];
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((r) => `| ${r.join(" | ")} |`).join("\n");
}

/** The report's Markdown. */
export function reportMarkdown(p: ReportParts): string {
  const { bars } = p.data;
  const date = (row: number) => formatTime(bars.time[row]).slice(0, 10);
  const [from, to] = p.data.split.test;
  const { backtest } = p.config;
  const lines: string[] = [
    `# ${p.config.name}: ${p.config.model}`,
    "",
    `**${verdict(p.result.metrics, p.benchmark.metrics, p.trials.length)}**`,
    "",
    `Walk-forward on ${date(from)} to ${date(to - 1)} (${to - from} bars the search never saw), ` +
    `refitted every ${p.config.walkForward.refitEveryBars} bars; fills at ` +
    `${
      fillWords[backtest.fill]
    }, ${backtest.feeBps} bps commission and ${backtest.slippageBps} bps ` +
    `slippage on each leg. Seed ${p.config.seed}, backend ${p.backend}, run \`${p.runId}\`.`,
    "",
    table(["", "Model", "Buy and hold"], comparisonRows(p.result.metrics, p.benchmark.metrics)),
    "",
  ];
  for (const { file, caption } of p.plots) {
    lines.push(`![${caption}](${file})`, "", `*${caption}*`, "");
  }
  lines.push(
    "## Data",
    "",
    `${p.data.name}: ${bars.length} bars, ${date(0)} to ${date(bars.length - 1)}; content hash ` +
      `\`${p.data.fingerprint.slice(0, 16)}…\`; quality score ${p.data.quality.score.toFixed(3)}.`,
    "",
    ...p.data.quality.issues.map((issue) => `- ${issue.severity}: ${issue.message}`),
    "",
    "## Features",
    "",
    `${p.data.frame.names.join(", ")} (pipeline \`${p.data.pipeline.hash.slice(0, 12)}\`, ` +
      `warm-up ${p.data.pipeline.warmupBars} bars). Label: is the close higher ` +
      `${p.config.labels.horizonBars} bars after the fill.`,
    "",
    "## Search",
    "",
    `${p.trials.length} trials, chosen by validation loss on ` +
      `${date(p.data.split.validation[0])} to ${date(p.data.split.validation[1] - 1)}.`,
    "",
    table(
      ["Trial", "State", "Loss", "Epochs", "Kind", "Window", "Units", "Learning rate"],
      p.trials.map((t) => [
        t.number === p.best.number ? `**${t.number}**` : String(t.number),
        t.state,
        t.value === null ? "" : t.value.toFixed(4),
        String(t.intermediate.size),
        String(t.params.kind),
        String(t.params.windowBars),
        String(t.params.units),
        Number(t.params.learningRate).toExponential(1),
      ]),
    ),
    "",
    "## Walk-forward fits",
    "",
    table(
      ["Fold", "Trained on", "Stopped early by", "Traded", "Validation loss"],
      p.folds.map((f) => [
        String(f.fold + 1),
        `${date(f.train[0])} to ${date(f.train[1] - 1)}`,
        `${date(f.validation[0])} to ${date(f.validation[1] - 1)}`,
        `${date(f.test[0])} to ${date(f.test[1] - 1)}`,
        f.validationLoss.toFixed(4),
      ]),
    ),
    "",
  );
  return lines.join("\n");
}

const fillWords = {
  nextOpen: "the next bar's open",
  nextClose: "the next bar's close",
  sameClose: "the signal's own close (look-ahead-prone)",
} as const;
