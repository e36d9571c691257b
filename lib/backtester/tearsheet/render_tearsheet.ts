/**
 * The tearsheet of a backtest: one HTML file, Markdown and SVG charts.
 * @module
 */
import { BacktestResult } from "../result.ts";
import { type Benchmark, Charts, createCharts } from "./charts.ts";
import { tearsheetHtml } from "./html.ts";
import { tearsheetMarkdown } from "./markdown.ts";

/** One line of the validation verdict. */
export interface VerdictLine {
  /** What was asked, as "Deflated Sharpe ratio > 0.95". */
  check: string;
  value: string;
  passed: boolean;
}

export interface TearsheetOptions {
  title?: string;
  /** A run over the same bars, or its returns. */
  benchmark?: BacktestResult | { name: string; returns: Float64Array };
  /** Results of validation, shown first. */
  verdict?: readonly VerdictLine[];
  /** Sentences under the title: which data, which fills, what to mind. */
  notes?: readonly string[];
  /** Trades listed; the first and last of them. 200 by default. */
  tradesShown?: number;
}

export interface Tearsheet {
  /** Opens as one file, light and dark. */
  html: string;
  /** The same without html, head and body, for a notebook. */
  fragment: string;
  /** Refers to the charts as `NAME.svg`. */
  markdown: string;
  /** By name, each self-contained. */
  svgs: Record<string, string>;
}

/**
 * Renders a result. Charts are drawn by Observable Plot, which is loaded on the first call.
 *
 * @throws {RangeError} If the benchmark's length differs.
 */
export async function renderTearsheet(
  result: BacktestResult,
  options: TearsheetOptions = {},
): Promise<Tearsheet> {
  if (result.time.length < 2) {
    throw new RangeError(
      `Cannot render tearsheet: the result must have at least 2 bars, got ${result.time.length}`,
    );
  }
  const benchmark = benchmarkOf(result, options.benchmark);
  const charts = await createCharts();
  const svgs = drawAll(charts, result, benchmark);
  const title = options.title ?? `Backtest of ${result.strategy}`;
  const about = { result, benchmark, title, options, svgs };
  const { html, fragment } = tearsheetHtml(about);
  return { html, fragment, markdown: tearsheetMarkdown(about), svgs };
}

/** What both renderers get. */
export interface TearsheetContent {
  result: BacktestResult;
  benchmark: Benchmark | null;
  title: string;
  options: TearsheetOptions;
  svgs: Record<string, string>;
}

function benchmarkOf(
  result: BacktestResult,
  given: TearsheetOptions["benchmark"],
): Benchmark | null {
  if (!given) return null;
  if (given.returns.length !== result.returns.length) {
    throw new RangeError(
      `Cannot render tearsheet: the benchmark must have ${result.returns.length} returns, got ${given.returns.length}`,
    );
  }
  const name = given instanceof BacktestResult ? given.strategy : given.name;
  let equity = result.initialCash;
  const curve = given.returns.map((r) => equity *= 1 + r);
  const metrics = given instanceof BacktestResult ? given.metrics : {};
  return { name, returns: given.returns, equity: curve, metrics };
}

function drawAll(
  charts: Charts,
  result: BacktestResult,
  benchmark: Benchmark | null,
): Record<string, string> {
  const svgs: Record<string, string> = {
    equity: charts.equity(result, benchmark),
    underwater: charts.underwater(result, benchmark),
  };
  const sharpe = charts.rollingSharpe(result, benchmark);
  if (sharpe) svgs["rolling-sharpe"] = sharpe;
  svgs.monthly = charts.monthly(result);
  svgs.distribution = charts.distribution(result);
  svgs.exposure = charts.exposure(result);
  return svgs;
}
