/**
 * The tearsheet's charts, drawn by Observable Plot on a DOM without a browser.
 *
 * Colours are CSS variables, so that one SVG serves light and dark.
 * @module
 */
import type * as PlotModule from "@observablehq/plot";
import { monthlyReturns } from "../metrics/monthly_table.ts";
import { rollingSharpe } from "../metrics/rolling.ts";
import { drawdownOf } from "../result.ts";
import type { BacktestResult } from "../result.ts";
import { thinOut } from "./thin_out.ts";

export interface Benchmark {
  name: string;
  /** Same bars as the result. */
  equity: Float64Array;
  returns: Float64Array;
  /** What its own run recorded; empty when only returns are known. */
  metrics: Readonly<Record<string, number>>;
}

const width = 760;

/** Light and dark values of every colour the charts use. */
export const chartStyle = `
.tapebook-chart { --ink: #1c2430; --muted: #667085; --grid: #e4e7ec; --main: #1f5fbf; --other: #98a2b3;
  --up: #1a7f5a; --down: #c4432b; --fill: #1f5fbf33; --paper: #ffffff; color: var(--ink); }
@media (prefers-color-scheme: dark) { .tapebook-chart { --ink: #e6e9ef; --muted: #98a2b3; --grid: #2b3340;
  --main: #7db0ff; --other: #7c8799; --up: #4cc38a; --down: #f2805f; --fill: #7db0ff33; --paper: #12161d; } }
`.trim();

/** Draws with Plot; loaded on first use. */
export async function createCharts(): Promise<Charts> {
  const [Plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return new Charts(Plot, document as unknown as Document);
}

type PlotOptions = PlotModule.PlotOptions;

export class Charts {
  constructor(readonly plot: typeof PlotModule, readonly document: Document) {}

  /** One chart as a self-contained SVG string. */
  draw(label: string, options: PlotOptions): string {
    const figure = this.plot.plot({
      width,
      height: 240,
      marginLeft: 56,
      marginRight: 16,
      ariaLabel: label,
      style: {
        background: "transparent",
        fontFamily: "system-ui, sans-serif",
        fontSize: "12px",
        overflow: "visible",
      },
      ...options,
      document: this.document,
    });
    figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    figure.setAttribute("role", "img");
    figure.setAttribute("class", `${figure.getAttribute("class") ?? ""} tapebook-chart`.trim());
    const style = this.document.createElement("style");
    style.textContent = chartStyle;
    figure.prepend(style);
    // A DOM without namespaces writes viewbox; SVG is case-sensitive.
    return figure.outerHTML.replaceAll("viewbox=", "viewBox=");
  }

  equity(result: BacktestResult, benchmark: Benchmark | null): string {
    const { Plot, rows } = this.#lines(result.equity, result.time, "strategy");
    const other = benchmark ? this.#lines(benchmark.equity, result.time, "benchmark").rows : [];
    const isLog = Math.min(...rows.map((r) => r.value)) > 0 &&
      Math.max(...rows.map((r) => r.value)) > 4 * Math.min(...rows.map((r) => r.value));
    return this.draw("Equity", {
      y: {
        label: "Equity",
        type: isLog ? "log" : "linear",
        grid: true,
        tickFormat: "~s",
        ticks: 5,
      },
      x: { label: null, type: "utc" },
      marks: [
        Plot.lineY(other, { x: "time", y: "value", stroke: "var(--other)", strokeWidth: 1.25 }),
        Plot.lineY(rows, { x: "time", y: "value", stroke: "var(--main)", strokeWidth: 1.75 }),
      ],
    });
  }

  underwater(result: BacktestResult, benchmark: Benchmark | null): string {
    const { Plot, rows } = this.#lines(result.drawdown, result.time, "strategy");
    const other = benchmark
      ? this.#lines(drawdownOf(benchmark.equity, result.initialCash), result.time, "benchmark").rows
      : [];
    return this.draw("Underwater: fall below the running maximum", {
      height: 186,
      marginTop: 26,
      y: { label: "Drawdown", grid: true, tickFormat: "%", ticks: 4 },
      x: { label: null, type: "utc" },
      marks: [
        Plot.areaY(rows, { x: "time", y: "value", fill: "var(--fill)" }),
        Plot.lineY(other, { x: "time", y: "value", stroke: "var(--other)", strokeWidth: 1 }),
        Plot.lineY(rows, { x: "time", y: "value", stroke: "var(--main)", strokeWidth: 1.25 }),
      ],
    });
  }

  rollingSharpe(result: BacktestResult, benchmark: Benchmark | null): string | null {
    const window = Math.min(result.barsPerYear, Math.floor(result.returns.length / 4));
    if (window < 10) return null;
    const options = { window, barsPerYear: result.barsPerYear };
    const { Plot, rows } = this.#lines(
      rollingSharpe(result.returns, options),
      result.time,
      "strategy",
    );
    const other = benchmark
      ? this.#lines(rollingSharpe(benchmark.returns, options), result.time, "benchmark").rows
      : [];
    return this.draw(`Sharpe ratio of the last ${window} bars`, {
      height: 180,
      y: { label: `Sharpe, ${window} bars`, grid: true, ticks: 4 },
      x: { label: null, type: "utc" },
      marks: [
        Plot.ruleY([0], { stroke: "var(--muted)" }),
        Plot.lineY(other, { x: "time", y: "value", stroke: "var(--other)", strokeWidth: 1 }),
        Plot.lineY(rows, { x: "time", y: "value", stroke: "var(--main)", strokeWidth: 1.25 }),
      ],
    });
  }

  monthly(result: BacktestResult): string {
    const Plot = this.plot;
    const cells = monthlyReturns(result.returns, result.time);
    const years = [...new Set(cells.map((c) => c.year))];
    const most = Math.max(1e-9, ...cells.map((c) => Math.abs(c.value)));
    return this.draw("Monthly returns", {
      height: 40 + 22 * years.length,
      marginTop: 24,
      marginBottom: 4,
      x: { label: null, axis: "top", domain: monthNames, tickSize: 0 },
      y: { label: null, domain: years, tickFormat: "d", tickSize: 0, type: "band" },
      marks: [
        Plot.cell(cells, {
          x: (c) => monthNames[c.month - 1],
          y: "year",
          inset: 1,
          fill: (c) => c.value >= 0 ? "var(--up)" : "var(--down)",
          fillOpacity: (c) => 0.06 + 0.5 * Math.abs(c.value) / most,
        }),
        Plot.text(cells, {
          x: (c) => monthNames[c.month - 1],
          y: "year",
          text: (c) => (c.value * 100).toFixed(1).replace(/^-0\.0$/, "0.0"),
          fill: "currentColor",
          fontSize: 11,
        }),
      ],
      opacity: { type: "identity" },
      color: { type: "identity" },
    });
  }

  distribution(result: BacktestResult): string {
    const Plot = this.plot;
    const values = Array.from(result.returns).filter((r) => Number.isFinite(r) && r !== 0);
    return this.draw("Distribution of per-bar returns", {
      height: 210,
      marginBottom: 44,
      x: { label: "Return per bar", labelOffset: 38, tickFormat: "%" },
      y: { label: "Bars", grid: true, ticks: 4 },
      marks: [
        Plot.rectY(values, {
          ...Plot.binX({ y: "count" }, { x: { value: (d: number) => d, thresholds: 60 } }),
          fill: "var(--main)",
          fillOpacity: 0.7,
        }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
      ],
    });
  }

  exposure(result: BacktestResult): string {
    const { Plot, rows } = this.#lines(result.position, result.time, "strategy");
    return this.draw("Net exposure as a share of equity", {
      height: 150,
      marginTop: 28,
      y: { label: "Exposure", grid: true, tickFormat: "%", ticks: 3 },
      x: { label: null, type: "utc" },
      marks: [
        Plot.areaY(rows, {
          x: "time",
          y: "value",
          fill: "var(--main)",
          fillOpacity: 0.4,
          curve: "step-after",
        }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
      ],
    });
  }

  #lines(column: Float64Array, time: Float64Array, series: string) {
    const rows = Array.from(
      thinOut(column),
      (t) => ({ time: new Date(time[t]), value: column[t], series }),
    );
    return { Plot: this.plot, rows };
  }
}

export const monthNames = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];
