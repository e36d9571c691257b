/** `/models`: the registry. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useMemo } from "preact/hooks";
import { tracking } from "../api.ts";
import { modelKinds, useRefresh } from "../components/live.ts";
import { Badge, Card, PageHead } from "../components/parts.tsx";
import { Empty, Loaded } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { formatAgo, formatTime } from "../models/format.ts";
import { createResource } from "../models/resource.ts";

/** The colour of an alias: the one that answers stands out. */
export function AliasBadge({ alias }: { alias: string }) {
  return (
    <Badge tone={alias === "champion" ? "good" : alias === "challenger" ? "accent" : ""}>
      {alias}
    </Badge>
  );
}

export default function Models() {
  useTitle("Models");
  const models = useMemo(() => createResource(() => tracking.models()), []);
  useRefresh(() => models.reload(), 10_000, true, { kinds: modelKinds });
  const now = Date.now();
  return (
    <div class="page">
      <PageHead title="Models" />
      <Card padded={false}>
        <Loaded resource={models}>
          {(list) =>
            list.length === 0
              ? (
                <Empty icon="models" title="No models yet">
                  Register a run's model to compare its versions and to promote one.
                </Empty>
              )
              : (
                <TableScroll>
                  <table class="table" data-testid="models-table">
                    <thead>
                      <tr>
                        <th>Name</th>
                        <th class="num">Latest version</th>
                        <th>Aliases</th>
                        <th>Last change</th>
                      </tr>
                    </thead>
                    <tbody>
                      {list.map((model) => {
                        const versions = (model.latest_versions ?? []).map((v) =>
                          Number(v.version)
                        );
                        const changed = Number(model.last_updated_timestamp);
                        return (
                          <tr key={model.name}>
                            <td>
                              <a
                                href={`/models/${encodeURIComponent(model.name)}`}
                                data-testid={`model-${model.name}`}
                              >
                                {model.name}
                              </a>
                              {model.description && <div class="muted">{model.description}</div>}
                            </td>
                            <td class="num">
                              {versions.length > 0 ? Math.max(...versions) : "\u2013"}
                            </td>
                            <td>
                              <span class="chips">
                                {(model.aliases ?? []).map(({ alias, version }) => (
                                  <span key={alias} class="inline-field">
                                    <AliasBadge alias={alias} />
                                    <span class="faint num">v{version}</span>
                                  </span>
                                ))}
                              </span>
                            </td>
                            <td class="nowrap" title={formatTime(changed)}>
                              {formatAgo(changed, now)}
                            </td>
                          </tr>
                        );
                      })}
                    </tbody>
                  </table>
                </TableScroll>
              )}
        </Loaded>
      </Card>
    </div>
  );
}
