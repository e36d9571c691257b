import assert from "node:assert/strict";
import { purgeDeleted } from "../../db/retention.ts";
import { openTestServer, type TestServer, testServer } from "../../../tests/support/server.ts";

const api = "/api/3.0/mlflow";

async function newExperiment(server: TestServer, headers?: Record<string, string>) {
  const path = "/api/2.0/mlflow/experiments/create";
  const made = await server.request("POST", path, { name: crypto.randomUUID() }, headers);
  return made.json<{ experiment_id: string }>().experiment_id;
}

/** One issue, one question and one queue with a trace in it. */
async function fill(server: TestServer, experimentId: string) {
  const trace_id = `tr-${crypto.randomUUID().replaceAll("-", "")}`;
  const post = async (path: string, body: unknown) => {
    const answer = await server.request("POST", api + path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.json<Record<string, Record<string, string>>>();
  };
  await post("/traces", {
    trace: {
      trace_info: {
        trace_id,
        trace_location: {
          type: "MLFLOW_EXPERIMENT",
          mlflow_experiment: { experiment_id: experimentId },
        },
        request_time: "2026-01-01T00:00:00Z",
        state: "OK",
      },
    },
  });
  const experiment_id = experimentId;
  const { issue } = await post("/issues", { experiment_id, name: "slow", description: "late" });
  const { label_schema } = await post("/label-schemas/create", {
    experiment_id,
    name: "fine?",
    type: "FEEDBACK",
    input: { text: {} },
  });
  const { review_queue } = await post("/review-queues/create", {
    experiment_id,
    name: "team",
    queue_type: "CUSTOM",
    users: ["ann"],
    schema_ids: [label_schema.schema_id],
  });
  const { queue_id } = review_queue;
  await post("/review-queues/items/add", { queue_id, item_ids: [trace_id] });
  await post("/scorers/register", { experiment_id, name: "judge", serialized_scorer: "{}" });
  const rate = { experiment_id, name: "judge", sample_rate: 0 };
  assert.equal((await server.request("PUT", `${api}/scorers/online-config`, rate)).status, 200);
  return { issueId: issue.issue_id, schemaId: label_schema.schema_id, queueId: queue_id };
}

const tables = [
  "issues",
  "label_schemas",
  "review_queues",
  "review_queue_users",
  "review_queue_label_schemas",
  "review_queue_items",
  "online_scoring_configs",
];

testServer("what belongs to an experiment's reviews is collected with it", async (server) => {
  const { db } = server.services;
  const counts = async () =>
    await Promise.all(tables.map(async (table) => {
      const [{ n }] = await db.query<{ n: number }>(`select count(*)::int as n from ${table}`);
      return n;
    }));
  const before = await counts();
  const id = await newExperiment(server);
  await fill(server, id);
  assert.deepEqual(await counts(), before.map((n) => n + 1));
  await server.request("POST", "/api/2.0/mlflow/experiments/delete", { experiment_id: id });
  await purgeDeleted(db, Date.now(), { experimentIds: [Number(id)] });
  assert.deepEqual(await counts(), before);
});

Deno.test("an experiment closed to a reader closes its issues, questions, queues and figures", async () => {
  const server = await openTestServer("pglite", { env: { TAPEBOOK_AUTH: "on" } });
  const { users } = server.services;
  const system = { name: "system" };
  const tokenOf = async (name: string, role: "researcher" | "admin") => {
    if (name !== "admin") await users.create({ name, role, password: "correct horse" }, system);
    const scopes = role === "admin"
      ? ["read", "write", "review", "admin"] as const
      : ["read", "write"] as const;
    const made = await users.createToken({ name, scopes: [...scopes] }, {
      label: "t",
      expiresInDays: 1,
    }, system);
    return { authorization: `Bearer ${made.token}` };
  };
  const admin = await tokenOf("admin", "admin");
  const ann = await tokenOf("ann", "researcher");
  const asAdmin: TestServer = {
    ...server,
    request: (method, path, body, headers) =>
      server.request(method, path, body, { ...admin, ...headers }),
  };
  const id = await newExperiment(asAdmin);
  const { issueId, schemaId, queueId } = await fill(asAdmin, id);
  const ask = (method: string, path: string, body?: unknown) =>
    server.request(method, api + path, body, ann);
  const questions: [string, string, unknown?][] = [
    ["GET", `/issues/${issueId}`],
    ["PATCH", `/issues/${issueId}`, { issue_id: issueId, status: "resolved" }],
    ["GET", `/label-schemas/get?schema_id=${schemaId}`],
    ["GET", `/label-schemas/list?experiment_id=${id}`],
    ["GET", `/review-queues/get?queue_id=${queueId}`],
    ["GET", `/review-queues/items/list?queue_id=${queueId}`],
    ["POST", "/review-queues/update", { queue_id: queueId, name: "mine" }],
    ["POST", "/traces/metrics", {
      experiment_ids: [id],
      view_type: "TRACES",
      metric_name: "trace_count",
      aggregations: [{ aggregation_type: "COUNT" }],
    }],
  ];
  for (const [method, path, body] of questions) {
    const answer = await ask(method, path, body);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  }
  const owner = await ask("POST", "/review-queues/update", { queue_id: queueId, new_owner: "ann" });
  assert.equal(owner.json().error_code, "PERMISSION_DENIED");
  await server.services.experimentAccess.replace(id, [{ user: "*", level: "none" }], system);
  for (const [method, path, body] of questions) {
    assert.equal((await ask(method, path, body)).status, 403, `${method} ${path}`);
  }
  const found = await ask("POST", "/issues/search", {});
  assert.deepEqual(found.json().issues ?? [], []);
  await server.close();
});

Deno.test("the audit log tells what became of MCP servers", async () => {
  const server = await openTestServer("pglite");
  const at = `${api}/mcp-servers`;
  const xss = "<script>alert(1)</script>";
  await server.request("POST", at, { name: "com.example/one", description: xss });
  const made = await server.request("POST", `${at}/com.example%2Fone/versions`, {
    server_json: { name: "com.example/one", version: "1.0.0" },
  });
  assert.equal(made.status, 200, made.text);
  await server.request("POST", `${at}/com.example%2Fone/aliases`, {
    alias: "prod",
    version: "1.0.0",
  });
  await server.request("DELETE", `${at}/com.example%2Fone/aliases/none`);
  const got = await server.request("GET", `${at}/com.example%2Fone`);
  assert.equal(got.json().description, xss);
  assert.match(got.headers.get("content-type")!, /^application\/json/);
  await server.request("DELETE", `${at}/com.example%2Fone`);
  const entries = (await server.services.audit.list({})).map((e) => [e.action, e.target]);
  assert.deepEqual(entries.filter(([action]) => action.startsWith("mcp.")), [
    ["mcp.server.delete", "mcp:com.example/one"],
    ["mcp.alias.set", "mcp:com.example/one/1.0.0"],
    ["mcp.version.create", "mcp:com.example/one/1.0.0"],
    ["mcp.server.create", "mcp:com.example/one"],
  ]);
  await server.close();
});
