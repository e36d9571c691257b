/** SQL of searching runs. @module */
import type { ViewType } from "../../lib/contracts/mlflow/mod.ts";
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import { numberArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { viewCondition } from "./experiments.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { pageOf, pageSql, type SortColumn, type Span, spansOf } from "./paging.ts";
import { readRunsJson } from "./run_json.ts";
import { runInfoColumns, type RunInfoRow } from "./runs.ts";

const numericAttributes = new Set(["start_time", "end_time"]);

/** The condition that a row `kv` of metric_series belongs to one of the experiments. */
type OfExperiments = (alias: string) => string;

function comparisonSql(
  comparison: Comparison,
  params: Params,
  ofExperiments: OfExperiments,
): string {
  const { entity, key } = comparison;
  const owner = "kv.run_no = r.run_no";
  switch (entity) {
    case "metric": {
      const name = params.add(key);
      // The experiment is that of the run, and is named for the index that begins with it.
      return `exists (select 1 from metric_series kv where ${owner} and ${ofExperiments("kv")}
        and kv.key = ${name}::text and ${numberCondition("kv.value", comparison, params)})`;
    }
    case "parameter":
      return keyValueCondition("run_params", owner, comparison, params, { indexedPrefix: true });
    case "tag":
      return keyValueCondition("run_tags", owner, comparison, params, { indexedPrefix: true });
    case "dataset": {
      const from = "run_datasets i join datasets d using (dataset_no)";
      if (key === "context") {
        return `exists (select 1 from ${from} join run_dataset_tags t using (run_no, dataset_no)
          where i.run_no = r.run_no and t.key = 'mlflow.data.context' and ${
          textCondition("t.value", comparison, params)
        })`;
      }
      return `exists (select 1 from ${from} where i.run_no = r.run_no and ${
        textCondition(`d.${key}`, comparison, params)
      })`;
    }
    default:
      return numericAttributes.has(key)
        ? `coalesce(${numberCondition(`r.${key}::float8`, comparison, params)}, false)`
        : textCondition(`r.${key}`, comparison, params);
  }
}

const orderTables: Record<string, string> = {
  metric: "metric_series",
  parameter: "run_params",
  tag: "run_tags",
};

/** Columns to sort by: `o0.value` of the first order, when it is no attribute, and so on. */
function sortColumns(orders: readonly Order[]): SortColumn[] {
  const sort = orders.map(({ entity, key, ascending }, i): SortColumn => {
    if (entity === "attribute") {
      const isNumber = numericAttributes.has(key);
      const type = isNumber ? "int8" : "text";
      return { expression: `r.${key}`, type, ascending, nullable: isNumber };
    }
    const type = entity === "metric" ? "float8" : "text";
    return {
      expression: `o${i}.value`,
      type,
      ascending,
      hasNaN: entity === "metric",
      isNull: `o${i}.run_no is null`,
    };
  });
  if (!orders.some((o) => o.entity === "attribute" && o.key === "start_time")) {
    sort.push({ expression: "r.start_time", type: "int8", ascending: false });
  }
  if (!orders.some((o) => o.entity === "attribute" && o.key === "run_id")) {
    sort.push({ expression: "r.run_id", type: "text", ascending: true, nullable: false });
  }
  return sort;
}

/** The comparisons that a run must meet each by itself, and what else the filter asks. */
function conjuncts(filter: Filter | null): Filter[] {
  return filter === null ? [] : filter.kind === "and" ? filter.parts.flatMap(conjuncts) : [filter];
}

export interface RunSearch {
  filter: Filter | null;
  orders: Order[];
  view?: ViewType;
  limit: number;
  pageToken?: string;
}

/** The page's runs of one span of the first order's values, with the sort values k0, k1…. */
function spanSql(
  experimentIds: readonly number[],
  { filter, orders, view, limit, pageToken }: RunSearch,
  sort: SortColumn[],
  span: Span,
) {
  const params = new Params();
  // Equality, so that an index of (experiment_id, …) gives the order of what follows.
  const ids = experimentIds.length === 1
    ? `= ${params.add(experimentIds[0])}::bigint`
    : `= any(${params.add(numberArray(experimentIds))}::text::bigint[])`;
  const ofExperiments: OfExperiments = (alias) => `${alias}.experiment_id ${ids}`;
  const [first] = orders;
  const byMetric = first?.entity === "metric" && span !== "absent";
  const joins = orders.map(({ entity, key }, i) => {
    const table = orderTables[entity];
    if (table === undefined) return "";
    const kind = i === 0 && span !== "absent" ? "join" : "left join";
    const alias = `o${i}`;
    return ` ${kind} ${table} ${alias} on ${alias}.run_no = r.run_no and ${alias}.key = ${
      params.add(key)
    }::text`;
  });
  const where = [
    ofExperiments(byMetric ? "o0" : "r"),
    ...viewCondition("r.lifecycle_stage", view),
  ];
  for (const part of conjuncts(filter)) {
    const isOfOrder = byMetric && part.kind === "comparison" && part.entity === "metric" &&
      part.key === first.key;
    where.push(
      isOfOrder
        ? numberCondition("o0.value", part, params)
        : filterSql(part, params, (c, p) => comparisonSql(c, p, ofExperiments)),
    );
  }
  return pageSql({
    select: runInfoColumns,
    from: `runs r${joins.join("")}`,
    where,
    params: params.values,
    sort,
    limit,
    pageToken,
    span,
  });
}

/** One page of runs, each as the JSON that MLflow's clients read. */
export async function searchRunsJson(
  sql: Sql,
  experimentIds: readonly number[],
  search: RunSearch,
): Promise<{ items: string[]; nextPageToken?: string }> {
  const sort = sortColumns(search.orders);
  const [first] = search.orders;
  // A run without the metric does not meet a comparison with it.
  const needsFirst = first?.entity === "metric" &&
    conjuncts(search.filter).some((part) =>
      part.kind === "comparison" && part.entity === "metric" && part.key === first.key
    );
  let { pageToken } = search;
  let digest = "";
  const rows: RunInfoRow[] = [];
  for (const span of spansOf(sort, pageToken)) {
    if (rows.length > search.limit || (needsFirst && span === "absent")) break;
    const limit = search.limit - rows.length;
    const page = spanSql(experimentIds, { ...search, limit, pageToken }, sort, span);
    // Planned for these values: which index is best depends on how rare they are.
    rows.push(...await sql.query<RunInfoRow>(page.text, page.params, { replan: true }));
    ({ digest } = page);
    pageToken = undefined;
  }
  const cut = pageOf(rows, search.limit, digest);
  return { items: await readRunsJson(sql, cut.rows), nextPageToken: cut.nextPageToken };
}
