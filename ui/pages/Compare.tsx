/** `/compare?runs=a,b`: runs side by side. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { tracking } from "../api.ts";
import { seriesColor } from "../charts/colors.ts";
import { ParallelCoordinates } from "../charts/ParallelCoordinates.tsx";
import { ScatterPlot } from "../charts/ScatterPlot.tsx";
import { BacktestCharts, type ColoredRun, withEquity } from "../components/BacktestCharts.tsx";
import { Icon } from "../components/Icon.tsx";
import { curveKeys, MetricCharts } from "../components/MetricCharts.tsx";
import { Card, Note, PageHead, Segmented, StatusBadge } from "../components/parts.tsx";
import { Empty, Failed, Loading } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { compareMetrics, compareParams, dimensions, runLabels } from "../models/comparison.ts";
import { createCurveStore } from "../models/curves.ts";
import { formatDuration, formatMetric, formatParam, shorten } from "../models/format.ts";
import { isCurve } from "../models/metric_direction.ts";
import { createResource } from "../models/resource.ts";
import { durationMs, type RunRecord } from "../models/run_record.ts";

const mostAxes = 9;
const leadingMetrics = 14;
/** Most curves that can be told apart in one chart. */
const mostDrawn = 20;

function HeadCells({ runs, onRemove }: { runs: ColoredRun[]; onRemove?: (id: string) => void }) {
  return (
    <>
      {runs.map(({ run, color, label }) => (
        <th key={run.id} class="num">
          <span class="inline-field" style={{ color: "var(--text)" }}>
            <i class="swatch" style={{ background: `var(${color})` }} />
            <a href={`/runs/${run.id}`} title={label}>{label}</a>
            {onRemove && runs.length > 2 && (
              <button
                type="button"
                class="expander"
                aria-label={`Leave out ${label}`}
                data-testid={`remove-${run.id}`}
                onClick={() => onRemove(run.id)}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </span>
        </th>
      ))}
    </>
  );
}

function MetricsCard({ runs, onRemove }: { runs: ColoredRun[]; onRemove: (id: string) => void }) {
  const showsAll = useSignal(false);
  const all = useMemo(
    () => compareMetrics(runs.map((r) => r.run)).filter((line) => !isCurve(line.key)),
    [runs],
  );
  const leading = all.filter((line) => line.differs && !line.key.startsWith("benchmark_"));
  const lines = showsAll.value ? all : leading.slice(0, leadingMetrics);
  const now = Date.now();
  return (
    <Card
      title="Metrics"
      padded={false}
      tools={all.length > leadingMetrics && (
        <button
          type="button"
          class="button small"
          data-testid="all-metrics"
          onClick={() => showsAll.value = !showsAll.value}
        >
          {showsAll.value ? "Leading metrics" : `All ${all.length} metrics`}
        </button>
      )}
      foot="The best value of a line is marked, by the direction of its metric."
    >
      <TableScroll>
        <table class="table pinned" data-testid="compare-metrics">
          <thead>
            <tr>
              <th>Metric</th>
              <HeadCells runs={runs} onRemove={onRemove} />
            </tr>
          </thead>
          <tbody>
            <tr>
              <td class="muted">status</td>
              {runs.map(({ run }) => (
                <td key={run.id} class="num">
                  <StatusBadge status={run.status} />
                </td>
              ))}
            </tr>
            <tr>
              <td class="muted">duration</td>
              {runs.map(({ run }) => (
                <td key={run.id} class="num">{formatDuration(durationMs(run, now))}</td>
              ))}
            </tr>
            {lines.map((line) => (
              <tr key={line.key} data-testid={`metric-line-${line.key}`}>
                <td>{line.key}</td>
                {line.values.map((value, i) => (
                  <td key={runs[i].run.id} class={`num ${line.best === i ? "best" : ""}`}>
                    {formatMetric(line.key, value)}
                    {line.best === i && <span class="visually-hidden">(best)</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Card>
  );
}

function ParamsCard({ runs }: { runs: ColoredRun[] }) {
  const onlyDifferent = useSignal(true);
  const lines = useMemo(() => compareParams(runs.map((r) => r.run)), [runs]);
  const shown = onlyDifferent.value ? lines.filter((line) => line.differs) : lines;
  return (
    <Card
      title="Params"
      padded={false}
      tools={
        <label class="inline-field">
          <input
            type="checkbox"
            class="checkbox"
            checked={onlyDifferent.value}
            data-testid="only-different"
            onChange={(event) => onlyDifferent.value = event.currentTarget.checked}
          />
          Only what differs
        </label>
      }
    >
      {shown.length === 0
        ? <Empty title={lines.length === 0 ? "No params" : "No param differs"} compact />
        : (
          <TableScroll>
            <table class="table pinned" data-testid="compare-params">
              <thead>
                <tr>
                  <th>Param</th>
                  <HeadCells runs={runs} />
                </tr>
              </thead>
              <tbody>
                {shown.map((line) => (
                  <tr key={line.key}>
                    <td>{line.key}</td>
                    {line.values.map((value, i) => (
                      <td
                        key={runs[i].run.id}
                        class={`num ${line.differs ? "" : "muted"}`}
                        title={value ?? undefined}
                      >
                        {shorten(formatParam(value), 32)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
    </Card>
  );
}

function Relations({ runs }: { runs: ColoredRun[] }) {
  const view = useSignal<"parallel" | "scatter">("parallel");
  const all = useMemo(() => dimensions(runs.map((r) => r.run)), [runs]);
  const metrics = all.filter((d) => d.kind === "metric");
  const x = useSignal(all.find((d) => d.kind === "param")?.key ?? metrics[1]?.key ?? "");
  const y = useSignal(metrics[0]?.key ?? "");
  if (all.length < 2) return null;
  const params = all.filter((d) => d.kind === "param");
  const axes = [
    ...params.slice(0, mostAxes - 3),
    ...metrics.slice(0, mostAxes - Math.min(params.length, 6)),
  ];
  const colors = runs.map((r) => r.color);
  const labels = runs.map((r) => r.label);
  const pick = (signal: typeof x, label: string, id: string) => (
    <label class="inline-field">
      {label}
      <select
        class="select"
        value={signal.value}
        data-testid={id}
        onChange={(event) => signal.value = event.currentTarget.value}
      >
        {all.map((d) => <option key={d.key} value={d.key}>{d.key}</option>)}
      </select>
    </label>
  );
  const xAxis = all.find((d) => d.key === x.value), yAxis = all.find((d) => d.key === y.value);
  return (
    <Card
      title="Params and metrics"
      tools={
        <>
          {view.value === "scatter" && (
            <>
              {pick(x, "x", "scatter-x")}
              {pick(y, "y", "scatter-y")}
            </>
          )}
          <Segmented
            id="relations"
            label="Kind of plot"
            value={view.value}
            options={[
              { value: "parallel", label: "Parallel axes" },
              { value: "scatter", label: "Scatter" },
            ]}
            onChange={(value) => view.value = value}
          />
        </>
      }
    >
      {view.value === "parallel"
        ? <ParallelCoordinates dimensions={axes} colors={colors} labels={labels} />
        : xAxis && yAxis && (
          <ScatterPlot x={xAxis} y={yAxis} colors={colors} labels={labels} id="scatter" />
        )}
    </Card>
  );
}

function Comparison(
  { records, onRemove }: { records: RunRecord[]; onRemove: (id: string) => void },
) {
  const curves = useMemo(() => createCurveStore((id, key) => tracking.metricHistory(id, key)), []);
  const runs = useMemo(() => {
    const labels = runLabels(records);
    return records.map((run, i): ColoredRun => ({ run, color: seriesColor(i), label: labels[i] }));
  }, [records]);
  const traded = withEquity(runs);
  const drawn = runs.slice(0, mostDrawn);
  const keys = curveKeys(drawn).filter((key) => !isCurve(key));
  return (
    <>
      {runs.length > mostDrawn && (
        <Note>
          Curves are drawn for the first {mostDrawn} of {runs.length}{" "}
          runs; tables and the plot of params and metrics show all.
        </Note>
      )}
      {traded.length > 0 && (
        <Card title="Backtests" id="compare-curves">
          <BacktestCharts runs={traded.slice(0, mostDrawn)} curves={curves} />
        </Card>
      )}
      <MetricsCard runs={runs} onRemove={onRemove} />
      <ParamsCard runs={runs} />
      <Relations runs={runs} />
      {keys.length > 0 && <MetricCharts runs={drawn} curves={curves} keys={keys} />}
    </>
  );
}

function ComparePage({ ids }: { ids: string[] }) {
  const { route } = useLocation();
  const resource = useMemo(
    () => createResource(() => Promise.all(ids.map((id) => tracking.run(id)))),
    [ids.join()],
  );
  useTitle("Compare runs");
  const records = resource.data.value;
  const remove = (id: string) =>
    route(`/compare?runs=${ids.filter((other) => other !== id).join(",")}`, true);
  const experimentIds = [...new Set(records?.map((run) => run.experimentId) ?? [])];
  return (
    <div class="page">
      <PageHead
        crumbs={
          <>
            <a href="/">Experiments</a>
            {experimentIds.length === 1 && (
              <>
                /{" "}
                <a href={`/experiments/${experimentIds[0]}`} data-testid="back">
                  runs of the experiment
                </a>
              </>
            )}
          </>
        }
        title={`Compare ${ids.length} runs`}
      />
      {ids.length === 0
        ? (
          <Empty icon="compare" title="No runs to compare">
            Select two or more runs in an experiment's table.
          </Empty>
        )
        : records
        ? <Comparison records={records} onRemove={remove} />
        : resource.error.value
        ? <Failed error={resource.error.value} retry={() => resource.reload()} />
        : <Loading lines={12} />}
    </div>
  );
}

export default function Compare() {
  const { query } = useLocation();
  const ids = (query.runs ?? "").split(",").filter(Boolean);
  return <ComparePage key={ids.join()} ids={ids} />;
}
