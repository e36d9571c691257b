import assert from "node:assert/strict";
import type { Role } from "../../lib/contracts/people/mod.ts";
import { bearer, openSignedInServer } from "../../tests/support/signed_in_server.ts";

const v1 = "/api/tapebook/v1";

Deno.test("permissions of an experiment close it for others", async () => {
  const { server, tokens } = await openSignedInServer();

  const as = (role: Role) => bearer(tokens[role]);
  const ask = (role: Role, method: string, path: string, body?: unknown) =>
    server.request(method, path, body, as(role));
  const api = "/api/2.0/mlflow";
  const made = await ask("researcher", "POST", `${api}/experiments/create`, { name: "closed" });
  const { experiment_id: id } = made.json<{ experiment_id: string }>();
  const created = await ask("researcher", "POST", `${api}/runs/create`, { experiment_id: id });
  const { run } = created.json<{ run: { info: { run_id: string } } }>();
  const runId = run.info.run_id;
  const put = await ask("researcher", "PUT", `${v1}/experiments/${id}/permissions`, {
    permissions: [
      { user: "researcher", level: "manage" },
      { user: "viewer", level: "read" },
      { user: "*", level: "none" },
    ],
  });
  assert.equal(put.status, 200, put.text);
  const artifacts = `/api/2.0/mlflow-artifacts/artifacts/${id}/${runId}/artifacts`;
  const trace_id = "tr-00000000000000000000000000000001";
  const location = { mlflow_experiment: { experiment_id: id } };
  const api3 = "/api/3.0/mlflow";
  const made3 = async (path: string, body: unknown) => {
    const answer = await ask("researcher", "POST", path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.json<any>();
  };
  await made3(`${api3}/traces`, {
    trace: { trace_info: { trace_id, trace_location: location, state: "OK" } },
  });
  const { dataset } = await made3(`${api3}/datasets/create`, {
    name: "closed questions",
    experiment_ids: [id],
  });
  await made3(`${api}/registered-models/create`, { name: "half-closed" });
  await made3(`${api}/model-versions/create`, {
    name: "half-closed",
    source: `runs:/${runId}/model`,
    run_id: runId,
  });
  await made3(`${api}/model-versions/create`, { name: "half-closed", source: "s3://b/open" });
  await made3(`${api}/registered-models/alias`, {
    name: "half-closed",
    alias: "champion",
    version: "1",
  });
  const touches: [string, string, unknown?][] = [
    ["GET", `${api}/experiments/get?experiment_id=${id}`],
    ["GET", `${api}/experiments/get-by-name?experiment_name=closed`],
    ["GET", `${api}/runs/get?run_id=${runId}`],
    ["GET", `/ajax-api/2.0/mlflow/runs/get?run_uuid=${runId}`],
    ["POST", `${api}/runs/search`, { experiment_ids: ["0", id] }],
    ["GET", `${api}/metrics/get-history?run_id=${runId}&metric_key=m`],
    ["GET", `${artifacts}/x.txt`],
    ["GET", `/get-artifact?run_uuid=${runId}&path=x.txt`],
    ["GET", `${v1}/experiments/${id}/permissions`],
    ["GET", `${api3}/traces/${trace_id}`],
    ["GET", `${api3}/traces/get?trace_id=${trace_id}`],
    ["GET", `${api3}/traces/batchGet?trace_ids=${trace_id}`],
    ["POST", `${api3}/traces/batchGetInfos`, { trace_ids: [trace_id] }],
    ["POST", `${api3}/traces/search`, { locations: [location] }],
    ["GET", `${api3}/traces/${trace_id}/assessments/a-1`],
    ["GET", `${api}/traces/${trace_id}/info`],
    ["GET", `${api3}/datasets/${dataset.dataset_id}/records`],
    ["GET", `${api3}/scorers/list?experiment_id=${id}`],
    ["GET", `${api}/model-versions/get?name=half-closed&version=1`],
    ["GET", `${api}/model-versions/get-download-uri?name=half-closed&version=1`],
    ["GET", `/model-versions/get-artifact?name=half-closed&version=1&path=x`],
  ];
  for (const [method, path, body] of touches) {
    const refused = await ask("reviewer", method, path, body);
    assert.equal(refused.status, 403, `${method} ${path}`);
    assert.match(refused.text, /needs the permission read on experiment/);
    if (path.startsWith("/api")) {
      const doubled = await ask(
        "reviewer",
        method,
        path.replace("/artifacts/", "/artifacts//"),
        body,
      );
      assert.ok([403, 404].includes(doubled.status), `${path} with //: ${doubled.text}`);
    }
    const allowed = await ask("viewer", method, path, body);
    assert.ok([200, 404].includes(allowed.status), `${method} ${path}: ${allowed.text}`);
  }
  const spans = await server.request("POST", "/v1/traces", {}, {
    ...as("reviewer"),
    "x-mlflow-experiment-id": id,
  });
  assert.equal(spans.status, 403, spans.text);
  const byAlias = `${api}/registered-models/alias?name=half-closed&alias=champion`;
  assert.equal((await ask("reviewer", "GET", byAlias)).status, 403);
  assert.equal((await ask("viewer", "GET", byAlias)).status, 200);
  const seen = async (role: Role) => {
    const search = await ask(
      role,
      "GET",
      `${api}/model-versions/search?filter=name='half-closed'`,
    );
    const model = await ask(role, "GET", `${api}/registered-models/get?name=half-closed`);
    return [
      search.json<any>().model_versions.map((v: any) => v.version).sort(),
      model.json<any>().registered_model.latest_versions.map((v: any) => v.version),
    ];
  };
  assert.deepEqual(await seen("reviewer"), [["2"], ["2"]]);
  assert.deepEqual(await seen("viewer"), [["1", "2"], ["2"]]);
  const datasets = async (role: Role) =>
    (await ask(role, "POST", `${api3}/datasets/search`, { filter_string: "name LIKE 'closed%'" }))
      .json<any>().datasets?.length ?? 0;
  assert.deepEqual([await datasets("reviewer"), await datasets("viewer")], [0, 1]);
  const log = { run_id: runId, key: "m", value: 1, timestamp: 1 };
  assert.equal((await ask("reviewer", "POST", `${api}/runs/log-metric`, log)).status, 403);
  assert.equal((await ask("researcher", "POST", `${api}/runs/log-metric`, log)).status, 200);
  assert.equal((await ask("admin", "GET", `${api}/runs/get?run_id=${runId}`)).status, 200);
  const names = async (role: Role) =>
    (await ask(role, "POST", `${api}/experiments/search`, { max_results: 100 }))
      .json<{ experiments: { name: string }[] }>().experiments.map((e) => e.name);
  assert.ok(!(await names("reviewer")).includes("closed"));
  assert.ok((await names("viewer")).includes("closed"));
  const crooked = await ask("reviewer", "GET", `${artifacts}/%E0%A4%A`);
  assert.equal(crooked.status, 400, crooked.text);
  const seize = await ask("reviewer", "PUT", `${v1}/experiments/${id}/permissions`, {
    permissions: [{ user: "reviewer", level: "manage" }],
  });
  assert.equal(seize.status, 403);

  await server.close();
});
