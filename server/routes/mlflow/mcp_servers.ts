/** `/mlflow/mcp-servers…` of MLflow 3. @module */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type McpTransport, mcpTransports } from "../../db/mcp_servers.ts";
import { type McpStatus, mcpStatuses } from "../../db/mcp_versions.ts";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { checkMcpName, type McpIcon, type McpTool } from "../../services/mcp/mcp_checks.ts";
import { answerAsIs } from "./_answer.ts";
import * as body from "./_pydantic.ts";

const icon = body.openObject({
  src: body.text,
  sizes: body.list(body.text).nullish(),
  mimeType: body.text.nullish(),
  theme: body.text.nullish(),
}).transform(withoutNulls<McpIcon>);
const icons = body.list(icon, 100).nullish();

const tool = body.object({
  name: body.text,
  title: body.text.nullish(),
  description: body.text.nullish(),
  inputSchema: body.anyObject.nullish(),
  outputSchema: body.anyObject.nullish(),
  annotations: body.anyObject.nullish(),
  icons,
  execution: body.anyObject.nullish(),
}).transform(withoutNulls<McpTool>);
const tools = body.list(tool, 1000).nullish();

const option = body.dataclass("ConnectOptionSettings", { hidden: body.flag.optional() })
  .transform(({ hidden = false }) => ({ hidden }));
const connect_options = body.dictionaryOf(option).nullish();

const variable = body.openObject({
  name: body.text,
  description: body.text.nullish(),
  isRequired: body.flag.nullish(),
  isSecret: body.flag.nullish(),
});
const serverJson = body.openObject({
  name: body.text,
  version: body.text,
  title: body.text.nullish(),
  description: body.text.nullish(),
  icons,
  packages: body.list(body.openObject({
    registryType: body.text,
    identifier: body.text,
    transport: body.anything,
    registryBaseUrl: body.text.nullish(),
    version: body.text.nullish(),
    environmentVariables: body.list(variable).nullish(),
  })).nullish(),
  remotes: body.list(body.openObject({ type: body.text.nullish(), url: body.text.nullish() }))
    .nullish(),
  repository: body.openObject({
    url: body.text,
    source: body.text,
    id: body.text.nullish(),
    subfolder: body.text.nullish(),
  }).nullish(),
  websiteUrl: body.text.nullish(),
  _meta: body.anyObject.nullish(),
});

const newServer = body.object({ name: body.text, description: body.text.nullish(), icons });
const serverChange = z.preprocess(
  refuseLatest,
  body.object({ display_name: body.text.nullish(), description: body.text.nullish(), icons }),
);
const newVersion = z.preprocess(
  unwrapEnvelope,
  body.object({
    server_json: serverJson,
    status: body.text.default("draft"),
    source: body.text.nullish(),
    tools,
    connect_options,
  }),
);
const versionChange = body.object({ status: body.text.nullish(), tools, connect_options });
const newEndpoint = body.object({
  server_version: body.text.nullish(),
  server_alias: body.text.nullish(),
  url: body.text,
  transport_type: body.text.default("streamable-http"),
});
const endpointChange = body.object({
  server_version: body.text.nullish(),
  server_alias: body.text.nullish(),
  url: body.text.nullish(),
  transport_type: body.text.nullish(),
});
const alias = body.object({ alias: body.text, version: body.text });
const tag = body.object({ key: body.text, value: body.text });

function withoutNulls<T>(value: Record<string, unknown>): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== null && v !== undefined),
  ) as T;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function refuseLatest(value: unknown): unknown {
  if (isObject(value) && "latest_version" in value) {
    throw invalid(
      "Invalid request: Value error, latest_version is read-only; it is resolved automatically " +
        "from semantic-version ordering",
    );
  }
  return value;
}

/** A server.json may come in the envelope in which the public registry answers it. */
function unwrapEnvelope(value: unknown): unknown {
  const json = isObject(value) ? value.server_json : undefined;
  if (!isObject(value) || !isObject(json)) return value;
  if ("name" in json && "version" in json || !("server" in json)) return value;
  if (!isObject(json.server)) {
    throw invalid(
      "Invalid request: Value error, server_json.server: Input should be a valid dictionary",
    );
  }
  const isWhole = "name" in json.server && "version" in json.server;
  return isWhole ? { ...value, server_json: json.server } : value;
}

function statusOf(value: string): McpStatus {
  if (!mcpStatuses.includes(value as McpStatus)) throw invalid(`Invalid status: '${value}'`);
  return value as McpStatus;
}

function transportOf(value: string): McpTransport {
  if (!mcpTransports.includes(value as McpTransport)) {
    throw invalid(`Invalid transport_type: '${value}'`);
  }
  return value as McpTransport;
}

const registry = (c: Context<AppEnv>) => c.get("services").mcpRegistry;

/** Whoever asks, where people sign in. */
const caller = (c: Context<AppEnv>) =>
  c.get("services").config.auth === "off" ? null : c.get("caller").name;

const searchOf = (c: Context<AppEnv>) => ({
  filter: c.req.query("filter_string"),
  maxResults: body.queryInteger(c, "max_results", 100),
  orderBy: c.req.queries("order_by"),
  pageToken: c.req.query("page_token"),
});

const page = (
  name: string,
  { items, nextPageToken }: { items: unknown[]; nextPageToken?: string },
) => ({
  [name]: items,
  next_page_token: nextPageToken ?? null,
});

/** Writes to the audit log what the registry has changed. */
async function audit(
  c: Context<AppEnv>,
  action: string,
  target: string,
  details: Record<string, string | null | undefined> = {},
): Promise<void> {
  const given = Object.entries(details).filter(([, v]) => v !== null && v !== undefined);
  await c.get("services").audit.append({
    actor: c.get("caller").name,
    action: `mcp.${action}`,
    target: `mcp:${target}`.slice(0, 500),
    details: Object.fromEntries(given.map(([k, v]) => [k, String(v).slice(0, 1000)])),
    requestId: c.get("requestId"),
  });
}

/** A server's name holds a slash, which clients write as `%2F` and people as it is. */
const at = (rest = "") => [`/:name${rest}`, `/:namespace/:slug${rest}`];

function nameOf(c: Context<AppEnv>): string {
  const { name, namespace, slug } = c.req.param() as Record<string, string>;
  return name ?? `${namespace}/${slug}`;
}

const param = (c: Context<AppEnv>, name: string) => (c.req.param() as Record<string, string>)[name];

const app = new Hono<AppEnv>();

app.post("/", async (c) => {
  const { name, description, icons } = await body.readBody(c, newServer);
  const server = await registry(c).createServer(
    { name, description: description ?? null, icons: icons ?? null },
    caller(c),
  );
  await audit(c, "server.create", name);
  return answerAsIs(c, server);
});

app.get(
  "/",
  async (c) => answerAsIs(c, page("mcp_servers", await registry(c).searchServers(searchOf(c)))),
);

const endpointsOf = async (c: Context<AppEnv>, server?: string) => {
  const of = {
    server,
    version: c.req.query("server_version"),
    alias: c.req.query("server_alias"),
  };
  const found = await registry(c).searchEndpoints(of, searchOf(c));
  return answerAsIs(c, page("mcp_access_endpoints", found));
};

app.get("/endpoints", (c) => endpointsOf(c));

app.on("POST", at("/versions/:version/tags"), async (c) => {
  const { key, value } = await body.readBody(c, tag);
  await registry(c).setVersionTag(nameOf(c), param(c, "version"), key, value);
  return answerAsIs(c, {});
});

app.on("DELETE", at("/versions/:version/tags/:key"), async (c) => {
  await registry(c).deleteVersionTag(nameOf(c), param(c, "version"), param(c, "key"));
  return answerAsIs(c, {});
});

app.on(
  "GET",
  at("/versions/:version"),
  async (c) => answerAsIs(c, await registry(c).getVersion(nameOf(c), param(c, "version"))),
);

app.on("PATCH", at("/versions/:version"), async (c) => {
  const change = await body.readBody(c, versionChange);
  if (change.status === null) {
    throw invalid("status cannot be null; omit the field to leave it unchanged");
  }
  const [name, version] = [nameOf(c), param(c, "version")];
  const changed = await registry(c).updateVersion(name, version, {
    status: change.status === undefined ? undefined : statusOf(change.status),
    tools: change.tools,
    connectOptions: change.connect_options,
  }, caller(c));
  await audit(c, "version.update", `${name}/${version}`, { status: change.status });
  return answerAsIs(c, changed);
});

app.on("DELETE", at("/versions/:version"), async (c) => {
  const [name, version] = [nameOf(c), param(c, "version")];
  await registry(c).deleteVersion(name, version);
  await audit(c, "version.delete", `${name}/${version}`);
  return answerAsIs(c, {});
});

app.on("POST", at("/versions"), async (c) => {
  const given = await body.readBody(c, newVersion);
  const name = nameOf(c);
  checkMcpName(given.server_json.name);
  checkMcpName(name);
  if (given.server_json.name !== name) {
    throw invalid(
      `server_json.name '${given.server_json.name}' does not match path parameter '${name}'`,
    );
  }
  const { icons, ...serverJson } = given.server_json;
  const version = await registry(c).createVersion({
    serverJson: icons ? { ...serverJson, icons } : serverJson,
    status: statusOf(given.status),
    source: given.source ?? null,
    tools: given.tools ?? null,
    connectOptions: given.connect_options ?? null,
  }, caller(c));
  await audit(c, "version.create", `${name}/${version.version}`, { status: version.status });
  return answerAsIs(c, version);
});

app.on("GET", at("/versions"), async (c) => {
  const found = await registry(c).searchVersions(nameOf(c), searchOf(c));
  return answerAsIs(c, page("mcp_server_versions", found));
});

app.on("POST", at("/endpoints"), async (c) => {
  const given = await body.readBody(c, newEndpoint);
  const endpoint = await registry(c).createEndpoint(nameOf(c), {
    url: given.url,
    transport: transportOf(given.transport_type),
    version: given.server_version,
    alias: given.server_alias,
  }, caller(c));
  await audit(c, "endpoint.create", nameOf(c), { id: endpoint.id, url: endpoint.url });
  return answerAsIs(c, endpoint);
});

app.on(
  "GET",
  at("/endpoints/:id"),
  async (c) => answerAsIs(c, await registry(c).getEndpoint(nameOf(c), param(c, "id"))),
);

app.on("PATCH", at("/endpoints/:id"), async (c) => {
  const change = await body.readBody(c, endpointChange);
  const endpoint = await registry(c).updateEndpoint(nameOf(c), param(c, "id"), {
    url: change.url,
    transport: change.transport_type ? transportOf(change.transport_type) : undefined,
    version: change.server_version,
    alias: change.server_alias,
  }, caller(c));
  await audit(c, "endpoint.update", nameOf(c), { id: endpoint.id, url: change.url });
  return answerAsIs(c, endpoint);
});

app.on("DELETE", at("/endpoints/:id"), async (c) => {
  await registry(c).deleteEndpoint(nameOf(c), param(c, "id"));
  await audit(c, "endpoint.delete", nameOf(c), { id: param(c, "id") });
  return answerAsIs(c, {});
});

app.on("GET", at("/endpoints"), (c) => endpointsOf(c, nameOf(c)));

app.on("POST", at("/tags"), async (c) => {
  const { key, value } = await body.readBody(c, tag);
  await registry(c).setTag(nameOf(c), key, value);
  return answerAsIs(c, {});
});

app.on("DELETE", at("/tags/:key"), async (c) => {
  await registry(c).deleteTag(nameOf(c), param(c, "key"));
  return answerAsIs(c, {});
});

app.on("POST", at("/aliases"), async (c) => {
  const given = await body.readBody(c, alias);
  await registry(c).setAlias(nameOf(c), given.alias, given.version);
  await audit(c, "alias.set", `${nameOf(c)}/${given.version}`, { alias: given.alias });
  return answerAsIs(c, {});
});

app.on(
  "GET",
  at("/aliases/:alias"),
  async (c) => answerAsIs(c, await registry(c).getVersionByAlias(nameOf(c), param(c, "alias"))),
);

app.on("DELETE", at("/aliases/:alias"), async (c) => {
  await registry(c).deleteAlias(nameOf(c), param(c, "alias"));
  await audit(c, "alias.delete", nameOf(c), { alias: param(c, "alias") });
  return answerAsIs(c, {});
});

app.on("GET", at(), async (c) => answerAsIs(c, await registry(c).getServer(nameOf(c))));

app.on("PATCH", at(), async (c) => {
  const change = await body.readBody(c, serverChange);
  const server = await registry(c).updateServer(nameOf(c), {
    displayName: change.display_name,
    description: change.description,
    icons: change.icons,
  }, caller(c));
  await audit(c, "server.update", nameOf(c));
  return answerAsIs(c, server);
});

app.on("DELETE", at(), async (c) => {
  await registry(c).deleteServer(nameOf(c));
  await audit(c, "server.delete", nameOf(c));
  return answerAsIs(c, {});
});

export const mcpServerRoutes = app;
