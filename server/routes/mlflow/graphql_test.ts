import assert from "node:assert/strict";
import { openTestServer, type TestServer, testServer } from "../../../tests/support/server.ts";

const api = "/api/2.0/mlflow";

async function post<T = any>(server: TestServer, path: string, body: unknown): Promise<T> {
  const answer = await server.request("POST", `${api}/${path}`, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.json<any>();
}

async function query(server: TestServer, text: string, more: Record<string, unknown> = {}) {
  const answer = await server.request("POST", "/graphql", { query: text, ...more });
  assert.equal(answer.status, 200, answer.text);
  return answer.json<{ data: any; errors: string[] | null }>();
}

async function filledRun(server: TestServer) {
  const name = crypto.randomUUID().slice(0, 8);
  const { experiment_id } = await post(server, "experiments/create", { name });
  const { run } = await post(server, "runs/create", { experiment_id, run_name: "r" });
  const run_id: string = run.info.run_id;
  await post(server, "registered-models/create", { name });
  const source = `runs:/${run_id}/model`;
  await post(server, "model-versions/create", { name, source, run_id });
  return { name, experiment_id, run_id };
}

testServer("GraphQL reads a run, its experiment and its versions", async (server) => {
  const { name, experiment_id, run_id } = await filledRun(server);
  await post(server, "runs/log-metric", { run_id, key: "bad", value: "NaN", timestamp: 1 });
  const answer = await query(
    server,
    `query testQuery($id: String) @component(name: "Test") {
      mlflowGetRun(input: { runId: $id }) {
        apiError { code }
        run {
          info { status startTime endTime }
          data { metrics { key value step } params { key } }
          experiment { experimentId name }
          modelVersions { name version status aliases }
        }
      }
      test(inputString: "x") { output }
    }`,
    { operationName: "testQuery", variables: { id: run_id } },
  );
  assert.equal(answer.errors, null);
  const { info, ...run } = answer.data.mlflowGetRun.run;
  assert.equal(answer.data.mlflowGetRun.apiError, null);
  assert.deepEqual([info.status, info.endTime, typeof info.startTime], ["RUNNING", "0", "string"]);
  assert.deepEqual(run, {
    data: { metrics: [{ key: "bad", value: null, step: "0" }], params: [] },
    experiment: { experimentId: experiment_id, name },
    modelVersions: [{ name, version: "1", status: "READY", aliases: [] }],
  });
  assert.deepEqual(answer.data.test, { output: "x" });
});

testServer("GraphQL searches runs, datasets, versions and histories", async (server) => {
  const { name, experiment_id, run_id } = await filledRun(server);
  const { run } = await post(server, "runs/create", { experiment_id });
  await post(server, "runs/delete", { run_id: run.info.run_id });
  const metrics = Array.from(
    { length: 10 },
    (_, i) => ({ key: "m", value: i, timestamp: i, step: i }),
  );
  await post(server, "runs/log-batch", { run_id, metrics });
  const dataset = { name: "d", digest: "1", source_type: "local", source: "s" };
  await post(server, "runs/log-inputs", { run_id, datasets: [{ dataset }] });
  const found = await query(
    server,
    `mutation { mlflowSearchRuns(input: { experimentIds: ["${experiment_id}"], runViewType: ALL }) {
        runs { info { runId } } nextPageToken }
      mlflowSearchDatasets(input: { experimentIds: ["${experiment_id}"] }) {
        datasetSummaries { experimentId name digest context } } }`,
  );
  assert.equal(found.errors, null);
  assert.deepEqual(
    found.data.mlflowSearchRuns.runs.map((r: any) => r.info.runId).sort(),
    [run_id, run.info.run_id].sort(),
  );
  assert.deepEqual(found.data.mlflowSearchDatasets.datasetSummaries, [
    { experimentId: experiment_id, name: "d", digest: "1", context: "" },
  ]);
  const read = await query(
    server,
    `{ mlflowGetMetricHistoryBulkInterval(input: { runIds: ["${run_id}"], metricKey: "m" }) {
        metrics { key timestamp value runId } }
      mlflowSearchModelVersions(input: { filter: "name='${name}'", maxResults: 5 }) {
        modelVersions { name version } }
      mlflowGetExperiment(input: { experimentId: "${experiment_id}" }) { experiment { name } } }`,
  );
  assert.equal(read.errors, null);
  assert.deepEqual(
    read.data.mlflowGetMetricHistoryBulkInterval.metrics,
    metrics.map(({ key, value, timestamp }) => ({
      key,
      timestamp: String(timestamp),
      value,
      runId: run_id,
    })),
  );
  assert.deepEqual(read.data.mlflowSearchModelVersions.modelVersions, [{ name, version: "1" }]);
  assert.deepEqual(read.data.mlflowGetExperiment.experiment, { name });
});

testServer("GraphQL lists a run's artifacts", async (server) => {
  const { experiment_id, run_id } = await filledRun(server);
  for (const path of ["test.txt", "testDir/test.txt"]) {
    const place =
      `/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${run_id}/artifacts/${path}`;
    assert.equal((await server.request("PUT", place, "hello world")).status, 200);
  }
  const answer = await query(
    server,
    `fragment Files on MlflowListArtifactsResponse { files { path isDir fileSize } }
    { file: mlflowListArtifacts(input: { runId: "${run_id}" }) { ...Files }
      subdir: mlflowListArtifacts(input: { runId: "${run_id}", path: "testDir" }) { ...Files } }`,
  );
  assert.deepEqual(answer, {
    data: {
      file: {
        files: [
          { path: "test.txt", isDir: false, fileSize: "11" },
          { path: "testDir", isDir: true, fileSize: "0" },
        ],
      },
      subdir: { files: [{ path: "testDir/test.txt", isDir: false, fileSize: "11" }] },
    },
    errors: null,
  });
});

testServer("GraphQL refuses what is too large, unknown or not there", async (server) => {
  const field = (i: number) => `f${i}: test(inputString: "x") { output }`;
  const fields = (count: number) => Array.from({ length: count }, (_, i) => field(i)).join(" ");
  const ask = (text: string) => query(server, text);
  assert.equal((await ask(`{ ${fields(10)} }`)).errors, null);
  const roots = await ask(`{ ${fields(11)} }`);
  assert.deepEqual([roots.data, roots.errors?.length], [null, 1]);
  assert.match(roots.errors![0], /should have at most 10 root fields, got 11 root fields/);
  const run = (inner: string) => `{ mlflowGetRun(input: { runId: "x" }) { run { ${inner} } } }`;
  const aliased = Array.from({ length: 11 }, (_, i) => `a${i}: experiment { name }`);
  const split = aliased.map((one, i) => `fragment F${i} on MlflowRunExtension { ${one} }`).join(
    " ",
  );
  for (
    const text of [
      run(aliased.join(" ")),
      run(aliased.map((_, i) => `...F${i}`).join(" ")) + split,
    ]
  ) {
    assert.match((await ask(text)).errors![0], /at most 10 aliases, got 11 aliases/);
  }
  const deep = "{ a ".repeat(11) + "}".repeat(11);
  assert.match((await ask(deep)).errors![0], /exceeds maximum depth of 10/);
  const loop = "{ ...L } fragment L on Query { test { ...L } }";
  assert.match((await ask(loop)).errors![0], /exceeds maximum depth of 10/);
  const wide = run(`info { ${"status ".repeat(1001)} }`);
  assert.match((await ask(wide)).errors![0], /exceeds maximum total selections of 1000/);
  assert.match((await ask("{ nothing }")).errors![0], /Cannot query field "nothing"/);
  const gone = await ask(run("info { status }"));
  assert.deepEqual(gone, { data: { mlflowGetRun: null }, errors: ["Run with id=x not found"] });
  for (const body of [{ query: "{" }, {}, { query: "{ test { output } }", variables: 3 }]) {
    const answer = await server.request("POST", "/graphql", body);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json().error_code, "INVALID_PARAMETER_VALUE");
  }
});

Deno.test("GraphQL shows a caller what REST would", async () => {
  const server = await openTestServer("pglite", { env: { TAPEBOOK_AUTH: "on" } });
  try {
    const system = { name: "system" };
    const { users } = server.services;
    const as: Record<string, Record<string, string>> = {};
    for (const [name, role] of [["owner", "researcher"], ["other", "viewer"]] as const) {
      await users.create({ name, role, password: "correct horse battery" }, system);
      const scopes = role === "viewer" ? ["read"] as const : ["read", "write"] as const;
      const label = { label: "t", expiresInDays: 1 };
      const { token } = await users.createToken({ name, scopes: [...scopes] }, label, system);
      as[name] = { authorization: `Bearer ${token}` };
    }
    const ask = (name: string, method: string, path: string, body: unknown) =>
      server.request(method, path, body, as[name]);
    const made = await ask("owner", "POST", `${api}/experiments/create`, { name: "closed" });
    const { experiment_id: id } = made.json<{ experiment_id: string }>();
    const permissions = [{ user: "owner", level: "manage" }, { user: "*", level: "none" }];
    await ask("owner", "PUT", `/api/tapebook/v1/experiments/${id}/permissions`, { permissions });
    const body = {
      query: `{ mlflowGetExperiment(input: { experimentId: "${id}" }) { experiment { name } } }`,
    };
    const own = (await ask("owner", "POST", "/graphql", body)).json<any>();
    assert.equal(own.data.mlflowGetExperiment.experiment.name, "closed");
    const others = (await ask("other", "POST", "/graphql", body)).json<any>();
    assert.equal(others.data.mlflowGetExperiment, null);
    assert.match(others.errors[0], /other needs the permission read on experiment/);
    assert.equal((await server.request("POST", "/graphql", body)).status, 401);
  } finally {
    await server.close();
  }
});
