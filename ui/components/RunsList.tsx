/** A short table of runs, for the children of a run or the trials of a study. @module */
import { TableScroll } from "./TableScroll.tsx";
import { formatDuration, formatMetric, formatParam } from "../models/format.ts";
import { isCurve, orderMetrics } from "../models/metric_direction.ts";
import { durationMs, isPruned, type RunRecord } from "../models/run_record.ts";
import { StatusBadge } from "./parts.tsx";

const mostMetrics = 4;
const mostParams = 6;

export function RunsList({ runs, metrics }: { runs: readonly RunRecord[]; metrics?: string[] }) {
  const keys = metrics ??
    orderMetrics(new Set(runs.flatMap((run) => Object.keys(run.metrics))))
      .filter((key) => !isCurve(key)).slice(0, mostMetrics);
  const params = [...new Set(runs.flatMap((run) => Object.keys(run.params)))]
    .filter((key) => runs.some((run) => run.params[key] !== runs[0].params[key]))
    .slice(0, mostParams);
  const now = Date.now();
  return (
    <TableScroll>
      <table class="table" data-testid="runs-list">
        <thead>
          <tr>
            <th>Run</th>
            <th>Status</th>
            {keys.map((key) => <th class="num" key={key}>{key}</th>)}
            {params.map((key) => <th class="num" key={key}>{key}</th>)}
            <th class="num">Duration</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td class="nowrap">
                <a href={`/runs/${run.id}`}>{run.name}</a>
              </td>
              <td>
                <StatusBadge status={run.status} pruned={isPruned(run)} />
              </td>
              {keys.map((key) => (
                <td class="num" key={key}>{formatMetric(key, run.metrics[key])}</td>
              ))}
              {params.map((key) => <td class="num" key={key}>{formatParam(run.params[key])}</td>)}
              <td class="num">{formatDuration(durationMs(run, now))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
