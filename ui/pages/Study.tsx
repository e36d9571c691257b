/** `/studies/:id`: the trials of a study, by the run that holds them. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { body, tracking, v1 } from "../api.ts";
import { resolveColor } from "../charts/colors.ts";
import { ParallelCoordinates } from "../charts/ParallelCoordinates.tsx";
import { PlotFigure } from "../charts/PlotFigure.tsx";
import { ScatterPlot } from "../charts/ScatterPlot.tsx";
import { runKinds, useRefresh } from "../components/live.ts";
import { Badge, Card, Figures, PageHead, StatusBadge, type Tone } from "../components/parts.tsx";
import { Empty, Failed, Loading } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { compareParams, dimensions } from "../models/comparison.ts";
import { formatDuration, formatMetric, formatNumber, formatParam } from "../models/format.ts";
import { createResource } from "../models/resource.ts";
import { durationMs, type RunRecord } from "../models/run_record.ts";
import {
  bestTrial,
  objectiveKeys,
  studyDirection,
  toTrials,
  type Trial,
} from "../models/study_record.ts";

const stateTone: Record<Trial["state"], Tone> = {
  complete: "good",
  pruned: "warn",
  failed: "bad",
  running: "accent",
};
const stateColor: Record<Trial["state"], string> = {
  complete: "--series-1",
  pruned: "--series-6",
  failed: "--series-5",
  running: "--series-3",
};

/** At most a dozen whole numbers below `count`. */
function wholeTicks(count: number): number[] {
  const step = Math.max(1, Math.ceil(count / 12));
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

function History({ trials, metric }: { trials: Trial[]; metric: string }) {
  const valued = trials.filter((trial) => trial.value !== null);
  const best = trials.filter((trial) => trial.bestSoFar !== null);
  return (
    <PlotFigure
      label={`${metric} of each trial and the best so far`}
      id="study-history"
      height={280}
      inputs={[trials, metric]}
      draw={(plot, width) =>
        plot.plot({
          width,
          height: 280,
          marginLeft: 60,
          marginBottom: 38,
          style: { fontSize: "11px", background: "none" },
          x: {
            label: "trial",
            labelAnchor: "center",
            tickFormat: "d",
            ticks: wholeTicks(trials.length),
          },
          y: { label: metric, grid: true, nice: true, ticks: 5 },
          marks: [
            plot.line(best, {
              x: "number",
              y: "bestSoFar",
              curve: "step-after",
              stroke: resolveColor("--series-2"),
              strokeWidth: 1.8,
            }),
            plot.dot(valued, {
              x: "number",
              y: "value",
              r: 4,
              fill: (t: Trial) => resolveColor(stateColor[t.state]),
              symbol: (t: Trial) => t.state === "pruned" ? "times" : "circle",
              stroke: (t: Trial) =>
                resolveColor(t.state === "pruned" ? stateColor.pruned : "--surface"),
              title: (t: Trial) =>
                `trial ${t.number}, ${t.state}\n${metric} ${formatNumber(t.value)}`,
            }),
          ],
        })}
    />
  );
}

/** The objective over each param, one small plot a param. */
function Slices({ trials, metric }: { trials: Trial[]; metric: string }) {
  const runs = trials.map((t) => t.run);
  const all = useMemo(() => dimensions(runs), [trials]);
  const y = all.find((d) => d.key === metric);
  const params = all.filter((d) => d.kind === "param");
  if (!y || params.length === 0) return null;
  const colors = trials.map((t) => stateColor[t.state]);
  const labels = trials.map((t) => `trial ${t.number}`);
  return (
    <>
      <Card title="Params and objective">
        <ParallelCoordinates
          dimensions={[...params.slice(0, 8), y]}
          colors={colors}
          labels={labels}
        />
      </Card>
      <div class="charts">
        {params.slice(0, 9).map((x) => (
          <Card key={x.key} title={x.key}>
            <ScatterPlot x={x} y={y} colors={colors} labels={labels} height={220} />
          </Card>
        ))}
      </div>
    </>
  );
}

function TrialsTable(
  { trials, metric, best }: { trials: Trial[]; metric: string; best: Trial | null },
) {
  const params = useMemo(
    () =>
      compareParams(trials.map((t) => t.run)).filter((p) => p.differs).slice(0, 8).map((p) =>
        p.key
      ),
    [trials],
  );
  const now = Date.now();
  return (
    <Card title="Trials" padded={false}>
      <TableScroll>
        <table class="table" data-testid="trials-table">
          <thead>
            <tr>
              <th class="num">Trial</th>
              <th>State</th>
              <th>Run</th>
              <th class="num">{metric}</th>
              {params.map((key) => <th class="num" key={key}>{key}</th>)}
              <th class="num">Duration</th>
            </tr>
          </thead>
          <tbody>
            {trials.map((trial) => (
              <tr key={trial.run.id}>
                <td class="num">{trial.number}</td>
                <td>
                  <Badge tone={stateTone[trial.state]}>{trial.state}</Badge>
                </td>
                <td class="nowrap">
                  <a href={`/runs/${trial.run.id}`}>{trial.run.name}</a>
                </td>
                <td class={`num ${trial === best ? "best" : ""}`}>
                  {formatMetric(metric, trial.value)}
                </td>
                {params.map((key) => (
                  <td class="num" key={key}>{formatParam(trial.run.params[key])}</td>
                ))}
                <td class="num">{formatDuration(durationMs(trial.run, now))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Card>
  );
}

function StudyView({ parent, runs }: { parent: RunRecord; runs: RunRecord[] }) {
  const keys = useMemo(() => objectiveKeys(parent, runs), [parent, runs]);
  const chosen = useSignal<string | null>(null);
  const metric = chosen.value ?? keys[0] ?? "";
  const direction = studyDirection(parent, metric);
  const trials = useMemo(() => toTrials(runs, metric, direction), [runs, metric, direction]);
  const best = bestTrial(trials);
  const count = (state: Trial["state"]) => String(trials.filter((t) => t.state === state).length);
  return (
    <>
      <Figures
        id="study-figures"
        items={[
          {
            label: `best ${metric}`,
            value: formatMetric(metric, best?.value),
            note: best ? `trial ${best.number}` : undefined,
          },
          { label: "trials", value: String(trials.length) },
          { label: "complete", value: count("complete") },
          { label: "pruned", value: count("pruned") },
          { label: "failed", value: count("failed") },
          { label: "running", value: count("running") },
        ]}
      />
      <Card
        title="History"
        tools={
          <label class="inline-field">
            Objective
            <select
              class="select"
              value={metric}
              data-testid="objective"
              onChange={(event) => chosen.value = event.currentTarget.value}
            >
              {keys.map((key) => <option key={key} value={key}>{key}</option>)}
            </select>
          </label>
        }
        foot={`The line is the best complete trial so far; ${
          direction === 1 ? "more" : "less"
        } is better. Crosses are pruned trials.`}
      >
        <History trials={trials} metric={metric} />
      </Card>
      <Slices trials={trials} metric={metric} />
      <TrialsTable trials={trials} metric={metric} best={best} />
    </>
  );
}

/** The run that holds a study: the address names it, or the study that the server keeps. */
async function runOfStudy(id: string): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  const study = await body(v1.studies[":study"].$get({ param: { study: id } }));
  if (study.runId === null) throw new Error(`Study ${id} was not recorded as a run`);
  return study.runId;
}

function StudyPage({ id }: { id: string }) {
  const resource = useMemo(() =>
    createResource(async () => {
      const parent = await tracking.run(await runOfStudy(id));
      const { runs } = await tracking.searchRuns([parent.experimentId], {
        filter: `tags."mlflow.parentRunId" = '${parent.id}'`,
      });
      return { parent, runs };
    }), []);
  const data = resource.data.value;
  useTitle(data ? `Study ${data.parent.name}` : "Study");
  useRefresh(() => resource.reload(), 4000, data?.parent.status === "RUNNING", {
    kinds: runKinds,
    experiment: data?.parent.experimentId,
  });
  if (!data) {
    const error = resource.error.value;
    return (
      <div class="page">
        {error ? <Failed error={error} retry={() => resource.reload()} /> : <Loading lines={12} />}
      </div>
    );
  }
  const { parent, runs } = data;
  return (
    <div class="page">
      <PageHead
        crumbs={
          <>
            <a href="/">Experiments</a> / <a href={`/experiments/${parent.experimentId}`}>runs</a> /
            <a href={`/runs/${parent.id}`} data-testid="crumb-run">{parent.name}</a>
          </>
        }
        title={`Study: ${parent.name}`}
        badges={<StatusBadge status={parent.status} />}
      />
      {runs.length === 0
        ? (
          <Empty icon="tree" title="No trials">
            A study's trials are the child runs of its run; this one has none.
          </Empty>
        )
        : <StudyView parent={parent} runs={runs} />}
    </div>
  );
}

export default function Study({ params }: { params: { id: string } }) {
  return <StudyPage key={params.id} id={params.id} />;
}
