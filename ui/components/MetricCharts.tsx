/** A chart for every metric that has a curve, with smoothing and a choice of axes. @module */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { LineChart } from "../charts/LineChart.tsx";
import { smooth } from "../charts/smoothing.ts";
import { type CurveStore, overAxis } from "../models/curves.ts";
import { formatMetric } from "../models/format.ts";
import { orderMetrics } from "../models/metric_direction.ts";
import type { ColoredRun } from "./BacktestCharts.tsx";
import { Card, Segmented } from "./parts.tsx";
import { Empty, Loading } from "./State.tsx";

/** Metrics that one of the runs logged at more than one step. */
export function curveKeys(runs: readonly ColoredRun[]): string[] {
  const keys = new Set<string>();
  for (const { run } of runs) {
    for (const key in run.lastSteps) if (run.lastSteps[key] > 0) keys.add(key);
  }
  return orderMetrics(keys);
}

function MetricChart(
  { metric, runs, curves, weight, logY, axis }: {
    metric: string;
    runs: readonly ColoredRun[];
    curves: CurveStore;
    weight: number;
    logY: boolean;
    axis: "step" | "time";
  },
) {
  const entries = runs.filter(({ run }) => metric in run.metrics)
    .map((entry) => ({ ...entry, curve: curves.get(entry.run.id, metric) }));
  const series = useMemo(
    () =>
      entries.filter(({ curve }) => curve !== null).map(({ curve, color, label }) => {
        const { x, y } = overAxis(curve!, axis);
        return { label, color, x, y: smooth(y, weight) };
      }),
    [weight, axis, ...entries.map(({ curve }) => curve)],
  );
  return (
    <Card title={metric} id={`metric-${metric}`}>
      {series.length === 0 ? <Loading lines={5} /> : (
        <LineChart
          series={series}
          xKind={axis}
          height={190}
          logY={logY}
          formatY={(value) => formatMetric(metric, value)}
          yLabel={weight > 0 ? `${metric}, smoothed` : metric}
        />
      )}
    </Card>
  );
}

export function MetricCharts(
  { runs, curves, keys }: {
    runs: readonly ColoredRun[];
    curves: CurveStore;
    keys: readonly string[];
  },
) {
  const weight = useSignal(0);
  const logY = useSignal(false);
  const axis = useSignal<"step" | "time">("step");
  const wanted = useSignal("");
  const shown = keys.filter((key) => key.toLowerCase().includes(wanted.value.toLowerCase()));
  if (keys.length === 0) {
    return <Empty title="No curves" compact>No metric was logged at more than one step.</Empty>;
  }
  return (
    <div class="stack">
      <div class="card-tools">
        <input
          class="input"
          type="search"
          placeholder="Find a metric"
          aria-label="Find a metric"
          data-testid="metric-search"
          value={wanted.value}
          onInput={(event) => wanted.value = event.currentTarget.value}
        />
        <Segmented
          id="axis"
          label="Horizontal axis"
          value={axis.value}
          options={[{ value: "step", label: "Step" }, { value: "time", label: "Time" }]}
          onChange={(value) => axis.value = value}
        />
        <label class="inline-field">
          <input
            type="checkbox"
            class="checkbox"
            checked={logY.value}
            data-testid="log-axis"
            onChange={(event) => logY.value = event.currentTarget.checked}
          />
          Logarithmic
        </label>
        <label class="inline-field">
          Smoothing
          <input
            type="range"
            class="range"
            min="0"
            max="0.98"
            step="0.02"
            value={weight.value}
            data-testid="smoothing"
            onInput={(event) => weight.value = Number(event.currentTarget.value)}
          />
          <span class="num" style={{ width: "4ch" }}>{weight.value.toFixed(2)}</span>
        </label>
      </div>
      <div class="charts">
        {shown.map((key) => (
          <MetricChart
            key={key}
            metric={key}
            runs={runs}
            curves={curves}
            weight={weight.value}
            logY={logY.value}
            axis={axis.value}
          />
        ))}
      </div>
    </div>
  );
}
