/** SQL of searching runs. @module */
import type { Run, ViewType } from "../../lib/contracts/mlflow/mod.ts";
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
import { pageOf, pageSql, type SortColumn } from "./paging.ts";
import { runDataColumns, runInfoColumns, type RunRow, toRun } from "./runs.ts";

const numericAttributes = new Set(["start_time", "end_time"]);

function compile(comparison: Comparison, params: Params): string {
  const { entity, key } = comparison;
  const owner = "kv.run_no = r.run_no";
  switch (entity) {
    case "metric": {
      const name = params.add(key);
      return `exists (select 1 from metric_series kv where ${owner} and kv.key = ${name}::text and ${
        numberCondition("kv.value", comparison, params)
      })`;
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

/** Sort columns and the joins that they need. */
function sortSql(orders: readonly Order[], params: Params): { sort: SortColumn[]; joins: string } {
  let joins = "";
  const sort = orders.map(({ entity, key, ascending }, i): SortColumn => {
    if (entity === "attribute") {
      const type = numericAttributes.has(key) ? "int8" : "text";
      return { expression: `r.${key}`, type, ascending };
    }
    const tables: Record<string, string> = {
      metric: "metric_series",
      parameter: "run_params",
      tag: "run_tags",
    };
    const alias = `o${i}`;
    joins += ` left join ${
      tables[entity]
    } ${alias} on ${alias}.run_no = r.run_no and ${alias}.key = ${params.add(key)}::text`;
    const type = entity === "metric" ? "float8" : "text";
    return { expression: `${alias}.value`, type, ascending, hasNaN: entity === "metric" };
  });
  if (!orders.some((o) => o.entity === "attribute" && o.key === "start_time")) {
    sort.push({ expression: "r.start_time", type: "int8", ascending: false });
  }
  if (!orders.some((o) => o.entity === "attribute" && o.key === "run_id")) {
    sort.push({ expression: "r.run_id", type: "text", ascending: true });
  }
  return { sort, joins };
}

export async function searchRuns(
  sql: Sql,
  experimentIds: readonly number[],
  options: {
    filter: Filter | null;
    orders: Order[];
    view?: ViewType;
    limit: number;
    pageToken?: string;
  },
): Promise<{ items: Run[]; nextPageToken?: string }> {
  const params = new Params();
  const where = [
    `r.experiment_id = any(${params.add(numberArray(experimentIds))}::text::bigint[])`,
    ...viewCondition("r.lifecycle_stage", options.view),
  ];
  const { sort, joins } = sortSql(options.orders, params);
  if (options.filter) where.push(filterSql(options.filter, params, compile));
  const page = pageSql({
    select: "r.run_no as page_run_no",
    from: `runs r${joins}`,
    where,
    params: params.values,
    sort,
    limit: options.limit,
    pageToken: options.pageToken,
  });
  // Cut the page first, then gather what belongs to its runs only.
  const rows = await sql.query<RunRow>(
    `with page as materialized (select *, row_number() over () as place from (${page.text}) q)
     select page.*, ${runInfoColumns}, ${runDataColumns}
     from page join runs r on r.run_no = page.page_run_no order by page.place`,
    page.params,
  );
  const cut = pageOf(rows, options.limit, page.digest);
  return { items: cut.rows.map(toRun), nextPageToken: cut.nextPageToken };
}
