/** The tables of the MCP server registry as drizzle knows them. @module */
import { bigint, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";

/** Who made a row and changed it last, and when, in milliseconds. */
const changes = () => ({
  createdBy: text("created_by"),
  lastUpdatedBy: text("last_updated_by"),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  lastUpdatedAt: bigint("last_updated_at", { mode: "number" }).notNull(),
});

export const mcpServers = pgTable("mcp_servers", {
  name: text("name").primaryKey(),
  displayName: text("display_name"),
  description: text("description"),
  icons: text("icons"),
  ...changes(),
});

export const mcpServerVersions = pgTable("mcp_server_versions", {
  name: text("name").notNull(),
  version: text("version").notNull(),
  major: integer("major").notNull(),
  minor: integer("minor").notNull(),
  patch: integer("patch").notNull(),
  prereleaseKey: text("prerelease_key").notNull(),
  serverJson: text("server_json").notNull(),
  status: text("status").notNull(),
  tools: text("tools"),
  source: text("source"),
  connectOptions: text("connect_options"),
  ...changes(),
}, (t) => [primaryKey({ columns: [t.name, t.version] })]);

export const mcpServerTags = pgTable("mcp_server_tags", {
  name: text("name").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.key] })]);

export const mcpServerVersionTags = pgTable("mcp_server_version_tags", {
  name: text("name").notNull(),
  version: text("version").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.version, t.key] })]);

export const mcpServerAliases = pgTable("mcp_server_aliases", {
  name: text("name").notNull(),
  alias: text("alias").notNull(),
  version: text("version").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.alias] })]);

export const mcpAccessEndpoints = pgTable("mcp_access_endpoints", {
  id: text("id").primaryKey(),
  serverName: text("server_name").notNull(),
  serverVersion: text("server_version"),
  serverAlias: text("server_alias"),
  url: text("url").notNull(),
  transportType: text("transport_type").notNull(),
  ...changes(),
});
