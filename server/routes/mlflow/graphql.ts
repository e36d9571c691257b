/**
 * `/graphql`, which MLflow's pages read by. Each field asks the REST route that it wraps, as the same
 * caller, so that sign-in, scopes, permissions of experiments and rate limits are those of REST.
 * @module
 */
import { type Context, Hono } from "hono";
import type { GraphQLFieldResolver, GraphQLOutputType, GraphQLSchema } from "graphql";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { excessOf } from "./_graphql_limits.ts";
import { graphqlTypes } from "./_graphql_schema.ts";
import { readJson } from "./_request.ts";

type Fields = Record<string, unknown>;
type Graphql = typeof import("graphql");
/** Asks a REST route and gives its message. */
type Ask = (method: "GET" | "POST", path: string, fields: Fields) => Promise<Fields>;

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The fields of an input under the names of REST. */
const request = (input: Fields = {}): Fields =>
  Object.fromEntries(Object.entries(input).map(([name, value]) => [snake(name), value]));

/** Of each field of Query and Mutation, the route that it wraps. */
const routes: Record<string, ["GET" | "POST", string]> = {
  mlflowGetExperiment: ["GET", "experiments/get"],
  mlflowGetMetricHistoryBulkInterval: ["GET", "metrics/get-history-bulk-interval"],
  mlflowGetRun: ["GET", "runs/get"],
  mlflowListArtifacts: ["GET", "artifacts/list"],
  mlflowSearchModelVersions: ["GET", "model-versions/search"],
  mlflowSearchRuns: ["POST", "runs/search"],
  mlflowSearchDatasets: ["POST", "experiments/search-datasets"],
};

async function resolveOwn(
  typeName: string,
  field: string,
  source: Fields | undefined,
  args: Fields,
  ask: Ask,
): Promise<unknown> {
  if (/^test(Mutation)?$/.test(field)) return { output: args.inputString };
  const route = Object.hasOwn(routes, field) ? routes[field] : undefined;
  if (route && /^(Query|Mutation)$/.test(typeName)) {
    return await ask(...route, request(args.input as Fields));
  }
  if (typeName !== "MlflowRunExtension") return undefined;
  const info = source?.info as { run_id: string; experiment_id: string };
  if (field === "experiment") {
    return (await ask("GET", "experiments/get", { experiment_id: info.experiment_id })).experiment;
  }
  if (field !== "modelVersions") return undefined;
  const filter = `run_id='${info.run_id}'`;
  return (await ask("GET", "model-versions/search", { filter })).model_versions ?? [];
}

/** What an absent field of a message means: proto leaves out what is empty. */
function emptyOf(type: GraphQLOutputType, { isListType, isEnumType, isObjectType }: Graphql) {
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0].value;
  if (isObjectType(type)) return type.name === "ApiError" ? null : {};
  const name = String(type);
  return name === "String" ? "" : name === "Boolean" ? false : 0;
}

/** REST writes NaN and infinities as text; Float has no NaN, and infinities are its ends. */
function toFloat(value: unknown): number | null {
  const number = Number(value);
  if (Number.isNaN(number)) return null;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, number));
}

const resolver =
  (graphql: Graphql): GraphQLFieldResolver<Fields | undefined, Ask> =>
  async (source, args, ask, { fieldName, parentType, returnType }) => {
    const own = await resolveOwn(parentType.name, fieldName, source, args, ask);
    if (own !== undefined) return own;
    const value = source?.[snake(fieldName)];
    if (value === undefined || value === null) return emptyOf(returnType, graphql);
    return String(returnType) === "Float" ? toFloat(value) : value;
  };

let loaded: Promise<{ graphql: Graphql; schema: GraphQLSchema }> | undefined;

/** Read on the first query: a server without readers of GraphQL does not hold it. */
function load() {
  return loaded ??= (async () => {
    const graphql = await import("graphql");
    const schema = graphql.buildSchema(graphqlTypes);
    const long = schema.getType("LongString") as import("graphql").GraphQLScalarType;
    long.serialize = String;
    long.parseValue = Number;
    long.parseLiteral = (node) => node.kind === "IntValue" ? Number(node.value) : undefined;
    return { graphql, schema };
  })();
}

/** Asks the server's own routes as the caller of `c`, the same thing once a query. */
function asCaller(c: Context<AppEnv>, fetch: Fetch): Ask {
  const asked = new Map<string, Promise<Fields>>();
  return (method, path, fields) => {
    const key = JSON.stringify([method, path, fields]);
    const known = asked.get(key) ?? askOnce(method, path, fields);
    asked.set(key, known);
    return known;
  };

  async function askOnce(method: string, path: string, fields: Fields): Promise<Fields> {
    const url = new URL(`/ajax-api/2.0/mlflow/${path}`, c.req.url);
    const headers = new Headers(c.req.raw.headers);
    for (const name of ["content-length", "content-encoding"]) headers.delete(name);
    headers.set("content-type", "application/json");
    let body: string | undefined;
    if (method === "POST") body = JSON.stringify(fields);
    else {
      for (const [name, value] of Object.entries(fields)) {
        for (const item of Array.isArray(value) ? value : [value]) {
          if (item !== null && item !== undefined) url.searchParams.append(name, String(item));
        }
      }
      // A GET without a query is read from its body, and there is none.
      if (url.search === "") url.searchParams.append("_", "");
    }
    const answer = await fetch(new Request(url, { method, headers, body }), c.env);
    const message = await answer.json() as Fields;
    if (!answer.ok) throw new Error(String(message.message));
    return message;
  }
}

type Fetch = (request: Request, env: unknown) => Response | Promise<Response>;

async function readQuery(c: Context<AppEnv>): Promise<Fields> {
  if (c.req.method === "POST") return await readJson(c);
  const { query, operationName, variables } = c.req.query();
  try {
    return { query, operationName, variables: variables ? JSON.parse(variables) : undefined };
  } catch {
    throw invalid("Cannot read the request: variables must be a JSON object");
  }
}

/** Routes at the root; `fetch` answers requests to the whole app. */
export function graphqlRoutes(fetch: Fetch): Hono<AppEnv> {
  return new Hono<AppEnv>().on(["GET", "POST"], "/graphql", async (c) => {
    const { query, variables, operationName } = await readQuery(c);
    if (typeof query !== "string") throw invalid("Cannot read the request: query must be a text");
    if (typeof (operationName ?? "") !== "string" || typeof (variables ?? {}) !== "object") {
      throw invalid("Cannot read the request: operationName must be a text, variables an object");
    }
    const { graphql, schema } = await load();
    let document;
    try {
      document = graphql.parse(query, { maxTokens: 10_000 });
    } catch (error) {
      throw invalid((error as Error).message);
    }
    const excess = excessOf(document);
    const refused = excess ? [{ message: excess }] : graphql.validate(schema, document);
    const result = refused.length > 0 ? { data: null, errors: refused } : await graphql.execute({
      schema,
      document,
      contextValue: asCaller(c, fetch),
      variableValues: variables as Fields | null | undefined,
      operationName: operationName as string | null | undefined,
      fieldResolver: resolver(graphql),
    });
    return c.json({
      data: result.data ?? null,
      errors: result.errors?.map((error) => error.message) ?? null,
    });
  });
}
