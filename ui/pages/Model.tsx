/** `/models/:name`: versions of a model, and which of them answers. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Icon } from "../components/Icon.tsx";
import { modelKinds, useRefresh } from "../components/live.ts";
import { Badge, Card, Facts, PageHead } from "../components/parts.tsx";
import { PolicyCard } from "../components/PolicyCard.tsx";
import { PromoteDialog } from "../components/PromoteDialog.tsx";
import { PromotionList } from "../components/PromotionList.tsx";
import { Empty, Failed, Loaded, Loading } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { toast } from "../components/Toasts.tsx";
import { formatAgo, formatMetric, formatTime } from "../models/format.ts";
import { isCurve, orderMetrics } from "../models/metric_direction.ts";
import { createModelPage, type ModelPage, type VersionRow } from "../models/model_page.ts";
import { serverModelApi } from "../models/server_model_api.ts";
import { AliasBadge } from "./Models.tsx";

const shownMetrics = 4;

function LineageFacts({ page, version }: { page: ModelPage; version: string }) {
  const lineage = useMemo(() => page.lineage(version), [version]);
  return (
    <Loaded resource={lineage} lines={4}>
      {(found) => (
        <Facts
          items={[
            [
              "run",
              found.runId ? <a key="run" href={`/runs/${found.runId}`}>{found.runId}</a> : "\u2013",
            ],
            ["author", found.author ?? "\u2013"],
            ...found.datasets.map((d): [string, string] => [
              `data${d.context ? ` (${d.context})` : ""}`,
              `${d.name} \u00b7 ${d.fingerprint}`,
            ]),
            ["feature pipeline", found.pipelineHash ?? "\u2013"],
            [
              "code commit",
              found.codeCommit
                ? `${found.codeCommit}${found.codeDirty ? " (changed)" : ""}`
                : "\u2013",
            ],
            ["notebook", found.notebook ?? "\u2013"],
            ["dependency lock", found.lockHash ?? "\u2013"],
          ]}
        />
      )}
    </Loaded>
  );
}

function VersionLine(
  { row, metrics, page, onPromote }: {
    row: VersionRow;
    metrics: string[];
    page: ModelPage;
    onPromote: (version: string) => void;
  },
) {
  const isOpen = useSignal(false);
  const { version, aliases, run } = row;
  const isChampion = aliases.includes("champion");
  const created = Number(version.creation_timestamp);
  return (
    <>
      <tr data-testid={`version-${version.version}`}>
        <td class="nowrap middle">
          <button
            type="button"
            class="file"
            style={{ padding: 0 }}
            aria-expanded={isOpen.value}
            data-testid={`lineage-${version.version}`}
            onClick={() => isOpen.value = !isOpen.value}
          >
            <Icon name={isOpen.value ? "down" : "chevron"} size={14} />
            <strong class="num">v{version.version}</strong>
          </button>
        </td>
        <td class="middle">
          <span class="chips">
            {aliases.map((alias) => <AliasBadge key={alias} alias={alias} />)}
          </span>
        </td>
        <td class="middle">
          {version.run_id ? <a href={`/runs/${version.run_id}`}>{run?.name ?? "run"}</a> : "\u2013"}
        </td>
        {metrics.map((key) => (
          <td class="num middle" key={key}>{formatMetric(key, run?.metrics[key])}</td>
        ))}
        <td class="nowrap muted middle" title={formatTime(created)}>
          {formatAgo(created, Date.now())}
        </td>
        <td class="right middle">
          <button
            type="button"
            class={`button small ${isChampion ? "" : "primary"}`}
            disabled={isChampion || page.busy.value !== null}
            data-testid={`promote-${version.version}`}
            onClick={() => onPromote(version.version)}
          >
            <Icon name={isChampion ? "check" : "promote"} size={14} />{" "}
            {isChampion ? "Champion" : "Promote"}
          </button>
        </td>
      </tr>
      {isOpen.value && (
        <tr>
          <td colSpan={5 + metrics.length} style={{ paddingLeft: "var(--space-6)" }}>
            <LineageFacts page={page} version={version.version} />
          </td>
        </tr>
      )}
    </>
  );
}

function Versions({ page, onPromote }: { page: ModelPage; onPromote: (version: string) => void }) {
  const rows = page.rows.value;
  const metrics = orderMetrics(new Set(rows.flatMap((row) => Object.keys(row.run?.metrics ?? {}))))
    .filter((key) => !isCurve(key)).slice(0, shownMetrics);
  return (
    <Card title="Versions" padded={false}>
      <Loaded resource={page.versions}>
        {(list) =>
          list.length === 0 ? <Empty title="No versions" compact /> : (
            <TableScroll>
              <table class="table" data-testid="versions-table">
                <thead>
                  <tr>
                    <th>Version</th>
                    <th>Aliases</th>
                    <th>Run</th>
                    {metrics.map((key) => <th class="num" key={key}>{key}</th>)}
                    <th>Registered</th>
                    <th>
                      <span class="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <VersionLine
                      key={row.version.version}
                      row={row}
                      metrics={metrics}
                      page={page}
                      onPromote={onPromote}
                    />
                  ))}
                </tbody>
              </table>
            </TableScroll>
          )}
      </Loaded>
    </Card>
  );
}

function History({ page }: { page: ModelPage }) {
  const now = Date.now();
  return (
    <Card title="Moves of the champion">
      <Loaded resource={page.history} lines={3}>
        {(changes) =>
          changes.length === 0
            ? <p class="faint">The alias was not moved yet</p>
            : (
              <ul class="timeline" data-testid="alias-history">
                {changes.map((change, i) => (
                  <li key={i}>
                    <span>
                      <Badge tone={change.reason === "rollback" ? "warn" : "good"}>
                        {change.reason}
                      </Badge>{" "}
                      {change.alias}:{" "}
                      {change.previousVersion ? `v${change.previousVersion} \u2192 ` : ""}
                      <strong>v{change.version}</strong>
                    </span>
                    <span class="faint" title={formatTime(change.changedAt)}>
                      {change.changedBy}, {formatAgo(change.changedAt, now)}
                    </span>
                  </li>
                ))}
              </ul>
            )}
      </Loaded>
    </Card>
  );
}

function ModelView({ name }: { name: string }) {
  const page = useMemo(() => createModelPage(serverModelApi, name), []);
  const promoting = useSignal<string | null>(null);
  useTitle(name);
  useRefresh(() => page.reload(), 8000, promoting.value === null, { kinds: modelKinds });
  const model = page.model.data.value;
  if (!model) {
    const error = page.model.error.value;
    return (
      <div class="page">
        {error
          ? <Failed error={error} retry={() => page.model.reload()} />
          : <Loading lines={10} />}
      </div>
    );
  }
  const champion = page.champion.value;
  const previous = page.previous.value;
  const rollback = async () => {
    if (await page.rollback()) toast(`Version ${page.champion.value} is the champion again`);
    else if (page.actionError.value) toast(page.actionError.value, { isError: true });
  };
  return (
    <div class="page">
      <PageHead
        crumbs={<a href="/models">Models</a>}
        title={name}
        badges={champion
          ? <Badge tone="good" id="champion">v{champion} is the champion</Badge>
          : <Badge id="champion">not deployed</Badge>}
        facts={model.description && <span>{model.description}</span>}
        actions={
          <>
            {champion && (
              <a class="button" href={`/serving?model=${encodeURIComponent(name)}`}>Ask it</a>
            )}
            <button
              type="button"
              class="button"
              disabled={previous === null || page.busy.value !== null}
              title={previous ? `Back to version ${previous}` : "There is no version before it"}
              data-testid="rollback"
              onClick={rollback}
            >
              <Icon name="rollback" /> Roll back{previous && ` to v${previous}`}
            </button>
          </>
        }
      />
      <Versions page={page} onPromote={(version) => promoting.value = version} />
      <div class="columns">
        <Card title="Promotions">
          <PromotionList page={page} />
        </Card>
        <div class="stack">
          <PolicyCard page={page} />
          <History page={page} />
        </div>
      </div>
      {promoting.value !== null && (
        <PromoteDialog
          page={page}
          version={promoting.value}
          onClose={() => promoting.value = null}
        />
      )}
    </div>
  );
}

export default function Model({ params }: { params: { name: string } }) {
  return <ModelView key={params.name} name={params.name} />;
}
