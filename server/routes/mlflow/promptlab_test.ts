import assert from "node:assert/strict";
import { testServer } from "../../../tests/support/server.ts";

const ajax = "/ajax-api/2.0/mlflow";

testServer("a prompt that was tried is recorded as a run with its table", async (server) => {
  const name = `prompts ${crypto.randomUUID()}`;
  const { experiment_id } = (await server.request("POST", `${ajax}/experiments/create`, { name }))
    .json<{ experiment_id: string }>();
  const whole: Record<string, unknown> = {
    experiment_id,
    prompt_template: "hello {{who}}",
    prompt_parameters: [{ key: "who", value: "you" }],
    model_route: "route",
    model_input: "hello you",
    mlflow_version: "1.0.0",
  };
  const names = Object.keys(whole);
  for (const [i, absent] of names.entries()) {
    const body = Object.fromEntries(names.slice(0, i).map((n) => [n, whole[n]]));
    const refused = await server.request("POST", `${ajax}/runs/create-promptlab-run`, body);
    assert.equal(refused.status, 400);
    assert.equal(
      refused.json<any>().message,
      `CreatePromptlabRun request must specify ${absent}.`,
    );
  }
  const answer = await server.request("POST", `${ajax}/runs/create-promptlab-run`, {
    ...whole,
    run_name: "tried",
    model_parameters: [{ key: "temperature", value: "0.1" }],
    model_output: "hi",
    model_output_parameters: [{ key: "latency", value: "100" }],
    user_id: "ada",
    start_time: 456,
  });
  const { info, data } = answer.json<any>().run;
  assert.deepEqual(
    [info.run_name, info.user_id, info.status, info.start_time],
    ["tried", "ada", "FINISHED", 456],
  );
  const tag = data.tags.find((t: any) => t.key === "mlflow.loggedArtifacts");
  assert.equal(tag.value, '[{"path": "eval_results_table.json", "type": "table"}]');
  const table = await server.services.artifacts.read(
    `runs:/${info.run_id}/eval_results_table.json`,
  );
  assert.deepEqual(JSON.parse(new TextDecoder().decode(table)), {
    columns: ["who", "prompt", "output", "latency"],
    data: [["you", "hello you", "hi", "100"]],
  });
});

testServer("addresses are signed only where artifacts lie in a bucket", async (server) => {
  const run = (await server.request("POST", "/api/2.0/mlflow/runs/create", {})).json<any>().run;
  const path = `0/${run.info.run_id}/artifacts/a.txt`;
  await server.services.artifacts.write(path, "hello");
  const url = `/api/2.0/mlflow-artifacts/presigned/${path}`;
  const refused = await server.request("GET", url);
  assert.equal(refused.status, 501);
  assert.match(refused.json<any>().message, /^Multipart download is not supported/);
  const { blobs } = server.services;
  blobs.presign = (sha256, seconds) => Promise.resolve(`https://bucket/${sha256}?for=${seconds}`);
  try {
    const signed = (await server.request("GET", url)).json<any>();
    assert.match(signed.url, /^https:\/\/bucket\/2cf24dba.*\?for=900$/);
    assert.equal(signed.file_size, 5);
    const info = await server.request("GET", "/api/3.0/mlflow/server-info");
    assert.equal(info.json<any>().multipart_downloads_enabled, true);
  } finally {
    delete blobs.presign;
  }
  const outside = await server.request("GET", url.replace("a.txt", "..%2f..%2fx"));
  assert.ok([400, 501].includes(outside.status), outside.text);
});
