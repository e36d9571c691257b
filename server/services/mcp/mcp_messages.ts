/** MCP servers, versions and endpoints as MLflow's server answers them. @module */
import type { McpEndpoint, McpServer } from "../../db/mcp_servers.ts";
import type { McpChanges, McpVersion } from "../../db/mcp_versions.ts";
import type { McpIcon, McpTool } from "./mcp_checks.ts";

/** MLflow's only workspace where it runs without workspaces. */
const workspace = "default";

const changes = (row: McpChanges) => ({
  created_by: row.created_by,
  last_updated_by: row.last_updated_by,
  creation_timestamp: row.created_at,
  last_updated_timestamp: row.last_updated_at,
});

const toolsOf = (row: McpVersion): Required<{ [K in keyof McpTool]: McpTool[K] | null }>[] | null =>
  row.tools === null ? null : (JSON.parse(row.tools) as McpTool[]).map((tool) => ({
    name: tool.name,
    title: tool.title ?? null,
    description: tool.description ?? null,
    inputSchema: tool.inputSchema ?? null,
    outputSchema: tool.outputSchema ?? null,
    annotations: tool.annotations ?? null,
    icons: tool.icons ?? null,
    execution: tool.execution ?? null,
  }));

export const versionMessage = (row: McpVersion) => ({
  name: row.name,
  version: row.version,
  server_json: JSON.parse(row.server_json) as Record<string, unknown>,
  workspace,
  status: row.status,
  tools: toolsOf(row) ?? [],
  aliases: row.aliases ?? [],
  tags: row.tags ?? {},
  connect_options: row.connect_options === null
    ? {}
    : JSON.parse(row.connect_options) as Record<string, { hidden: boolean }>,
  source: row.source,
  ...changes(row),
});

const place = (row: McpEndpoint) => ({
  id: row.id,
  server_name: row.server_name,
  url: row.url,
  transport_type: row.transport_type,
  workspace,
});

const target = (row: McpEndpoint, version: McpVersion | undefined) => ({
  server_version: row.server_version,
  server_alias: row.server_alias,
  resolved_version: version ? versionMessage(version) : null,
  ...changes(row),
});

export const endpointMessage = (row: McpEndpoint, version: McpVersion | undefined) => ({
  ...place(row),
  tools: version ? toolsOf(version) : null,
  ...target(row, version),
});

/** Within a server an endpoint has no tools of its own. */
const endpointSummary = (row: McpEndpoint, version: McpVersion | undefined) => ({
  ...place(row),
  ...target(row, version),
});

/** Icons of the server, and of its latest version those for the themes that it has none for. */
function iconsOf(own: McpIcon[] | null, ofVersion: McpIcon[] | null): McpIcon[] | null {
  if (own?.length === 0) return [];
  const themes = new Set(own?.map((icon) => icon.theme));
  const icons = [
    ...(own ?? []).map((icon) => ({ ...icon, source: "server" })),
    ...(ofVersion ?? []).filter((icon) => !themes.has(icon.theme))
      .map((icon) => ({ ...icon, source: "version" })),
  ];
  return icons.length ? icons : null;
}

export function serverMessage(
  row: McpServer,
  endpoints: readonly { row: McpEndpoint; version: McpVersion | undefined }[],
) {
  const latest = row.latest_json === null
    ? null
    : JSON.parse(row.latest_json) as { description?: string; icons?: McpIcon[] };
  return {
    name: row.name,
    display_name: row.display_name,
    description: row.description ?? latest?.description ?? null,
    icons: iconsOf(row.icons === null ? null : JSON.parse(row.icons), latest?.icons ?? null),
    workspace,
    status: row.status,
    access_endpoints: endpoints.map(({ row, version }) => endpointSummary(row, version)),
    latest_version: row.latest_version,
    aliases: row.aliases ?? [],
    tags: row.tags ?? {},
    ...changes(row),
  };
}

export type McpServerMessage = ReturnType<typeof serverMessage>;
export type McpVersionMessage = ReturnType<typeof versionMessage>;
export type McpEndpointMessage = ReturnType<typeof endpointMessage>;
