import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../tests/support/server.ts";

const api = "/api/2.0/mlflow";
const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;

async function ok<T = any>(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await server.request(method, api + path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
  return answer.json<any>();
}

async function refused(
  server: TestServer,
  method: string,
  path: string,
  body: unknown,
  status: number,
  code: string,
  message: RegExp,
): Promise<void> {
  const answer = await server.request(method, api + path, body);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json<any>().error_code, code);
  assert.match(answer.json<any>().message, message);
}

testServer(
  "a model lives: created, versioned, staged, aliased, searched, renamed, deleted",
  async (server) => {
    const name = unique("model");
    const { run } = await ok(server, "POST", "/runs/create", { experiment_id: "0" });
    const runId = run.info.run_id;
    const made = await ok(server, "POST", "/registered-models/create", {
      name,
      description: "first",
      tags: [{ key: "a", value: "1" }],
    });
    assert.equal(made.registered_model.description, "first");
    await refused(
      server,
      "POST",
      "/registered-models/create",
      { name },
      400,
      "RESOURCE_ALREADY_EXISTS",
      /already exists/,
    );
    await refused(
      server,
      "POST",
      "/registered-models/create",
      { name: "a/b" },
      400,
      "INVALID_PARAMETER_VALUE",
      /Names cannot contain/,
    );
    const version = { name, source: `runs:/${runId}/model`, run_id: runId };
    // Versions made at once get numbers of their own.
    const versions = await Promise.all(
      [1, 2, 3].map(() => ok(server, "POST", "/model-versions/create", version)),
    );
    assert.deepEqual(versions.map((v) => v.model_version.version).sort(), ["1", "2", "3"]);
    await ok(server, "POST", "/model-versions/transition-stage", {
      name,
      version: "1",
      stage: "production",
    });
    const { model_version } = await ok(server, "POST", "/model-versions/transition-stage", {
      name,
      version: "2",
      stage: "PRODUCTION",
      archive_existing_versions: true,
    });
    assert.equal(model_version.current_stage, "Production");
    const latest = await ok(server, "GET", `/registered-models/get-latest-versions?name=${name}`);
    assert.deepEqual(
      latest.model_versions.map((v: any) => `${v.current_stage} ${v.version}`).sort(),
      ["Archived 1", "None 3", "Production 2"],
    );
    await refused(
      server,
      "POST",
      "/model-versions/transition-stage",
      { name, version: "1", stage: "Best" },
      400,
      "INVALID_PARAMETER_VALUE",
      /Value must be one of None, Staging, Production, Archived/,
    );
    await ok(server, "POST", "/registered-models/alias", {
      name,
      alias: "candidate",
      version: "2",
    });
    const aliased = await ok(
      server,
      "GET",
      `/registered-models/alias?name=${name}&alias=candidate`,
    );
    assert.deepEqual(aliased.model_version.aliases, ["candidate"]);
    const newest = await ok(server, "GET", `/registered-models/alias?name=${name}&alias=latest`);
    assert.equal(newest.model_version.version, "3");
    await refused(
      server,
      "POST",
      "/registered-models/alias",
      { name, alias: "v7", version: "1" },
      400,
      "INVALID_PARAMETER_VALUE",
      /is reserved/,
    );
    await refused(
      server,
      "GET",
      `/registered-models/alias?name=${name}&alias=none`,
      undefined,
      400,
      "INVALID_PARAMETER_VALUE",
      /Registered model alias none not found/,
    );
    await ok(server, "POST", "/model-versions/set-tag", {
      name,
      version: "3",
      key: "q",
      value: "good",
    });
    const query = new URLSearchParams({
      filter: `name = '${name}' AND tags.q = 'good' OR run_id = '${runId}' AND version_number < 2`,
      order_by: "version_number DESC",
    });
    const found = await ok(server, "GET", `/model-versions/search?${query}`);
    assert.deepEqual(found.model_versions.map((v: any) => v.version), ["3", "1"]);
    await ok(server, "DELETE", "/model-versions/delete", { name, version: "3" });
    await refused(
      server,
      "GET",
      `/model-versions/get?name=${name}&version=3`,
      undefined,
      404,
      "RESOURCE_DOES_NOT_EXIST",
      /not found/,
    );
    assert.equal(
      (await ok(server, "POST", "/model-versions/create", version)).model_version.version,
      "4",
    );
    await ok(server, "POST", "/registered-models/rename", { name, new_name: `${name}-2` });
    const renamed = await ok(server, "GET", `/registered-models/get?name=${name}-2`);
    assert.deepEqual(renamed.registered_model.aliases, [{ alias: "candidate", version: "2" }]);
    await ok(server, "DELETE", "/registered-models/delete", { name: `${name}-2` });
    await refused(
      server,
      "GET",
      `/registered-models/get?name=${name}-2`,
      undefined,
      404,
      "RESOURCE_DOES_NOT_EXIST",
      /Registered Model with name=.* not found/,
    );
  },
);

testServer(
  "models are paged and ordered, and prompts are left out unless asked for",
  async (server) => {
    const stem = unique("page");
    for (const i of [1, 2, 3]) {
      await ok(server, "POST", "/registered-models/create", {
        name: `${stem}-${i}`,
      });
    }
    await ok(server, "POST", "/registered-models/create", {
      name: `${stem}-prompt`,
      tags: [{ key: "mlflow.prompt.is_prompt", value: "true" }],
    });
    const names: string[] = [];
    let token = "";
    do {
      const query = new URLSearchParams({
        filter: `name LIKE '${stem}%'`,
        order_by: "name DESC",
        max_results: "2",
        ...token ? { page_token: token } : {},
      });
      const page = await ok(server, "GET", `/registered-models/search?${query}`);
      names.push(...page.registered_models.map((m: any) => m.name));
      token = page.next_page_token ?? "";
    } while (token);
    assert.deepEqual(names, [`${stem}-3`, `${stem}-2`, `${stem}-1`]);
    const query = new URLSearchParams({
      filter: `name LIKE '${stem}%' AND tags.\`mlflow.prompt.is_prompt\` = 'true'`,
    });
    const prompts = await ok(server, "GET", `/registered-models/search?${query}`);
    assert.deepEqual(prompts.registered_models.map((m: any) => m.name), [`${stem}-prompt`]);
  },
);

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

testServer("experiments are refused in MLflow's words", async (server) => {
  await refused(
    server,
    "POST",
    "/experiments/create",
    { name: 123 },
    400,
    "INVALID_PARAMETER_VALUE",
    /^Invalid value 123 for parameter 'name' supplied: {2}Hint: Value was of type 'int'\./,
  );
  await refused(
    server,
    "POST",
    "/experiments/create",
    {},
    400,
    "INVALID_PARAMETER_VALUE",
    /^Missing value for required parameter 'name'\./,
  );
  await refused(
    server,
    "GET",
    "/experiments/get?experiment_id=99999999",
    undefined,
    404,
    "RESOURCE_DOES_NOT_EXIST",
    /^No Experiment with id=99999999 exists$/,
  );
  await refused(
    server,
    "GET",
    "/experiments/get?experiment_id=x",
    undefined,
    400,
    "INVALID_PARAMETER_VALUE",
    /Experiment ID must be a valid integer/,
  );
  await refused(
    server,
    "GET",
    "/experiments/get-by-name?experiment_name=nobody",
    undefined,
    404,
    "RESOURCE_DOES_NOT_EXIST",
    /^Could not find experiment with name 'nobody'$/,
  );
  await refused(
    server,
    "POST",
    "/experiments/unheard-of",
    {},
    404,
    "ENDPOINT_NOT_FOUND",
    /No endpoint/,
  );
  const answer = await server.request(
    "POST",
    `${api}/experiments/create`,
    '{"name":"x","artifact_location":9.0}',
    {
      "content-type": "application/json",
    },
  );
  assert.match(answer.json<any>().message, /^Invalid value 9\.0 for parameter 'artifact_location'/);
  assert.equal((await server.request("GET", "/health")).text, "OK");
  assert.match((await server.request("GET", "/version")).text, /^3\.\d+\.\d+$/);
  const info = await server.request("GET", "/api/3.0/mlflow/server-info");
  assert.equal(info.json<any>().workspaces_enabled, false);
});

testServer("a version's source may be a folder inside its run's own folder", async (server) => {
  const name = unique("folder");
  await ok(server, "POST", "/registered-models/create", { name });
  const { experiment_id } = await ok(server, "POST", "/experiments/create", {
    name: unique("folder"),
    artifact_location: "file:///data/of the team",
  });
  const { run } = await ok(server, "POST", "/runs/create", { experiment_id });
  const { run_id, artifact_uri } = run.info;
  const path = artifact_uri.slice("file://".length);
  for (const source of [artifact_uri, `${artifact_uri}/model`, `${artifact_uri}/a/..`, path]) {
    await ok(server, "POST", "/model-versions/create", { name, source, run_id });
  }
  const outside = /To use a local path as a model version source, the run_id request parameter/;
  for (
    const given of [
      { source: artifact_uri },
      { source: path },
      { source: `${artifact_uri}/..`, run_id },
      { source: `${artifact_uri}/%2e%2e/other`, run_id },
      { source: `${path}-other`, run_id },
      { source: "/data", run_id },
      { source: "model", run_id },
    ]
  ) {
    const body = { name, ...given };
    const code = "INVALID_PARAMETER_VALUE";
    await refused(server, "POST", "/model-versions/create", body, 400, code, outside);
  }
  await refused(
    server,
    "POST",
    "/model-versions/create",
    { name, source: "file://elsewhere.example/data", run_id },
    400,
    "INVALID_PARAMETER_VALUE",
    /is not a valid remote uri/,
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

testServer("a copied version is downloaded from where the first one lies", async (server) => {
  const name = unique("copied");
  await ok(server, "POST", "/registered-models/create", { name });
  const make = (source: string) => ok(server, "POST", "/model-versions/create", { name, source });
  const { model_version } = await make("s3://bucket/model");
  assert.equal(model_version.description, "");
  assert.equal(model_version.run_id, "");
  await make(`models:/${name}/1`);
  const copy = await make(`models:/${name}/2`);
  assert.equal(copy.model_version.source, `models:/${name}/2`);
  const uri = async (version: number) =>
    (await ok(server, "GET", `/model-versions/get-download-uri?name=${name}&version=${version}`))
      .artifact_uri;
  assert.equal(await uri(3), "s3://bucket/model");
  await ok(server, "DELETE", "/model-versions/delete", { name, version: "1" });
  assert.equal(await uri(3), `models:/${name}/1`);
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
