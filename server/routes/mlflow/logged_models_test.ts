import assert from "node:assert/strict";
import { ok, refused, unique } from "../../../tests/support/mlflow_requests.ts";
import { testServer } from "../../../tests/support/server.ts";

testServer("a logged model is made, measured, finished, found and deleted", async (server) => {
  const { experiment_id } = await ok(server, "POST", "/experiments/create", { name: unique("lm") });
  const { run } = await ok(server, "POST", "/runs/create", { experiment_id });
  const { model } = await ok(server, "POST", "/logged-models", {
    experiment_id,
    name: "net",
    source_run_id: run.info.run_id,
    params: [{ key: "width", value: "8" }],
  });
  const id = model.info.model_id;
  assert.equal(model.info.status, "LOGGED_MODEL_PENDING");
  assert.equal(
    model.info.artifact_uri,
    `mlflow-artifacts:/${experiment_id}/models/${id}/artifacts`,
  );
  await ok(server, "POST", "/runs/log-metric", {
    run_id: run.info.run_id,
    key: "acc",
    value: 0.5,
    timestamp: 1,
    step: 2,
    model_id: id,
    dataset_name: "bars",
  });
  await ok(server, "PATCH", `/logged-models/${id}`, { model_id: id, status: "LOGGED_MODEL_READY" });
  await ok(server, "PATCH", `/logged-models/${id}/tags`, { tags: [{ key: "t", value: "1" }] });
  const search = async (body: Record<string, unknown>) =>
    ((await ok(server, "POST", "/logged-models/search", {
      experiment_ids: [experiment_id],
      ...body,
    }))
      .models ?? []).map((m: any) => m.info.model_id);
  assert.deepEqual(await search({ filter: "metrics.acc >= 0.5 AND tags.t = '1'" }), [id]);
  assert.deepEqual(await search({ datasets: [{ dataset_name: "other" }] }), []);
  assert.deepEqual(
    await search({ filter: "status = 'READY'", datasets: [{ dataset_name: "bars" }] }),
    [id],
  );
  await server.services.artifacts.write(`models:/${id}/MLmodel`, "flavors: {}");
  const listed = await ok(server, "GET", `/logged-models/${id}/artifacts/directories`);
  assert.deepEqual(listed.files, [{ path: "MLmodel", is_dir: false, file_size: 11 }]);
  await ok(server, "DELETE", `/logged-models/${id}/tags/t`);
  await ok(server, "DELETE", `/logged-models/${id}`);
  await refused(
    server,
    "GET",
    `/logged-models/${id}`,
    undefined,
    404,
    "RESOURCE_DOES_NOT_EXIST",
    /^Logged model with ID .* not found\.$/,
  );
});

testServer("a logged model knows its versions and gives out its files", async (server) => {
  const name = unique("known");
  await ok(server, "POST", "/registered-models/create", { name });
  const { model } = await ok(server, "POST", "/logged-models", { experiment_id: "0" });
  const { model_id, artifact_uri } = model.info;
  for (let i = 0; i < 2; i++) {
    const given = { name, source: artifact_uri, model_id };
    await ok(server, "POST", "/model-versions/create", given);
  }
  const { model: known } = await ok(server, "GET", `/logged-models/${model_id}`);
  assert.deepEqual(known.info.tags, [{
    key: "mlflow.modelVersions",
    value: `[{"name": "${name}", "version": 1}, {"name": "${name}", "version": 2}]`,
  }]);
  const path = `${artifact_uri.replace("mlflow-artifacts:/", "")}/MLmodel`;
  const put = await server.request("PUT", `/api/2.0/mlflow-artifacts/artifacts/${path}`, "flavors");
  assert.equal(put.status, 200, put.text);
  const files = `/ajax-api/2.0/mlflow/logged-models/${model_id}/artifacts/files`;
  const file = await server.request("GET", `${files}?artifact_file_path=MLmodel`);
  assert.equal(file.text, "flavors");
  assert.equal(file.headers.get("content-disposition"), "attachment; filename=MLmodel");
  assert.equal((await server.request("GET", files)).status, 400);
  const escape = await server.request("GET", `${files}?artifact_file_path=../../secret`);
  assert.equal(escape.json<any>().message, "Invalid path");
});

testServer("filters of logged models are refused in MLflow's words", async (server) => {
  for (
    const [filter, words] of [
      ["Foo", /^Invalid filter string: 'Foo'/],
      ["foo.bar = 'a'", /^Invalid entity type/],
      ["name > 'foo'", /^Invalid comparison operator for attributes.name: '>'/],
      ["metrics.foo LIKE 0", /^Invalid comparison operator for metrics.foo: 'LIKE'/],
    ] as const
  ) {
    const body = { experiment_ids: ["0"], filter };
    const code = "INVALID_PARAMETER_VALUE";
    await refused(server, "POST", "/logged-models/search", body, 400, code, words);
  }
});

testServer("a page token of logged models is for the search that it came from", async (server) => {
  const { experiment_id } = await ok(server, "POST", "/experiments/create", {
    name: unique("pages"),
  });
  for (const name of ["é1", "é2"]) {
    await ok(server, "POST", "/logged-models", { experiment_id, name });
  }
  const ask = (more: object) => ({ experiment_ids: [experiment_id], max_results: 1, ...more });
  const filter = "name LIKE 'é%'";
  const first = await ok(server, "POST", "/logged-models/search", ask({ filter }));
  const page_token = first.next_page_token;
  const second = await ok(server, "POST", "/logged-models/search", ask({ filter, page_token }));
  assert.notEqual(second.models[0].info.name, first.models[0].info.name);
  assert.equal(second.next_page_token, undefined);
  for (
    const [more, words] of [
      [{ filter, experiment_ids: ["0"] }, /^Experiment IDs in the page token do not match/],
      [{}, /^Filter string in the page token does not match .* Expected: None. Found: name LIKE/],
      [
        { filter, order_by: [{ field_name: "name" }] },
        /^Order by in the page token does not match/,
      ],
      [{ filter, page_token: "bm9uZQ==" }, /^Invalid page token/],
    ] as const
  ) {
    const body = ask({ page_token, ...more });
    const code = "INVALID_PARAMETER_VALUE";
    await refused(server, "POST", "/logged-models/search", body, 400, code, words);
  }
});
