/** Equity, drawdown and position of backtests, one colour a run, on one axis. @module */
import { useMemo } from "preact/hooks";
import { LineChart, type LineSeries } from "../charts/LineChart.tsx";
import { rebase } from "../charts/smoothing.ts";
import { type CurveStore, hasBarTimes, overAxis } from "../models/curves.ts";
import { formatNumber, formatPercent } from "../models/format.ts";
import type { RunRecord } from "../models/run_record.ts";
import { Loading } from "./State.tsx";

export interface ColoredRun {
  run: RunRecord;
  color: string;
  label: string;
}

const formatShare = (value: number) =>
  `${Math.round(value * 1000) / 10}`.replace("-", "\u2212") + " %";

/** Runs that recorded a per-step equity. */
export function withEquity(runs: readonly ColoredRun[]): ColoredRun[] {
  return runs.filter(({ run }) => "equity" in run.metrics);
}

export function BacktestCharts(
  { runs, curves, showPosition }: {
    runs: readonly ColoredRun[];
    curves: CurveStore;
    showPosition?: boolean;
  },
) {
  const load = (key: string) =>
    runs.filter(({ run }) => key in run.metrics).map((r) => ({
      ...r,
      curve: curves.get(r.run.id, key),
    }));
  const equity = load("equity");
  const benchmark = runs.length === 1 ? load("benchmark_equity") : [];
  const drawdown = load("drawdown");
  const position = showPosition ? load("position") : [];
  const all = [...equity, ...benchmark, ...drawdown, ...position];
  const axis =
    equity.length > 0 && equity.every(({ curve, run }) => curve && hasBarTimes(curve, run))
      ? "time"
      : "step";
  const series = (
    list: typeof equity,
    more: (entry: typeof equity[number]) => Partial<LineSeries> = () => ({}),
  ): LineSeries[] =>
    list.filter(({ curve }) => curve !== null).map((entry) => ({
      label: entry.label,
      color: entry.color,
      ...overAxis(entry.curve!, axis),
      ...more(entry),
    }));
  const inputs = [axis, ...all.map(({ curve }) => curve)];
  const equitySeries = useMemo(() => {
    const growth = (entry: typeof equity[number]) => ({ y: rebase(entry.curve!.values) });
    return [
      ...series(equity, growth),
      ...series(benchmark, (entry) => ({
        ...growth(entry),
        label: "benchmark",
        color: "--series-10",
      })),
    ];
  }, inputs);
  const drawdownSeries = useMemo(
    () => series(drawdown, () => ({ fill: runs.length <= 2 })),
    inputs,
  );
  const positionSeries = useMemo(() => series(position, () => ({ stepped: true })), inputs);
  if (equity.some(({ curve }) => curve === null)) {
    return <Loading lines={8} label="Loading curves" />;
  }
  const sync = `backtest-${runs.map(({ run }) => run.id).join()}`;
  const common = { xKind: axis, xLabel: "bar", sync } as const;
  return (
    <div class="stack">
      <LineChart
        {...common}
        id="chart-equity"
        series={equitySeries}
        yLabel="equity, multiple of start"
        formatY={(value) => formatNumber(Math.round(value * 1000) / 1000)}
        height={260}
      />
      {drawdownSeries.length > 0 && (
        <LineChart
          {...common}
          id="chart-drawdown"
          series={drawdownSeries}
          yLabel="drawdown"
          formatY={(value) => Math.abs(value) < 0.1 ? formatPercent(value) : formatShare(value)}
          height={150}
        />
      )}
      {positionSeries.length > 0 && (
        <LineChart
          {...common}
          id="chart-position"
          series={positionSeries}
          yLabel="position"
          height={110}
        />
      )}
    </div>
  );
}
