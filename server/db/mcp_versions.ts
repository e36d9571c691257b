/** SQL of the versions of MCP servers, their tags and aliases. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import { storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { filterSql, numberCondition, Params, textCondition } from "./filter_sql.ts";
import { type Page, queryPage, type SortColumn } from "./paging.ts";

export const mcpStatuses = ["draft", "active", "deprecated", "deleted"] as const;
export type McpStatus = typeof mcpStatuses[number];

/** The parts of a version by which it is ranked. */
export interface SemanticVersion {
  major: number;
  minor: number;
  patch: number;
  /** Sorts, character by character, as the part behind the hyphen ranks; a release ranks highest. */
  prereleaseKey: string;
}

/** Who made a row and changed it last. */
export interface McpChanges {
  created_by: string | null;
  last_updated_by: string | null;
  created_at: number;
  last_updated_at: number;
}

/** Without its order; server_json, tools and connect_options are JSON. */
export interface McpVersionRow extends Record<string, unknown>, McpChanges {
  name: string;
  version: string;
  server_json: string;
  status: McpStatus;
  tools: string | null;
  source: string | null;
  connect_options: string | null;
}

/** With what other tables say of it. */
export interface McpVersion extends McpVersionRow {
  tags: Record<string, string> | null;
  aliases: string[] | null;
}

const columns = `v.name, v.version, v.server_json, v.status, v.tools, v.source, v.connect_options,
  v.created_by, v.last_updated_by, v.created_at, v.last_updated_at,
  (select json_object_agg(t.key, t.value order by t.key) from mcp_server_version_tags t
    where t.name = v.name and t.version = v.version) as tags,
  (select json_agg(a.alias order by a.alias) from mcp_server_aliases a
    where a.name = v.name and a.version = v.version) as aliases`;

/**
 * The order in which one of a server's versions is its latest: active ones, then the highest, of
 * builds that rank alike the newest.
 */
export const latestFirst = `(v.status = 'active') desc, v.major desc, v.minor desc, v.patch desc,
  v.prerelease_key desc, v.created_at desc, v.version desc`;

const textOrNull = (text: string | null) => text === null ? null : storableText(text);

/** Whether it was written; false where the server has this version, deleted ones included. */
export async function insertMcpVersion(
  sql: Sql,
  row: McpVersionRow,
  rank: SemanticVersion,
): Promise<boolean> {
  const rows = await sql.query(
    `insert into mcp_server_versions (name, version, major, minor, patch, prerelease_key,
       server_json, status, tools, source, connect_options, created_by, last_updated_by,
       created_at, last_updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $13)
     on conflict do nothing returning 1`,
    [
      row.name,
      row.version,
      rank.major,
      rank.minor,
      rank.patch,
      rank.prereleaseKey,
      row.server_json,
      row.status,
      row.tools,
      textOrNull(row.source),
      row.connect_options,
      row.created_by,
      row.created_at,
    ],
  );
  return rows.length > 0;
}

/** The version whether deleted or not, locked for a change where `lock` is set. */
export async function findMcpVersion(
  sql: Sql,
  name: string,
  version: string,
  lock = false,
): Promise<McpVersion | null> {
  const [row] = await sql.query<McpVersion>(
    `select ${columns} from mcp_server_versions v where v.name = $1 and v.version = $2${
      lock ? " for update of v" : ""
    }`,
    [name, version],
  );
  return row ?? null;
}

/** These versions, in no order. */
export async function readMcpVersions(
  sql: Sql,
  keys: readonly { name: string; version: string }[],
): Promise<McpVersion[]> {
  if (keys.length === 0) return [];
  return await sql.query<McpVersion>(
    `select ${columns} from mcp_server_versions v
     join (select distinct n, x from unnest($1::text::text[], $2::text::text[]) u(n, x)) asked
       on asked.n = v.name and asked.x = v.version`,
    [textArray(keys.map((k) => k.name)), textArray(keys.map((k) => k.version))],
  );
}

/** Of the versions that are not deleted. */
export async function latestMcpVersion(sql: Sql, name: string): Promise<McpVersion | null> {
  const [row] = await sql.query<McpVersion>(
    `select ${columns} from mcp_server_versions v where v.name = $1 and v.status <> 'deleted'
     order by ${latestFirst} limit 1`,
    [name],
  );
  return row ?? null;
}

export async function activeMcpVersion(sql: Sql, name: string): Promise<string | null> {
  const [row] = await sql.query<{ version: string }>(
    `select v.version from mcp_server_versions v where v.name = $1 and v.status = 'active'
     order by ${latestFirst} limit 1`,
    [name],
  );
  return row?.version ?? null;
}

export async function updateMcpVersion(sql: Sql, row: McpVersionRow): Promise<void> {
  await sql.query(
    `update mcp_server_versions set status = $3, tools = $4, connect_options = $5,
       last_updated_by = $6, last_updated_at = $7 where name = $1 and version = $2`,
    [
      row.name,
      row.version,
      row.status,
      row.tools,
      row.connect_options,
      row.last_updated_by,
      row.last_updated_at,
    ],
  );
}

/** What ranks `<sign> version` as a condition on `mcp_server_versions v`. */
function rankCondition(sign: string, rank: SemanticVersion, params: Params): string {
  const { major, minor, patch, prereleaseKey } = rank;
  return `(v.major, v.minor, v.patch, v.prerelease_key) ${sign} (${params.add(major)}::integer, ` +
    `${params.add(minor)}::integer, ${params.add(patch)}::integer, ` +
    `${params.add(prereleaseKey)}::text)`;
}

/** Ranks the text of a comparison with a version. */
export type ParseRank = (version: string) => SemanticVersion;

function versionCondition(c: Comparison, params: Params, rankOf: ParseRank): string {
  if (c.key.endsWith("_at")) return numberCondition(`v.${c.key}`, c, params);
  const isOrder = c.key === "version" && c.comparator !== "=" && c.comparator !== "!=";
  return isOrder
    ? rankCondition(c.comparator, rankOf(String(c.value)), params)
    : textCondition(`v.${c.key}`, c, params);
}

/** One clause of an order; `version` ranks. */
export interface McpOrder {
  key: string;
  ascending: boolean;
}

const sorted = (expression: string, type: SortColumn["type"], ascending: boolean): SortColumn => ({
  expression,
  type,
  ascending,
  nullable: false,
});

function sortOf({ key, ascending }: McpOrder): SortColumn[] {
  if (key !== "version") return [sorted(`v.${key}`, "int8", ascending)];
  const parts = ["major", "minor", "patch"].map((p) => sorted(`v.${p}`, "int8", ascending));
  return [...parts, sorted("v.prerelease_key", "text", ascending)];
}

/** Versions of the server that are not deleted; by age unless ordered otherwise. */
export async function searchMcpVersions(sql: Sql, query: {
  name: string;
  filter: Filter | null;
  orders: readonly McpOrder[];
  rankOf: ParseRank;
  limit: number;
  pageToken?: string;
}): Promise<Page<McpVersion>> {
  const params = new Params();
  const where = [`v.name = ${params.add(query.name)}`, "v.status <> 'deleted'"];
  if (query.filter) {
    where.push(filterSql(query.filter, params, (c, p) => versionCondition(c, p, query.rankOf)));
  }
  const sort = query.orders.flatMap(sortOf);
  if (!query.orders.some((o) => o.key === "created_at")) {
    sort.push(sorted("v.created_at", "int8", true));
  }
  sort.push(sorted("v.version", "text", true));
  return await queryPage<McpVersion>(sql, {
    select: columns,
    from: "mcp_server_versions v",
    where,
    params: params.values,
    sort,
    limit: query.limit,
    pageToken: query.pageToken,
  });
}

export async function setMcpVersionTag(
  sql: Sql,
  name: string,
  version: string,
  key: string,
  value: string,
): Promise<void> {
  await sql.query(
    `insert into mcp_server_version_tags (name, version, key, value) values ($1, $2, $3, $4)
     on conflict (name, version, key) do update set value = excluded.value`,
    [name, version, storableText(key), storableText(value)],
  );
}

/** Whether the tag was there. */
export async function deleteMcpVersionTag(
  sql: Sql,
  name: string,
  version: string,
  key: string,
): Promise<boolean> {
  const rows = await sql.query(
    `delete from mcp_server_version_tags where name = $1 and version = $2 and key = $3 returning 1`,
    [name, version, key],
  );
  return rows.length > 0;
}

export async function setMcpAlias(
  sql: Sql,
  name: string,
  alias: string,
  version: string,
): Promise<void> {
  await sql.query(
    `insert into mcp_server_aliases (name, alias, version) values ($1, $2, $3)
     on conflict (name, alias) do update set version = excluded.version`,
    [name, storableText(alias), version],
  );
}

/** The version that the alias names. */
export async function findMcpAlias(
  sql: Sql,
  name: string,
  alias: string,
): Promise<string | null> {
  const [row] = await sql.query<{ version: string }>(
    `select version from mcp_server_aliases where name = $1 and alias = $2`,
    [name, alias],
  );
  return row?.version ?? null;
}

/** Takes these aliases away, with the endpoints that lead to them. */
export async function deleteMcpAliases(
  sql: Sql,
  name: string,
  aliases: readonly string[],
): Promise<void> {
  const params = [name, textArray(aliases)];
  await sql.query(
    `delete from mcp_access_endpoints
     where server_name = $1 and server_alias = any($2::text::text[])`,
    params,
  );
  await sql.query(
    `delete from mcp_server_aliases where name = $1 and alias = any($2::text::text[])`,
    params,
  );
}
