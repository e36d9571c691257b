import assert from "node:assert/strict";
import { ok, refused, unique } from "../../../tests/support/mlflow_requests.ts";
import { testServer } from "../../../tests/support/server.ts";

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
