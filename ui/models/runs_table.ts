/**
 * The table of an experiment's runs: loading, live refresh, sorting, grouping, columns, selection.
 * Thousands of runs are held and sorted here; the view draws only those in sight.
 * @module
 */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { RunPage, RunSearch } from "../api.ts";
import { isCurve, orderMetrics } from "./metric_direction.ts";
import { durationMs, type RunRecord } from "./run_record.ts";

export type ColumnId = string;

export interface Column {
  /** `name`, `status`, `started`, `duration`, `user`, `metric:<key>`, `param:<key>`, `tag:<key>`. */
  id: ColumnId;
  label: string;
  kind: "attribute" | "metric" | "param" | "tag";
  isNumeric: boolean;
}

export interface Sort {
  column: ColumnId;
  descending: boolean;
}

export interface TableRow {
  run: RunRecord;
  /** 1 for a run shown under its parent. */
  depth: 0 | 1;
  childCount: number;
  isExpanded: boolean;
}

export interface RunsApi {
  searchRuns(experimentIds: string[], search: RunSearch): Promise<RunPage>;
}

export interface RunsTableOptions {
  filter?: string;
  sort?: Sort | null;
  /** Columns that the reader chose before; the defaults when null. */
  columns?: readonly ColumnId[] | null;
  now?: () => number;
}

const attributes: Column[] = [
  { id: "name", label: "Run", kind: "attribute", isNumeric: false },
  { id: "status", label: "Status", kind: "attribute", isNumeric: false },
  { id: "started", label: "Started", kind: "attribute", isNumeric: true },
  { id: "duration", label: "Duration", kind: "attribute", isNumeric: true },
  { id: "user", label: "User", kind: "attribute", isNumeric: false },
];

const firstPage = 200;
const pageSize = 1000;
const leadingMetrics = 5;
const coveringMetrics = 3;
const defaultParams = 6;

/** The value a run has in a column; null when it has none. */
export function cellValue(run: RunRecord, id: ColumnId, now: number): number | string | null {
  switch (id) {
    case "name":
      return run.name;
    case "status":
      return run.status;
    case "started":
      return run.startTime;
    case "duration":
      return durationMs(run, now);
    case "user":
      return run.user || null;
  }
  const at = id.indexOf(":");
  const key = id.slice(at + 1);
  const kind = id.slice(0, at);
  const held = kind === "metric" ? run.metrics : kind === "param" ? run.params : run.tags;
  return Object.hasOwn(held, key) ? held[key] : null;
}

const asNumber = (value: string | number) => typeof value === "number" ? value : Number(value);
const isNumber = (value: unknown) =>
  typeof value === "number" || (typeof value === "string" && value !== "" && !isNaN(Number(value)));

/** Numbers by size, NaN after them, then text by the alphabet, and what is missing always last. */
export function compareCells(
  a: number | string | null,
  b: number | string | null,
  descending: boolean,
): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const sign = descending ? -1 : 1;
  if (isNumber(a) && isNumber(b)) {
    const x = asNumber(a), y = asNumber(b);
    if (Number.isNaN(x) || Number.isNaN(y)) {
      return Number.isNaN(x) === Number.isNaN(y) ? 0 : Number.isNaN(x) ? 1 : -1;
    }
    return sign * (x - y);
  }
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

/** The columns that runs have, those that people look at first in front. */
function columnsOf(runs: Iterable<RunRecord>): Column[] {
  const metrics = new Set<string>(), params = new Set<string>(), tags = new Set<string>();
  for (const run of runs) {
    for (const key in run.metrics) metrics.add(key);
    for (const key in run.params) params.add(key);
    for (const key in run.tags) if (!key.startsWith("mlflow.")) tags.add(key);
  }
  const named =
    (kind: "metric" | "param" | "tag", isNumeric: boolean) => (label: string): Column => ({
      id: `${kind}:${label}`,
      label,
      kind,
      isNumeric,
    });
  return [
    ...attributes,
    ...orderMetrics(metrics).map(named("metric", true)),
    ...[...params].sort().map(named("param", false)),
    ...[...tags].sort().map(named("tag", false)),
  ];
}

/** Columns shown until the reader chooses: attributes, leading metrics, params that differ. */
function defaultColumns(columns: readonly Column[], runs: readonly RunRecord[]): ColumnId[] {
  const metrics = columns.filter((c) => c.kind === "metric" && !isCurve(c.label));
  const sample = runs.slice(0, 500);
  const differs = (key: string) => {
    const held = sample.filter((run) => Object.hasOwn(run.params, key));
    return held.some((run) => run.params[key] !== held[0].params[key]);
  };
  const params = columns.filter((c) => c.kind === "param" && differs(c.label));
  const leading = metrics.slice(0, leadingMetrics);
  // Trials often have other metrics than the run that holds them: those that most runs have.
  const coverage = (c: Column) =>
    sample.filter((run) => Object.hasOwn(run.metrics, c.label)).length;
  const covering = metrics.slice(leadingMetrics)
    .map((column) => ({ column, count: coverage(column) }))
    .sort((a, b) => b.count - a.count)
    .slice(0, coveringMetrics)
    .map(({ column }) => column);
  return [
    "name",
    "status",
    "started",
    "duration",
    ...leading.map((c) => c.id),
    ...covering.map((c) => c.id),
    ...params.slice(0, defaultParams).map((c) => c.id),
  ];
}

/** The table over one experiment. Loading starts at once. */
export function createRunsTable(
  api: RunsApi,
  experimentId: string,
  options: RunsTableOptions = {},
) {
  const now = options.now ?? Date.now;
  const runs = signal<ReadonlyMap<string, RunRecord>>(new Map());
  const filter = signal(options.filter ?? "");
  const filterError = signal<string | null>(null);
  const error = signal<Error | null>(null);
  const loading = signal(true);
  const isComplete = signal(false);
  const sort = signal<Sort | null>(options.sort ?? null);
  const isGrouped = signal(true);
  const expanded = signal<ReadonlySet<string>>(new Set());
  const selected = signal<ReadonlySet<string>>(new Set());
  const chosen = signal<readonly ColumnId[] | null>(options.columns ?? null);
  let generation = 0;
  let anchor: string | null = null;

  const all = computed(() => [...runs.value.values()]);
  const columns = computed(() => columnsOf(all.value));
  const visibleIds = computed(() => chosen.value ?? defaultColumns(columns.value, all.value));
  const visible = computed(() => {
    const byId = new Map(columns.value.map((column) => [column.id, column]));
    return visibleIds.value.map((id) => byId.get(id)).filter((column) => column !== undefined);
  });
  const hasChildren = computed(() =>
    all.value.some((run) => run.parentId && runs.value.has(run.parentId))
  );

  function sorted(list: RunRecord[]): RunRecord[] {
    const by = sort.value;
    if (!by) return list;
    const time = now();
    const keyed = list.map((run) => ({ run, key: cellValue(run, by.column, time) }));
    keyed.sort((a, b) => compareCells(a.key, b.key, by.descending));
    return keyed.map((entry) => entry.run);
  }

  const rows: ReadonlySignal<TableRow[]> = computed(() => {
    const held = runs.value;
    if (!isGrouped.value || !hasChildren.value) {
      return sorted(all.value).map((run) => ({ run, depth: 0, childCount: 0, isExpanded: false }));
    }
    const children = new Map<string, RunRecord[]>();
    const top: RunRecord[] = [];
    for (const run of all.value) {
      if (run.parentId && held.has(run.parentId)) {
        const list = children.get(run.parentId);
        if (list) list.push(run);
        else children.set(run.parentId, [run]);
      } else top.push(run);
    }
    const out: TableRow[] = [];
    for (const run of sorted(top)) {
      const own = children.get(run.id) ?? [];
      const isExpanded = expanded.value.has(run.id);
      out.push({ run, depth: 0, childCount: own.length, isExpanded });
      if (isExpanded) {
        for (const child of sorted(own)) {
          out.push({
            run: child,
            depth: 1,
            childCount: children.get(child.id)?.length ?? 0,
            isExpanded: false,
          });
        }
      }
    }
    return out;
  });

  function keep(page: readonly RunRecord[], base: ReadonlyMap<string, RunRecord>) {
    const next = new Map(base);
    for (const run of page) next.set(run.id, run);
    runs.value = next;
  }

  const search = (maxResults: number, more: Partial<RunSearch> = {}) =>
    api.searchRuns([experimentId], { filter: filter.value || undefined, maxResults, ...more });

  async function load(): Promise<void> {
    const mine = ++generation;
    batch(() => {
      loading.value = true;
      isComplete.value = false;
      filterError.value = null;
      error.value = null;
    });
    try {
      let page = await search(firstPage);
      if (mine !== generation) return;
      keep(page.runs, new Map());
      while (page.nextPageToken) {
        page = await search(pageSize, { pageToken: page.nextPageToken });
        if (mine !== generation) return;
        keep(page.runs, runs.value);
      }
      batch(() => {
        loading.value = false;
        isComplete.value = true;
      });
    } catch (caught) {
      if (mine !== generation) return;
      const failure = caught as Error & { code?: string };
      batch(() => {
        loading.value = false;
        if (filter.value && failure.code === "INVALID_PARAMETER_VALUE") {
          filterError.value = failure.message;
        } else error.value = failure;
      });
    }
  }

  /** Looks for new runs and for news of those that were running. Failures wait for the next time. */
  async function refresh(): Promise<void> {
    if (!isComplete.value) return;
    const mine = generation;
    const held = runs.value;
    const running = new Set(all.value.filter((r) => r.status === "RUNNING").map((r) => r.id));
    try {
      const page = await search(firstPage, { orderBy: ["attributes.start_time DESC"] });
      if (mine !== generation) return;
      const isNews = page.runs.some((run) => {
        const known = held.get(run.id);
        return !known || JSON.stringify(known) !== JSON.stringify(run);
      });
      const seen = new Set(page.runs.map((run) => run.id));
      const unseen = [...running].filter((id) => !seen.has(id)).slice(0, 100);
      const others = unseen.length === 0 ? [] : (await api.searchRuns([experimentId], {
        filter: `attributes.run_id IN (${unseen.map((id) => `'${id}'`).join(", ")})`,
        maxResults: unseen.length,
      })).runs;
      if (mine !== generation || (!isNews && others.length === 0)) return;
      // New runs belong in front: the order of arrival is newest first.
      const fresh = page.runs.filter((run) => !held.has(run.id));
      const next = new Map(fresh.map((run) => [run.id, run]));
      for (const [id, run] of held) next.set(id, run);
      for (const run of [...page.runs, ...others]) next.set(run.id, run);
      runs.value = next;
    } catch {
      return;
    }
  }

  void load();
  return {
    rows,
    columns,
    visible,
    filter,
    filterError,
    error,
    loading,
    isComplete,
    sort,
    isGrouped,
    hasChildren,
    selected,
    count: computed(() => runs.value.size),
    load,
    refresh,
    applyFilter(text: string) {
      if (text.trim() === filter.value && !filterError.value) return;
      filter.value = text.trim();
      void load();
    },
    /** Descending first, then ascending, then in order of arrival. */
    toggleSort(column: ColumnId) {
      const by = sort.value;
      if (by?.column !== column) sort.value = { column, descending: true };
      else sort.value = by.descending ? { column, descending: false } : null;
    },
    toggleGrouped() {
      isGrouped.value = !isGrouped.value;
    },
    toggleExpanded(id: string) {
      const next = new Set(expanded.value);
      if (!next.delete(id)) next.add(id);
      expanded.value = next;
    },
    /** Selects or frees a run; with `extend` all between it and the last one chosen. */
    toggleSelected(id: string, extend = false) {
      const next = new Set(selected.value);
      const ids = rows.value.map((row) => row.run.id);
      const from = anchor === null ? -1 : ids.indexOf(anchor);
      if (extend && from >= 0) {
        const to = ids.indexOf(id);
        for (let i = Math.min(from, to); i <= Math.max(from, to); i++) next.add(ids[i]);
      } else if (!next.delete(id)) next.add(id);
      anchor = id;
      selected.value = next;
    },
    clearSelection() {
      selected.value = new Set();
    },
    toggleColumn(id: ColumnId) {
      const ids = visibleIds.value;
      chosen.value = ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
    },
    resetColumns() {
      chosen.value = null;
    },
    /** The reader's own choice of columns, null for the defaults. */
    chosenColumns: chosen as ReadonlySignal<readonly ColumnId[] | null>,
  };
}

export type RunsTable = ReturnType<typeof createRunsTable>;
