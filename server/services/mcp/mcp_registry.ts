/** The registry of MCP servers (MLflow 3) over the database. It keeps addresses and asks none. @module */
import type { Database, Sql } from "../../db/database.ts";
import * as servers from "../../db/mcp_servers.ts";
import * as versions from "../../db/mcp_versions.ts";
import { alreadyExists, invalid, notFound } from "../../errors.ts";
import { mcpServerGrammar, mcpVersionGrammar } from "../../search/mcp_grammars.ts";
import type { Clock } from "../clock.ts";
import type { Page } from "../tracking.ts";
import type { Resolve } from "../webhooks/public_address.ts";
import * as check from "./mcp_checks.ts";
import { createMcpEndpoints, type McpEndpoints } from "./mcp_endpoints.ts";
import {
  latestVersion,
  liveVersion,
  type McpCaller,
  missingAlias,
  missingServer,
  missingVersion,
  onServer,
  resolveEndpoints,
} from "./mcp_lookups.ts";
import * as message from "./mcp_messages.ts";
import { type McpSearch, parseSearch } from "./mcp_search.ts";
import { parseSemver } from "./semver.ts";

/** What a caller says of a server; what is absent stays as it is. */
export interface McpServerChanges {
  displayName?: string | null;
  description?: string | null;
  icons?: check.McpIcon[] | null;
}

export type ConnectOptions = Record<string, { hidden: boolean }>;

export interface McpVersionChanges {
  status?: versions.McpStatus;
  tools?: check.McpTool[] | null;
  connectOptions?: ConnectOptions | null;
}

export interface NewMcpVersion {
  serverJson: Record<string, unknown> & { name: string; version: string; icons?: check.McpIcon[] };
  status: versions.McpStatus;
  source: string | null;
  tools: check.McpTool[] | null;
  connectOptions: ConnectOptions | null;
}

export interface McpRegistry extends McpEndpoints {
  createServer(
    server: { name: string; description: string | null; icons: check.McpIcon[] | null },
    caller: McpCaller,
  ): Promise<message.McpServerMessage>;
  getServer(name: string): Promise<message.McpServerMessage>;
  searchServers(search: McpSearch): Promise<Page<message.McpServerMessage>>;
  updateServer(
    name: string,
    changes: McpServerChanges,
    caller: McpCaller,
  ): Promise<message.McpServerMessage>;
  /** Takes the server away with all that belongs to it; refused while a version is active. */
  deleteServer(name: string): Promise<void>;
  /** Adds the version, and its server where that is not there. */
  createVersion(version: NewMcpVersion, caller: McpCaller): Promise<message.McpVersionMessage>;
  getVersion(name: string, version: string): Promise<message.McpVersionMessage>;
  /** The version that the alias names; `latest` is the highest active one, or of them all. */
  getVersionByAlias(name: string, alias: string): Promise<message.McpVersionMessage>;
  searchVersions(name: string, search: McpSearch): Promise<Page<message.McpVersionMessage>>;
  updateVersion(
    name: string,
    version: string,
    changes: McpVersionChanges,
    caller: McpCaller,
  ): Promise<message.McpVersionMessage>;
  /** Marks it as deleted; its number stays taken. Aliases of it and endpoints to it go. */
  deleteVersion(name: string, version: string): Promise<void>;
  setTag(name: string, key: string, value: string): Promise<void>;
  deleteTag(name: string, key: string): Promise<void>;
  setVersionTag(name: string, version: string, key: string, value: string): Promise<void>;
  deleteVersionTag(name: string, version: string, key: string): Promise<void>;
  setAlias(name: string, alias: string, version: string): Promise<void>;
  /** Takes the alias away, with the endpoints that lead to it. */
  deleteAlias(name: string, alias: string): Promise<void>;
}

const times = ["created_at", "last_updated_at"];
const mostServers = 1000;
const jsonOrNull = (value: unknown) => value === null ? null : JSON.stringify(value);
const rankOf = (version: string) => parseSemver(version, "filter_string version");

export function createMcpRegistry(
  { db, clock, resolve }: { db: Database; clock: Clock; resolve?: Resolve },
): McpRegistry {
  const icons = async (list: check.McpIcon[] | null) =>
    list && await check.iconsToKeep(list, "icons", resolve);
  const tools = async (list: check.McpTool[] | null) =>
    list && await check.toolsToKeep(list, resolve);

  async function withEndpoints(sql: Sql, rows: readonly servers.McpServer[]) {
    const endpoints = await resolveEndpoints(
      sql,
      await servers.mcpEndpointsOf(sql, rows.map((row) => row.name)),
    );
    return rows.map((row) =>
      message.serverMessage(row, endpoints.filter((e) => e.row.server_name === row.name))
    );
  }

  async function serverOf(sql: Sql, name: string): Promise<message.McpServerMessage> {
    const row = await servers.findMcpServer(sql, name);
    if (!row) throw notFound(`MCP server '${name}' not found`);
    return (await withEndpoints(sql, [row]))[0];
  }

  /** Endpoints that lead to the latest version go with the last of them. */
  async function dropDeadEnds(tx: Sql, name: string) {
    if (!await versions.latestMcpVersion(tx, name)) {
      await servers.deleteMcpEndpointsTo(tx, name, null);
    }
  }

  const newServer = (name: string, caller: McpCaller, now: number): servers.McpServerRow => ({
    name,
    display_name: null,
    description: null,
    icons: null,
    created_by: caller,
    last_updated_by: caller,
    created_at: now,
    last_updated_at: now,
  });

  return {
    ...createMcpEndpoints({ db, clock }),

    async createServer({ name, description, icons: given }, caller) {
      const row = {
        ...newServer(name, caller, clock.now()),
        description,
        icons: jsonOrNull(await icons(given)),
      };
      check.checkMcpName(name);
      if (!await servers.insertMcpServer(db, row)) {
        throw alreadyExists(`MCP server with name '${name}' already exists`);
      }
      return await serverOf(db, name);
    },

    getServer: (name) => serverOf(db, name),

    async searchServers(search) {
      const query = parseSearch(search, mcpServerGrammar, ["name", ...times], mostServers);
      const { items, nextPageToken } = await servers.searchMcpServers(db, query);
      return { items: await withEndpoints(db, items), nextPageToken };
    },

    async updateServer(name, changes, caller) {
      check.checkDisplayName(changes.displayName ?? null);
      const kept = changes.icons === undefined ? undefined : await icons(changes.icons);
      return await onServer(db, name, async (tx) => {
        const row = (await servers.findMcpServer(tx, name))!;
        const { displayName = row.display_name, description = row.description } = changes;
        await servers.updateMcpServer(tx, {
          ...row,
          display_name: displayName,
          description,
          icons: kept === undefined ? row.icons : jsonOrNull(kept),
          last_updated_by: caller,
          last_updated_at: clock.now(),
        });
        return await serverOf(tx, name);
      });
    },

    deleteServer: (name) =>
      onServer(db, name, async (tx) => {
        const active = await versions.activeMcpVersion(tx, name);
        if (active !== null) {
          throw invalid(
            `Cannot delete MCP server '${name}' while it still has an active version ` +
              `('${active}'). Delete or deactivate the active version first.`,
          );
        }
        await servers.deleteMcpServer(tx, name);
      }),

    async createVersion(given, caller) {
      const { name, version } = given.serverJson;
      check.checkMcpName(name);
      const serverJson = given.serverJson.icons
        ? {
          ...given.serverJson,
          icons: await check.iconsToKeep(given.serverJson.icons, "server_json.icons", resolve),
        }
        : given.serverJson;
      const rank = parseSemver(version, "server_json.version");
      check.checkFirstStatus(given.status);
      check.checkMcpSource(given.source);
      const kept = jsonOrNull(await tools(given.tools));
      const now = clock.now();
      return await db.transaction(async (tx) => {
        const server = newServer(name, caller, now);
        await servers.insertMcpServer(tx, server);
        const isNew = await versions.insertMcpVersion(tx, {
          name,
          version,
          server_json: JSON.stringify(serverJson),
          status: given.status,
          tools: kept,
          source: given.source,
          connect_options: jsonOrNull(given.connectOptions),
          created_by: caller,
          last_updated_by: caller,
          created_at: now,
          last_updated_at: now,
        }, rank);
        if (!isNew) {
          throw alreadyExists(`MCP server version '${name}' version '${version}' already exists`);
        }
        return message.versionMessage(await liveVersion(tx, name, version));
      });
    },

    getVersion: async (name, version) =>
      message.versionMessage(await liveVersion(db, name, version)),

    async getVersionByAlias(name, alias) {
      if (alias === "latest") {
        if (!await servers.findMcpServer(db, name)) throw missingServer(name);
        return message.versionMessage(await latestVersion(db, name));
      }
      const version = await versions.findMcpAlias(db, name, alias);
      if (version === null) throw missingAlias(name, alias);
      return message.versionMessage(await liveVersion(db, name, version));
    },

    async searchVersions(name, search) {
      const query = parseSearch(search, mcpVersionGrammar, ["version", ...times]);
      const page = await versions.searchMcpVersions(db, { ...query, name, rankOf });
      return { ...page, items: page.items.map(message.versionMessage) };
    },

    async updateVersion(name, version, changes, caller) {
      const kept = changes.tools === undefined ? undefined : await tools(changes.tools);
      return await db.transaction(async (tx) => {
        const row = await liveVersion(tx, name, version, true);
        const { status = row.status, connectOptions } = changes;
        if (changes.status) check.checkTransition(row.status, changes.status);
        const next = {
          ...row,
          status,
          tools: kept === undefined ? row.tools : jsonOrNull(kept),
          connect_options: connectOptions === undefined
            ? row.connect_options
            : jsonOrNull(connectOptions),
          last_updated_by: caller,
          last_updated_at: clock.now(),
        };
        await versions.updateMcpVersion(tx, next);
        if (changes.status) await dropDeadEnds(tx, name);
        return message.versionMessage(next);
      });
    },

    async deleteVersion(name, version) {
      await db.transaction(async (tx) => {
        const row = await versions.findMcpVersion(tx, name, version, true);
        if (!row) throw missingVersion(name, version);
        check.checkTransition(row.status, "deleted");
        await versions.deleteMcpAliases(tx, name, row.aliases ?? []);
        await servers.deleteMcpEndpointsTo(tx, name, version);
        await versions.updateMcpVersion(tx, {
          ...row,
          status: "deleted",
          last_updated_at: clock.now(),
        });
        await dropDeadEnds(tx, name);
      });
    },

    async setTag(name, key, value) {
      check.checkMcpTag(key, value);
      await onServer(db, name, (tx) => servers.setMcpServerTag(tx, name, key, value));
    },

    async deleteTag(name, key) {
      if (!await servers.deleteMcpServerTag(db, name, key)) {
        throw notFound(`Tag '${key}' not found on MCP server '${name}'`);
      }
    },

    async setVersionTag(name, version, key, value) {
      check.checkMcpTag(key, value);
      await db.transaction(async (tx) => {
        await liveVersion(tx, name, version, true);
        await versions.setMcpVersionTag(tx, name, version, key, value);
      });
    },

    async deleteVersionTag(name, version, key) {
      await db.transaction(async (tx) => {
        await liveVersion(tx, name, version);
        if (!await versions.deleteMcpVersionTag(tx, name, version, key)) {
          throw notFound(
            `Tag '${key}' not found on MCP server version '${name}' version '${version}'`,
          );
        }
      });
    },

    async setAlias(name, alias, version) {
      check.checkMcpAlias(alias);
      await onServer(db, name, async (tx) => {
        const row = await versions.findMcpVersion(tx, name, version);
        if (!row) throw missingVersion(name, version);
        if (row.status === "deleted") {
          throw invalid(
            `Cannot set alias '${alias}' to deleted MCP server version '${name}' ` +
              `version '${version}'`,
          );
        }
        await versions.setMcpAlias(tx, name, alias, version);
      });
    },

    async deleteAlias(name, alias) {
      await db.transaction(async (tx) => {
        if (await versions.findMcpAlias(tx, name, alias) === null) {
          throw missingAlias(name, alias, "on");
        }
        await versions.deleteMcpAliases(tx, name, [alias]);
      });
    },
  };
}
