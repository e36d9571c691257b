-- The registry of MCP servers (MLflow 3). New tables only: locks nothing.

create table mcp_servers (
  name text collate "C" primary key,
  display_name text,
  description text,
  -- JSON of a list; null where the icons of the latest version stand for the server.
  icons text,
  created_by text,
  last_updated_by text,
  created_at bigint not null,
  last_updated_at bigint not null
);

-- The texts server_json, tools and connect_options are JSON as their clients sent it.
create table mcp_server_versions (
  name text collate "C" not null references mcp_servers on delete cascade,
  version text collate "C" not null,
  major integer not null check (major >= 0),
  minor integer not null check (minor >= 0),
  patch integer not null check (patch >= 0),
  -- Sorts, byte by byte, as semantic versioning ranks what comes before a release.
  prerelease_key text collate "C" not null,
  server_json text not null,
  status text not null check (status in ('draft', 'active', 'deprecated', 'deleted')),
  tools text,
  source text,
  connect_options text,
  created_by text,
  last_updated_by text,
  created_at bigint not null,
  last_updated_at bigint not null,
  primary key (name, version)
);
-- For the latest version of a server: active ones first, then by rank.
create index mcp_server_versions_by_rank on mcp_server_versions
  (name, major desc, minor desc, patch desc, prerelease_key desc);

create table mcp_server_tags (
  name text collate "C" not null references mcp_servers on delete cascade,
  key text not null,
  value text not null,
  primary key (name, key)
);

create table mcp_server_version_tags (
  name text collate "C" not null,
  version text collate "C" not null,
  key text not null,
  value text not null,
  primary key (name, version, key),
  foreign key (name, version) references mcp_server_versions on delete cascade
);

create table mcp_server_aliases (
  name text collate "C" not null,
  alias text collate "C" not null,
  version text collate "C" not null,
  primary key (name, alias),
  foreign key (name, version) references mcp_server_versions on delete cascade
);
create index mcp_server_aliases_by_version on mcp_server_aliases (name, version);

-- Where a server is reached. It leads to a version or to an alias, of which `latest` has no row.
create table mcp_access_endpoints (
  id text collate "C" primary key,
  server_name text collate "C" not null references mcp_servers on delete cascade,
  server_version text collate "C",
  server_alias text collate "C",
  url text not null,
  transport_type text not null check (transport_type in ('streamable-http', 'sse')),
  created_by text,
  last_updated_by text,
  created_at bigint not null,
  last_updated_at bigint not null,
  check ((server_version is null) <> (server_alias is null))
);
create index mcp_access_endpoints_by_server on mcp_access_endpoints (server_name, id);
