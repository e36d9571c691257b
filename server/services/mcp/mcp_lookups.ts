/** What several parts of the MCP registry look up, and how they refuse. @module */
import type { Database, Sql } from "../../db/database.ts";
import * as servers from "../../db/mcp_servers.ts";
import * as versions from "../../db/mcp_versions.ts";
import { notFound } from "../../errors.ts";

/** Whoever asks, where callers have names. */
export type McpCaller = string | null;

export const missingServer = (name: string) => notFound(`MCPServer not found (name='${name}')`);

export const missingVersion = (name: string, version: string) =>
  notFound(`MCP server version '${name}' version '${version}' not found`);

export const missingAlias = (name: string, alias: string, where: "for" | "on" = "for") =>
  notFound(`Alias '${alias}' not found ${where} MCP server '${name}'`);

/** Runs `body` while the server stays. */
export function onServer<T>(
  db: Database,
  name: string,
  body: (tx: Sql) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    if (!await servers.lockMcpServer(tx, name)) throw missingServer(name);
    return await body(tx);
  });
}

/** The version, which must not be deleted; locked for a change where `lock` is set. */
export async function liveVersion(
  sql: Sql,
  name: string,
  version: string,
  lock = false,
): Promise<versions.McpVersion> {
  const row = await versions.findMcpVersion(sql, name, version, lock);
  if (!row || row.status === "deleted") throw missingVersion(name, version);
  return row;
}

/** The highest active version, or without one the highest. */
export async function latestVersion(sql: Sql, name: string): Promise<versions.McpVersion> {
  const row = await versions.latestMcpVersion(sql, name);
  if (row) return row;
  throw notFound(`No resolved latest version found for MCP server '${name}'`);
}

/** Endpoints with the versions to which they lead. */
export async function resolveEndpoints(
  sql: Sql,
  rows: readonly servers.McpEndpoint[],
): Promise<{ row: servers.McpEndpoint; version: versions.McpVersion | undefined }[]> {
  const found = await versions.readMcpVersions(
    sql,
    rows.map((row) => ({ name: row.server_name, version: row.resolved })),
  );
  return rows.map((row) => ({
    row,
    version: found.find((v) => v.name === row.server_name && v.version === row.resolved),
  }));
}
