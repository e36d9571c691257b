/** `/runs/:id`: everything about one run. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { tracking } from "../api.ts";
import { Artifacts } from "../components/Artifacts.tsx";
import { BacktestCharts, withEquity } from "../components/BacktestCharts.tsx";
import { runKinds, useRefresh } from "../components/live.ts";
import { curveKeys, MetricCharts } from "../components/MetricCharts.tsx";
import {
  Card,
  Facts,
  type FigureItem,
  Figures,
  PageHead,
  StatusBadge,
} from "../components/parts.tsx";
import { RunNote } from "../components/RunNote.tsx";
import { RunsList } from "../components/RunsList.tsx";
import { Empty, Failed, Loading } from "../components/State.tsx";
import { type TabItem, Tabs } from "../components/Tabs.tsx";
import { useTitle } from "../components/title.ts";
import { createCurveStore } from "../models/curves.ts";
import { formatDuration, formatMetric, formatTime, isFraction } from "../models/format.ts";
import { isCurve, orderMetrics } from "../models/metric_direction.ts";
import { createResource } from "../models/resource.ts";
import { durationMs, type RunRecord, userTags } from "../models/run_record.ts";

const headlineCount = 8;

/** The numbers at the head of the page, each beside its benchmark where one was recorded. */
function headline(run: RunRecord): FigureItem[] {
  const keys = orderMetrics(Object.keys(run.metrics))
    .filter((key) => !isCurve(key) && !key.startsWith("benchmark_")).slice(0, headlineCount);
  return keys.map((key) => {
    const value = run.metrics[key];
    const benchmark = run.metrics[`benchmark_${key}`];
    const isSigned = /return|cagr|sharpe|sortino/.test(key);
    return {
      label: key.replaceAll("_", " "),
      value: formatMetric(key, value),
      note: benchmark === undefined ? undefined : `benchmark ${formatMetric(key, benchmark)}`,
      tone: isSigned && value < 0 ? "bad" : "",
    };
  });
}

function MetricsTable({ run }: { run: RunRecord }) {
  const keys = orderMetrics(Object.keys(run.metrics));
  if (keys.length === 0) return <Empty title="No metrics" compact />;
  return (
    <TableScroll>
      <table class="table" data-testid="metrics-table">
        <thead>
          <tr>
            <th>Metric</th>
            <th class="num">Latest</th>
            <th class="num">Step</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key}>
              <td>{key}</td>
              <td class="num" title={isFraction(key) ? String(run.metrics[key]) : undefined}>
                {formatMetric(key, run.metrics[key])}
              </td>
              <td class="num muted">{run.lastSteps[key]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function Datasets({ run }: { run: RunRecord }) {
  return (
    <Card title="Datasets">
      {run.datasets.length === 0
        ? <p class="faint">None was recorded</p>
        : run.datasets.map((input, i) => (
          <Facts
            key={i}
            items={[
              ["name", input.dataset.name],
              ["digest", <code key="d">{input.dataset.digest}</code>],
              ["source", input.dataset.source],
              ...input.tags.map((
                tag,
              ): [string, string] => [tag.key.replace("mlflow.data.", ""), tag.value]),
            ]}
          />
        ))}
    </Card>
  );
}

function Pairs({ title, pairs, id }: { title: string; pairs: [string, string][]; id: string }) {
  return (
    <Card title={title} id={id}>
      {pairs.length === 0 ? <p class="faint">None</p> : <Facts items={pairs} />}
    </Card>
  );
}

function RunPage({ id }: { id: string }) {
  const { query, route } = useLocation();
  const resource = useMemo(() => createResource(() => tracking.run(id)), []);
  const curves = useMemo(
    () => createCurveStore((runId, key) => tracking.metricHistory(runId, key)),
    [],
  );
  const run = resource.data.value;
  const experimentId = run?.experimentId;
  const children = useMemo(() =>
    experimentId === undefined ? null : createResource(async () => {
      const { runs } = await tracking.searchRuns([experimentId], {
        filter: `tags."mlflow.parentRunId" = '${id}'`,
        orderBy: ["attributes.start_time ASC"],
      });
      return runs;
    }), [experimentId]);
  const experiment = useMemo(
    () =>
      experimentId === undefined ? null : createResource(() => tracking.experiment(experimentId)),
    [
      experimentId,
    ],
  );
  useTitle(run?.name ?? "Run");
  useRefresh(
    () => Promise.all([resource.reload(), curves.reload(), children?.reload()]),
    4000,
    run?.status === "RUNNING",
    { kinds: runKinds, experiment: experimentId },
  );
  if (!run) {
    const error = resource.error.value;
    return (
      <div class="page">
        {error ? <Failed error={error} retry={() => resource.reload()} /> : <Loading lines={12} />}
      </div>
    );
  }
  const colored = [{ run, color: "--series-1", label: run.name }];
  const keys = curveKeys(colored);
  const childRuns = children?.data.value ?? [];
  const figures = headline(run);
  const hasEquity = withEquity(colored).length > 0;
  const training = keys.filter((key) => !isCurve(key));

  const overview = () => (
    <div class="columns">
      <div class="stack">
        {hasEquity && (
          <Card title="Backtest" id="backtest">
            <BacktestCharts runs={colored} curves={curves} showPosition />
          </Card>
        )}
        {training.length > 0 && !hasEquity && (
          <MetricCharts runs={colored} curves={curves} keys={training.slice(0, 4)} />
        )}
        <Card title="Metrics" padded={false}>
          <MetricsTable run={run} />
        </Card>
      </div>
      <div class="stack">
        <RunNote runId={id} tags={run.tags} onSaved={() => resource.reload()} />
        <Pairs title="Params" id="params" pairs={Object.entries(run.params).sort()} />
        <Datasets run={run} />
        <Pairs title="Tags" id="tags" pairs={userTags(run)} />
      </div>
    </div>
  );
  const tabs: TabItem[] = [
    { id: "overview", label: "Overview", content: overview },
    {
      id: "metrics",
      label: "Curves",
      count: keys.length,
      content: () => <MetricCharts runs={colored} curves={curves} keys={keys} />,
    },
    { id: "artifacts", label: "Artifacts", content: () => <Artifacts runId={id} /> },
  ];
  if (childRuns.length > 0) {
    tabs.push({
      id: "children",
      label: "Child runs",
      count: childRuns.length,
      content: () => (
        <Card
          title="Child runs"
          padded={false}
          tools={
            <a class="button small" href={`/studies/${id}`} data-testid="open-study">
              Open as study
            </a>
          }
        >
          <RunsList runs={childRuns} />
        </Card>
      ),
    });
  }
  return (
    <div class="page">
      <PageHead
        crumbs={
          <>
            <a href="/">Experiments</a> /
            <a href={`/experiments/${run.experimentId}`} data-testid="crumb-experiment">
              {experiment?.data.value?.name ?? run.experimentId}
            </a>
            {run.parentId && (
              <>
                / <a href={`/runs/${run.parentId}`} data-testid="crumb-parent">parent run</a>
              </>
            )}
          </>
        }
        title={run.name}
        badges={<StatusBadge status={run.status} />}
        facts={
          <>
            <span>Started {formatTime(run.startTime)}</span>
            <span>Took {formatDuration(durationMs(run, Date.now()))}</span>
            {run.user && run.user !== "unknown" && <span>by {run.user}</span>}
            <span>
              <code title="Run id">{run.id}</code>
            </span>
          </>
        }
      />
      {figures.length > 0 && <Figures items={figures} id="headline" />}
      <Tabs
        items={tabs}
        selected={query.tab ?? "overview"}
        onSelect={(tab) => route(`/runs/${id}${tab === "overview" ? "" : `?tab=${tab}`}`, true)}
        label="Parts of the run"
      />
    </div>
  );
}

export default function Run({ params }: { params: { id: string } }) {
  return <RunPage key={params.id} id={params.id} />;
}
