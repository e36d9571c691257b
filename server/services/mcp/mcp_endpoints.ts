/** Where MCP servers are reached: addresses that lead to a version or an alias. @module */
import type { Database, Sql } from "../../db/database.ts";
import * as servers from "../../db/mcp_servers.ts";
import * as versions from "../../db/mcp_versions.ts";
import { invalid, notFound } from "../../errors.ts";
import { mcpEndpointGrammar } from "../../search/mcp_grammars.ts";
import type { Clock } from "../clock.ts";
import type { Page } from "../tracking.ts";
import { checkEndpointUrl } from "./mcp_checks.ts";
import {
  latestVersion,
  type McpCaller,
  missingAlias,
  missingVersion,
  onServer,
  resolveEndpoints,
} from "./mcp_lookups.ts";
import { endpointMessage, type McpEndpointMessage } from "./mcp_messages.ts";
import { type McpSearch, parseSearch } from "./mcp_search.ts";

/** What a caller says of an endpoint; what is absent stays as it is. */
export interface McpEndpointChanges {
  url?: string | null;
  transport?: servers.McpTransport | null;
  version?: string | null;
  alias?: string | null;
}

export interface McpEndpoints {
  createEndpoint(
    server: string,
    endpoint: McpEndpointChanges & { url: string; transport: servers.McpTransport },
    caller: McpCaller,
  ): Promise<McpEndpointMessage>;
  getEndpoint(server: string, id: string): Promise<McpEndpointMessage>;
  searchEndpoints(
    of: { server?: string; version?: string; alias?: string },
    search: McpSearch,
  ): Promise<Page<McpEndpointMessage>>;
  updateEndpoint(
    server: string,
    id: string,
    changes: McpEndpointChanges,
    caller: McpCaller,
  ): Promise<McpEndpointMessage>;
  deleteEndpoint(server: string, id: string): Promise<void>;
}

const orderKeys = ["id", "server_name", "created_at", "last_updated_at"];

const strangeEndpoint = (server: string, id: string) =>
  notFound(`MCPAccessEndpoint ${id} does not belong to server '${server}'`);

export function createMcpEndpoints({ db, clock }: { db: Database; clock: Clock }): McpEndpoints {
  async function endpointOf(sql: Sql, server: string, id: string) {
    const row = await servers.findMcpEndpoint(sql, id);
    if (!row) throw notFound(`MCPAccessEndpoint ${id} not found`);
    if (row.server_name !== server) throw strangeEndpoint(server, id);
    const [{ version }] = await resolveEndpoints(sql, [row]);
    return endpointMessage(row, version);
  }

  /** Refuses a version or an alias that an endpoint cannot lead to. */
  async function checkTarget(
    tx: Sql,
    server: string,
    { version, alias }: McpEndpointChanges,
    verb: "create" | "update",
  ) {
    if (version) {
      const row = await versions.findMcpVersion(tx, server, version);
      if (!row) throw missingVersion(server, version);
      if (row.status === "deleted") {
        throw invalid(
          `Cannot ${verb} MCP access endpoint to deleted MCP server version '${server}' ` +
            `version '${version}'`,
        );
      }
    }
    if (alias === "latest") await latestVersion(tx, server);
    else if (alias) {
      const name = await versions.findMcpAlias(tx, server, alias);
      if (name === null) throw missingAlias(server, alias);
      const row = await versions.findMcpVersion(tx, server, name);
      if (row?.status === "deleted") {
        throw invalid(
          `Alias '${alias}' for MCP server '${server}' points to deleted version '${name}'`,
        );
      }
    }
  }

  async function lockEndpoint(tx: Sql, server: string, id: string) {
    const row = await servers.lockMcpEndpoint(tx, id);
    if (!row) throw notFound(`MCPAccessEndpoint not found (id='${id}')`);
    if (row.server_name !== server) throw strangeEndpoint(server, id);
    return row;
  }

  return {
    async createEndpoint(server, endpoint, caller) {
      const { url, transport, version = null, alias = null } = endpoint;
      if ((version === null) === (alias === null)) {
        throw invalid("Exactly one of server_version or server_alias must be provided");
      }
      checkEndpointUrl(url);
      const now = clock.now();
      const id = `ae-${crypto.randomUUID().replaceAll("-", "")}`;
      return await onServer(db, server, async (tx) => {
        await checkTarget(tx, server, endpoint, "create");
        await servers.upsertMcpEndpoint(tx, {
          id,
          server_name: server,
          server_version: version,
          server_alias: alias,
          url,
          transport_type: transport,
          created_by: caller,
          last_updated_by: caller,
          created_at: now,
          last_updated_at: now,
        });
        return await endpointOf(tx, server, id);
      });
    },

    getEndpoint: (server, id) => endpointOf(db, server, id),

    async searchEndpoints(of, search) {
      const query = parseSearch(search, mcpEndpointGrammar, orderKeys);
      const page = await servers.searchMcpEndpoints(db, { ...query, ...of });
      const found = await resolveEndpoints(db, page.items);
      return { ...page, items: found.map((e) => endpointMessage(e.row, e.version)) };
    },

    async updateEndpoint(server, id, changes, caller) {
      const { url, transport, version, alias } = changes;
      if (version && alias) {
        throw invalid("Cannot set both server_version and server_alias in a single update");
      }
      return await db.transaction(async (tx) => {
        const row = await lockEndpoint(tx, server, id);
        await checkTarget(tx, server, changes, "update");
        if (url === null) throw invalid("MCP access endpoint url cannot be None");
        if (url !== undefined) checkEndpointUrl(url);
        await servers.upsertMcpEndpoint(tx, {
          ...row,
          ...version ? { server_version: version, server_alias: null } : {},
          ...alias ? { server_alias: alias, server_version: null } : {},
          url: url ?? row.url,
          transport_type: transport ?? row.transport_type,
          last_updated_by: caller,
          last_updated_at: clock.now(),
        });
        return await endpointOf(tx, server, id);
      });
    },

    async deleteEndpoint(server, id) {
      await db.transaction(async (tx) => {
        await lockEndpoint(tx, server, id);
        await servers.deleteMcpEndpoint(tx, id);
      });
    },
  };
}
