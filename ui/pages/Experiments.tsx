/** `/`: every experiment. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useMemo } from "preact/hooks";
import { tracking } from "../api.ts";
import { useRefresh } from "../components/live.ts";
import { Card, PageHead } from "../components/parts.tsx";
import { Empty, Loaded } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { formatAgo, formatTime } from "../models/format.ts";
import { createResource } from "../models/resource.ts";

export default function Experiments() {
  useTitle("Experiments");
  const experiments = useMemo(() => createResource(() => tracking.experiments()), []);
  useRefresh(() => experiments.reload(), 10_000, true, {
    kinds: ["experiment.created", "experiment.updated", "experiment.deleted", "run.created"],
  });
  const now = Date.now();
  return (
    <div class="page">
      <PageHead title="Experiments" />
      <Card padded={false}>
        <Loaded resource={experiments}>
          {(list) =>
            list.length === 0
              ? (
                <Empty icon="experiments" title="No experiments yet">
                  Log a run with Tapebook's or MLflow's client, or start the demo.
                </Empty>
              )
              : (
                <TableScroll>
                  <table class="table" data-testid="experiments-table">
                    <thead>
                      <tr>
                        <th>Name</th>
                        <th class="num">Id</th>
                        <th>Last change</th>
                        <th>Created</th>
                      </tr>
                    </thead>
                    <tbody>
                      {list.map((experiment) => (
                        <tr key={experiment.experiment_id}>
                          <td>
                            <a
                              href={`/experiments/${experiment.experiment_id}`}
                              data-testid={`experiment-${experiment.experiment_id}`}
                            >
                              {experiment.name}
                            </a>
                            {experiment.tags?.find((t) => t.key === "mlflow.note.content") && (
                              <div class="muted truncate" style={{ maxWidth: "60ch" }}>
                                {experiment.tags.find((t) =>
                                  t.key === "mlflow.note.content"
                                )!.value}
                              </div>
                            )}
                          </td>
                          <td class="num muted">{experiment.experiment_id}</td>
                          <td
                            class="nowrap"
                            title={formatTime(Number(experiment.last_update_time))}
                          >
                            {formatAgo(Number(experiment.last_update_time), now)}
                          </td>
                          <td class="nowrap muted">
                            {formatTime(Number(experiment.creation_time))}
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </TableScroll>
              )}
        </Loaded>
      </Card>
    </div>
  );
}
