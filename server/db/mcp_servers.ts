/** SQL of MCP servers, their tags, and the endpoints where they are reached. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import { storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { latestFirst, type McpChanges, type McpOrder, type McpStatus } from "./mcp_versions.ts";
import { type Page, queryPage } from "./paging.ts";

export const mcpTransports = ["streamable-http", "sse"] as const;
export type McpTransport = typeof mcpTransports[number];

export interface McpServerRow extends Record<string, unknown>, McpChanges {
  name: string;
  display_name: string | null;
  description: string | null;
  /** JSON of a list. */
  icons: string | null;
}

/** With what its latest version and other tables say of it. */
export interface McpServer extends McpServerRow {
  latest_version: string | null;
  latest_json: string | null;
  status: McpStatus | null;
  tags: Record<string, string> | null;
  aliases: { alias: string; version: string }[] | null;
}

export interface McpEndpointRow extends Record<string, unknown>, McpChanges {
  id: string;
  server_name: string;
  server_version: string | null;
  server_alias: string | null;
  url: string;
  transport_type: McpTransport;
}

/** With the version that it leads to now. */
export interface McpEndpoint extends McpEndpointRow {
  resolved: string;
}

const serverColumns = `s.name, s.display_name, s.description, s.icons, s.created_by,
  s.last_updated_by, s.created_at, s.last_updated_at,
  l.version as latest_version, l.server_json as latest_json, l.status,
  (select json_object_agg(t.key, t.value order by t.key) from mcp_server_tags t
    where t.name = s.name) as tags,
  (select json_agg(json_build_object('alias', a.alias, 'version', a.version) order by a.alias)
    from mcp_server_aliases a where a.name = s.name) as aliases`;

const servers = `mcp_servers s left join lateral (
  select v.version, v.server_json, v.status from mcp_server_versions v
  where v.name = s.name and v.status <> 'deleted' order by ${latestFirst} limit 1) l on true`;

/** Endpoints `e` that lead somewhere, with the version `r` that they lead to. */
const endpoints = `mcp_access_endpoints e join lateral (
  select v.version, v.status from mcp_server_versions v
  where v.name = e.server_name and v.status <> 'deleted'
    and (e.server_alias = 'latest' or v.version = coalesce(e.server_version,
      (select a.version from mcp_server_aliases a
       where a.name = e.server_name and a.alias = e.server_alias)))
  order by ${latestFirst} limit 1) r on true`;

const endpointColumns = `e.id, e.server_name, e.server_version, e.server_alias, e.url,
  e.transport_type, e.created_by, e.last_updated_by, e.created_at, e.last_updated_at,
  r.version as resolved`;

const textOrNull = (text: string | null) => text === null ? null : storableText(text);

/** Whether it was written; false where the name is taken. */
export async function insertMcpServer(sql: Sql, row: McpServerRow): Promise<boolean> {
  const rows = await sql.query(
    `insert into mcp_servers (name, display_name, description, icons, created_by,
       last_updated_by, created_at, last_updated_at) values ($1, $2, $3, $4, $5, $5, $6, $6)
     on conflict do nothing returning 1`,
    [
      row.name,
      textOrNull(row.display_name),
      textOrNull(row.description),
      row.icons,
      row.created_by,
      row.created_at,
    ],
  );
  return rows.length > 0;
}

export async function updateMcpServer(sql: Sql, row: McpServerRow): Promise<void> {
  await sql.query(
    `update mcp_servers set display_name = $2, description = $3, icons = $4,
       last_updated_by = $5, last_updated_at = $6 where name = $1`,
    [
      row.name,
      textOrNull(row.display_name),
      textOrNull(row.description),
      row.icons,
      row.last_updated_by,
      row.last_updated_at,
    ],
  );
}

export async function findMcpServer(sql: Sql, name: string): Promise<McpServer | null> {
  const [row] = await sql.query<McpServer>(
    `select ${serverColumns} from ${servers} where s.name = $1`,
    [name],
  );
  return row ?? null;
}

/** Whether it is there; it cannot be deleted until the transaction ends. */
export async function lockMcpServer(sql: Sql, name: string): Promise<boolean> {
  const rows = await sql.query("select 1 from mcp_servers where name = $1 for update", [name]);
  return rows.length > 0;
}

export async function deleteMcpServer(sql: Sql, name: string): Promise<void> {
  await sql.query("delete from mcp_servers where name = $1", [name]);
}

/** A comparison with what may be null is false there, so that its negation is true. */
const known = (condition: string) => `coalesce(${condition}, false)`;

function serverCondition(c: Comparison, params: Params): string {
  if (c.entity === "tag") {
    return keyValueCondition("mcp_server_tags", "kv.name = s.name", c, params);
  }
  if (c.key.endsWith("_at")) return numberCondition(`s.${c.key}`, c, params);
  if (c.key === "status") return known(textCondition("l.status", c, params));
  if (c.key === "has_access_endpoints") {
    const exists = `exists (select 1 from ${endpoints} where e.server_name = s.name)`;
    return c.value === "true" ? exists : `not ${exists}`;
  }
  return known(textCondition(`s.${c.key}`, c, params));
}

export interface McpQuery {
  filter: Filter | null;
  orders: readonly McpOrder[];
  limit: number;
  pageToken?: string;
}

/** The orders as sort columns of a table, which end in its key. */
const sortOf = (alias: string, orders: readonly McpOrder[], key: string) =>
  [...orders, ...orders.some((o) => o.key === key) ? [] : [{ key, ascending: true }]].map((o) => ({
    expression: `${alias}.${o.key}`,
    type: o.key.endsWith("_at") ? "int8" as const : "text" as const,
    ascending: o.ascending,
    nullable: false,
  }));

export async function searchMcpServers(
  sql: Sql,
  query: McpQuery,
): Promise<Page<McpServer>> {
  const params = new Params();
  const where = query.filter ? [filterSql(query.filter, params, serverCondition)] : [];
  return await queryPage<McpServer>(sql, {
    select: serverColumns,
    from: servers,
    where,
    params: params.values,
    sort: sortOf("s", query.orders, "name"),
    limit: query.limit,
    pageToken: query.pageToken,
  });
}

export async function setMcpServerTag(
  sql: Sql,
  name: string,
  key: string,
  value: string,
): Promise<void> {
  await sql.query(
    `insert into mcp_server_tags (name, key, value) values ($1, $2, $3)
     on conflict (name, key) do update set value = excluded.value`,
    [name, storableText(key), storableText(value)],
  );
}

/** Whether the tag was there. */
export async function deleteMcpServerTag(sql: Sql, name: string, key: string): Promise<boolean> {
  const rows = await sql.query(
    "delete from mcp_server_tags where name = $1 and key = $2 returning 1",
    [name, key],
  );
  return rows.length > 0;
}

/** Writes the endpoint, or writes over it. */
export async function upsertMcpEndpoint(sql: Sql, row: McpEndpointRow): Promise<void> {
  await sql.query(
    `insert into mcp_access_endpoints (id, server_name, server_version, server_alias, url,
       transport_type, created_by, last_updated_by, created_at, last_updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (id) do update set server_version = excluded.server_version,
       server_alias = excluded.server_alias, url = excluded.url,
       transport_type = excluded.transport_type, last_updated_by = excluded.last_updated_by,
       last_updated_at = excluded.last_updated_at`,
    [
      row.id,
      row.server_name,
      row.server_version,
      row.server_alias,
      storableText(row.url),
      row.transport_type,
      row.created_by,
      row.last_updated_by,
      row.created_at,
      row.last_updated_at,
    ],
  );
}

/** The endpoint, whether it leads somewhere or not, locked for a change. */
export async function lockMcpEndpoint(sql: Sql, id: string): Promise<McpEndpointRow | null> {
  const [row] = await sql.query<McpEndpointRow>(
    "select * from mcp_access_endpoints where id = $1 for update",
    [id],
  );
  return row ?? null;
}

/** The endpoint, where it leads somewhere. */
export async function findMcpEndpoint(sql: Sql, id: string): Promise<McpEndpoint | null> {
  const [row] = await sql.query<McpEndpoint>(
    `select ${endpointColumns} from ${endpoints} where e.id = $1`,
    [id],
  );
  return row ?? null;
}

export async function deleteMcpEndpoint(sql: Sql, id: string): Promise<void> {
  await sql.query("delete from mcp_access_endpoints where id = $1", [id]);
}

/** Takes away the endpoints of the server that lead to the version, or with null to `latest`. */
export async function deleteMcpEndpointsTo(
  sql: Sql,
  name: string,
  version: string | null,
): Promise<void> {
  await sql.query(
    `delete from mcp_access_endpoints where server_name = $1
       and case when $2::text is null then server_alias = 'latest' else server_version = $2 end`,
    [name, version],
  );
}

/** The endpoints of these servers that lead somewhere. */
export async function mcpEndpointsOf(sql: Sql, names: readonly string[]): Promise<McpEndpoint[]> {
  if (names.length === 0) return [];
  return await sql.query<McpEndpoint>(
    `select ${endpointColumns} from ${endpoints}
     where e.server_name = any($1::text::text[]) order by e.id`,
    [textArray(names)],
  );
}

function endpointCondition(c: Comparison, params: Params): string {
  if (c.key.endsWith("_at")) return numberCondition(`e.${c.key}`, c, params);
  return textCondition(c.key === "status" ? "r.status" : `e.${c.key}`, c, params);
}

export async function searchMcpEndpoints(
  sql: Sql,
  query: McpQuery & { server?: string; version?: string; alias?: string },
): Promise<Page<McpEndpoint>> {
  const params = new Params();
  const where = query.filter ? [filterSql(query.filter, params, endpointCondition)] : [];
  for (
    const [column, value] of [["name", query.server], ["version", query.version], [
      "alias",
      query.alias,
    ]]
  ) {
    if (value !== undefined) where.push(`e.server_${column} = ${params.add(value)}`);
  }
  return await queryPage<McpEndpoint>(sql, {
    select: endpointColumns,
    from: endpoints,
    where,
    params: params.values,
    sort: sortOf("e", query.orders, "id"),
    limit: query.limit,
    pageToken: query.pageToken,
  });
}
