/** SQL of searches for registered models and versions. @module */
import type { ModelVersion, RegisteredModel } from "../../lib/contracts/mlflow/mod.ts";
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import type { Sql } from "./database.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { type Page, queryPage, type SortColumn } from "./paging.ts";
import { modelColumns, present, toModel, toVersion, versionColumns } from "./registry.ts";

interface SearchInput {
  filter: Filter | null;
  orders: Order[];
  limit: number;
  pageToken?: string;
}

const promptTag = "mlflow.prompt.is_prompt";

/** Whether the filter asks for prompts, which are models with a tag that search leaves out. */
function asksForPrompts(filter: Filter | null): boolean {
  if (!filter) return false;
  if (filter.kind === "comparison") {
    const value = String(filter.value).toLowerCase();
    return filter.entity === "tag" && filter.key === promptTag &&
      (filter.comparator === "=" && value === "true" ||
        filter.comparator === "!=" && value === "false");
  }
  return filter.kind === "not"
    ? asksForPrompts(filter.part)
    : filter.parts.some((part) => asksForPrompts(part));
}

/** The filter without comparisons of the prompt tag, which nothing but prompts carries. */
function withoutPromptTag(filter: Filter | null): Filter | null {
  if (!filter) return null;
  if (filter.kind === "comparison") {
    return filter.entity === "tag" && filter.key === promptTag ? null : filter;
  }
  if (filter.kind === "not") {
    const part = withoutPromptTag(filter.part);
    return part && { kind: "not", part };
  }
  const parts = filter.parts.map(withoutPromptTag).filter((p) => p !== null);
  return parts.length ? { kind: filter.kind, parts } : null;
}

function searchCondition(
  filter: Filter | null,
  params: Params,
  table: "m" | "v",
  compile: (comparison: Comparison, params: Params) => string,
): string[] {
  const prompts = asksForPrompts(filter);
  const rest = prompts ? filter : withoutPromptTag(filter);
  const where = rest ? [filterSql(rest, params, compile)] : [];
  if (!prompts) {
    where.push(`not exists (select 1 from registered_model_tags pt where pt.name = ${table}.name
      and pt.key = '${promptTag}' and pt.value = 'true')`);
  }
  return where;
}

export async function searchModels(
  sql: Sql,
  { filter, orders, limit, pageToken }: SearchInput,
): Promise<Page<RegisteredModel>> {
  const params = new Params();
  const where = searchCondition(
    filter,
    params,
    "m",
    (comparison, p) =>
      comparison.entity === "tag"
        ? keyValueCondition("registered_model_tags", "kv.name = m.name", comparison, p)
        : textCondition("m.name", comparison, p),
  );
  const sort: SortColumn[] = orders.map(({ key, ascending }) => ({
    expression: key === "name" ? "m.name" : "m.last_update_time",
    type: key === "name" ? "text" : "int8",
    ascending,
  }));
  if (!orders.some((o) => o.key === "name")) {
    sort.push({ expression: "m.name", type: "text", ascending: true });
  }
  return await queryPage(sql, {
    select: modelColumns,
    from: "registered_models m",
    where,
    params: params.values,
    sort,
    limit,
    pageToken,
  }, toModel);
}

export async function searchVersions(
  sql: Sql,
  { filter, orders, limit, pageToken }: SearchInput,
): Promise<Page<ModelVersion>> {
  const params = new Params();
  const columns: Record<string, string> = { source_path: "source", version_number: "version" };
  const where = searchCondition(filter, params, "v", (comparison, p) => {
    if (comparison.entity === "tag") {
      return keyValueCondition(
        "model_version_tags",
        "kv.name = v.name and kv.version = v.version",
        comparison,
        p,
      );
    }
    const column = `v.${columns[comparison.key] ?? comparison.key}`;
    return comparison.key === "version_number"
      ? numberCondition(`${column}::float8`, comparison, p)
      : `coalesce(${textCondition(column, comparison, p)}, false)`;
  });
  where.push(present);
  const sortable: Record<string, SortColumn> = {
    name: { expression: "v.name", type: "text", ascending: true },
    version_number: { expression: "v.version", type: "int8", ascending: true },
    creation_timestamp: { expression: "v.creation_time", type: "int8", ascending: true },
    last_updated_timestamp: { expression: "v.last_update_time", type: "int8", ascending: true },
  };
  const asked = orders.length
    ? orders
    : [{ key: "last_updated_timestamp", ascending: false }, { key: "name", ascending: true }, {
      key: "version_number",
      ascending: false,
    }];
  const sort = asked.map(({ key, ascending }) => ({ ...sortable[key], ascending }));
  if (!asked.some((o) => o.key === "name")) sort.push(sortable.name);
  if (!asked.some((o) => o.key === "version_number")) {
    sort.push({ ...sortable.version_number, ascending: false });
  }
  return await queryPage(sql, {
    select: versionColumns,
    from: "model_versions v",
    where,
    params: params.values,
    sort,
    limit,
    pageToken,
  }, toVersion);
}
