/** `/experiments/:id`: the runs of one experiment. @module */
import { useSignalEffect } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { tracking } from "../api.ts";
import { Icon } from "../components/Icon.tsx";
import { runKinds, useRefresh } from "../components/live.ts";
import { Menu } from "../components/Menu.tsx";
import { Badge, Card, PageHead } from "../components/parts.tsx";
import { RunsFilter } from "../components/RunsFilter.tsx";
import { RunsGrid } from "../components/RunsGrid.tsx";
import { Empty, Failed, Loading } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { createResource } from "../models/resource.ts";
import { createRunsTable, type RunsTable, type Sort } from "../models/runs_table.ts";

/** Most runs that are compared at once; their addresses must fit into one. */
const mostCompared = 200;

const columnsKey = (id: string) => `tapebook.columns.${id}`;

function storedColumns(id: string): string[] | null {
  try {
    const stored = JSON.parse(localStorage.getItem(columnsKey(id)) ?? "null");
    return Array.isArray(stored) ? stored.map(String) : null;
  } catch {
    return null;
  }
}

function readSort(text: string | undefined): Sort | null {
  const match = text?.match(/^(.+) (asc|desc)$/);
  return match ? { column: match[1], descending: match[2] === "desc" } : null;
}

function ColumnMenu({ table }: { table: RunsTable }) {
  const visible = new Set(table.visible.value.map((column) => column.id));
  const groups = [
    ["Attributes", "attribute"],
    ["Metrics", "metric"],
    ["Params", "param"],
    ["Tags", "tag"],
  ] as const;
  return (
    <Menu
      id="columns"
      label={
        <>
          <Icon name="columns" /> Columns
        </>
      }
    >
      {groups.map(([label, kind]) => {
        const columns = table.columns.value.filter((column) => column.kind === kind);
        if (columns.length === 0) return null;
        return (
          <div key={kind} role="group" aria-label={label}>
            <h3>{label}</h3>
            {columns.map((column) => (
              <label class="menu-item" key={column.id}>
                <input
                  type="checkbox"
                  class="checkbox"
                  checked={visible.has(column.id)}
                  disabled={column.id === "name"}
                  data-testid={`column-${column.id}`}
                  onChange={() => table.toggleColumn(column.id)}
                />
                <span class="truncate">{column.label}</span>
              </label>
            ))}
          </div>
        );
      })}
      <button
        type="button"
        class="button quiet small"
        data-testid="columns-reset"
        onClick={() => table.resetColumns()}
      >
        Back to the defaults
      </button>
    </Menu>
  );
}

function Runs({ table, onCompare }: { table: RunsTable; onCompare: () => void }) {
  if (table.error.value) return <Failed error={table.error.value} retry={() => table.load()} />;
  if (table.count.value === 0 && table.loading.value) return <Loading lines={9} />;
  if (table.count.value === 0) {
    return table.filter.value
      ? (
        <Empty icon="search" title="No run matches the filter">
          <button type="button" class="button" onClick={() => table.applyFilter("")}>
            Clear the filter
          </button>
        </Empty>
      )
      : (
        <Empty icon="experiments" title="No runs yet">
          They appear here as soon as a program logs them.
        </Empty>
      );
  }
  return <RunsGrid table={table} onCompare={onCompare} />;
}

function ExperimentPage({ id }: { id: string }) {
  const { query, route } = useLocation();
  const experiment = useMemo(() => createResource(() => tracking.experiment(id)), [id]);
  const table = useMemo(() =>
    createRunsTable(tracking, id, {
      filter: query.filter,
      sort: readSort(query.sort),
      columns: storedColumns(id),
    }), [id]);
  const name = experiment.data.value?.name ?? "";
  useTitle(name || "Experiment");
  useRefresh(() => table.refresh(), 4000, true, { kinds: runKinds, experiment: id });

  useSignalEffect(() => {
    const params = new URLSearchParams();
    const sort = table.sort.value;
    if (table.filter.value) params.set("filter", table.filter.value);
    if (sort) params.set("sort", `${sort.column} ${sort.descending ? "desc" : "asc"}`);
    const search = params.toString();
    const url = `/experiments/${id}${search && `?${search}`}`;
    if (location.pathname + location.search !== url) history.replaceState(null, "", url);
  });
  useSignalEffect(() => {
    const chosen = table.chosenColumns.value;
    if (chosen) localStorage.setItem(columnsKey(id), JSON.stringify(chosen));
    else localStorage.removeItem(columnsKey(id));
  });

  const selected = table.selected.value;
  const canCompare = selected.size >= 2 && selected.size <= mostCompared;
  const compare = () => {
    if (canCompare) route(`/compare?runs=${[...selected].join(",")}`);
  };
  const failure = experiment.error.value;
  if (failure && !experiment.data.value) {
    return (
      <div class="page">
        <Failed error={failure} retry={() => experiment.reload()} />
      </div>
    );
  }
  return (
    <div class="page">
      <PageHead
        crumbs={<a href="/">Experiments</a>}
        title={name || "\u00a0"}
        badges={table.isComplete.value
          ? (
            <Badge id="run-count">
              {table.count.value.toLocaleString("en")} {table.count.value === 1 ? "run" : "runs"}
            </Badge>
          )
          : <Badge tone="accent">{table.count.value.toLocaleString("en")} loaded</Badge>}
        actions={
          <button
            type="button"
            class="button primary"
            disabled={!canCompare}
            title={canCompare ? "" : `Select 2 to ${mostCompared} runs`}
            data-testid="compare"
            onClick={compare}
          >
            <Icon name="compare" /> Compare {selected.size > 0 && selected.size}
          </button>
        }
      />
      <Card padded={false}>
        <div class="toolbar">
          <RunsFilter table={table} />
          {table.hasChildren.value && (
            <button
              type="button"
              class="button"
              aria-pressed={table.isGrouped.value}
              data-testid="group"
              onClick={() => table.toggleGrouped()}
            >
              <Icon name="tree" /> {table.isGrouped.value ? "Grouped" : "Flat"}
            </button>
          )}
          <ColumnMenu table={table} />
        </div>
        <Runs table={table} onCompare={compare} />
      </Card>
    </div>
  );
}

export default function Experiment({ params }: { params: { id: string } }) {
  return <ExperimentPage key={params.id} id={params.id} />;
}
