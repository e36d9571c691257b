import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../tests/support/server.ts";

const api = "/api/2.0/mlflow";
const unique = () => crypto.randomUUID().slice(0, 8);

async function newRun(server: TestServer, body: Record<string, unknown> = {}) {
  const experiment = await server.request("POST", `${api}/experiments/create`, { name: unique() });
  const { experiment_id } = experiment.json<{ experiment_id: string }>();
  const answer = await server.request("POST", `${api}/runs/create`, { experiment_id, ...body });
  assert.equal(answer.status, 200, answer.text);
  const { run } = answer.json<{ run: { info: { run_id: string } } }>();
  return { experiment_id, run_id: run.info.run_id, run };
}

testServer("a run is created, updated, read, deleted and restored", async (server) => {
  const { experiment_id, run_id } = await newRun(server, {
    run_name: "first",
    start_time: 1000,
    user_id: "ada",
    tags: [{ key: "k", value: "v" }],
  });
  const update = await server.request("POST", `${api}/runs/update`, {
    run_id,
    status: "FINISHED",
    end_time: "2000",
    run_name: "renamed",
  });
  assert.equal(update.status, 200, update.text);
  const read = (await server.request("GET", `${api}/runs/get?run_id=${run_id}`)).json<any>().run;
  assert.deepEqual(read.info, {
    run_id,
    run_uuid: run_id,
    run_name: "renamed",
    experiment_id,
    user_id: "ada",
    status: "FINISHED",
    start_time: 1000,
    end_time: 2000,
    artifact_uri: `mlflow-artifacts:/${experiment_id}/${run_id}/artifacts`,
    lifecycle_stage: "active",
  });
  assert.deepEqual(read.data.tags, [
    { key: "k", value: "v" },
    { key: "mlflow.runName", value: "renamed" },
  ]);
  assert.equal((await server.request("POST", `${api}/runs/delete`, { run_id })).status, 200);
  const refused = await server.request("POST", `${api}/runs/log-parameter`, {
    run_id,
    key: "a",
    value: "1",
  });
  assert.equal(refused.status, 400);
  assert.equal(
    refused.json<any>().message,
    `The run ${run_id} must be in the 'active' state. Current state is deleted.`,
  );
  await server.request("POST", `${api}/runs/restore`, { run_id });
  const again = await server.request("POST", `${api}/runs/set-tag`, { run_id, key: "a" });
  assert.equal(again.status, 200);
});

testServer(
  "metrics keep NaN and infinities, and the latest is the greatest step",
  async (server) => {
    const { run_id } = await newRun(server);
    const log = (value: unknown, timestamp: number, step: number) =>
      server.request("POST", `${api}/runs/log-metric`, {
        run_id,
        key: "m",
        value,
        timestamp,
        step,
      });
    for (
      const [value, timestamp, step] of [[1, 5, 1], ["NaN", 6, 2], ["Infinity", 7, 3]] as const
    ) {
      assert.equal((await log(value, timestamp, step)).status, 200);
    }
    await log(-1, 9, 2);
    // The same point twice is one point.
    await log(1, 5, 1);
    const history = await server.request(
      "GET",
      `${api}/metrics/get-history?run_id=${run_id}&metric_key=m`,
    );
    assert.deepEqual(history.json<any>().metrics, [
      { key: "m", value: 1, timestamp: 5, step: 1 },
      { key: "m", value: "NaN", timestamp: 6, step: 2 },
      { key: "m", value: "Infinity", timestamp: 7, step: 3 },
      { key: "m", value: -1, timestamp: 9, step: 2 },
    ]);
    const { run } = (await server.request("GET", `${api}/runs/get?run_id=${run_id}`)).json<any>();
    assert.deepEqual(run.data.metrics, [{ key: "m", value: "Infinity", timestamp: 7, step: 3 }]);
  },
);

testServer(
  "a param keeps its value: the same again is fine, another is refused",
  async (server) => {
    const { run_id } = await newRun(server);
    const log = (value: string) =>
      server.request("POST", `${api}/runs/log-parameter`, { run_id, key: "lr", value });
    assert.equal((await log("0.1")).status, 200);
    assert.equal((await log("0.1")).status, 200);
    const refused = await log("0.2");
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.json(), {
      error_code: "INVALID_PARAMETER_VALUE",
      message:
        "Changing param values is not allowed. Param with key='lr' was already logged with " +
        `value='0.1' for run ID='${run_id}'. Attempted logging new value '0.2'.`,
    });
  },
);

testServer("log-batch writes metrics, params and tags together or not at all", async (server) => {
  const { run_id } = await newRun(server);
  const batch = {
    run_id,
    metrics: [{ key: "a", value: 1, timestamp: 1, step: 0 }],
    params: [{ key: "p", value: "1" }],
    tags: [{ key: "t", value: "x" }],
  };
  assert.equal((await server.request("POST", `${api}/runs/log-batch`, batch)).status, 200);
  const refused = await server.request("POST", `${api}/runs/log-batch`, {
    run_id,
    metrics: [{ key: "b", value: 1, timestamp: 1, step: 0 }],
    params: [{ key: "q", value: "1" }, { key: "p", value: "2" }],
    tags: [],
  });
  assert.equal(refused.status, 400);
  assert.match(refused.json<any>().message, /^Changing param values is not allowed. Params were/);
  const { run } = (await server.request("GET", `${api}/runs/get?run_id=${run_id}`)).json<any>();
  assert.deepEqual(run.data.params, [{ key: "p", value: "1" }]);
  assert.deepEqual(run.data.metrics.map((m: any) => m.key), ["a"]);
});

testServer("limits of a batch are refused in MLflow's words", async (server) => {
  const { run_id } = await newRun(server);
  const send = async (body: Record<string, unknown>) =>
    (await server.request("POST", `${api}/runs/log-batch`, { run_id, ...body })).json<any>()
      .message;
  const metrics = Array.from({ length: 1001 }, (_, i) => ({
    key: `m${i}`,
    value: 1,
    timestamp: 1,
    step: 0,
  }));
  assert.equal(
    await send({ metrics }),
    "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. " +
      "Please split up metrics across multiple requests and try again.",
  );
  assert.equal(
    await send({ params: [{ key: "a", value: "1" }, { key: "a", value: "2" }] }),
    "Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains " +
      "only one param value per param key.",
  );
  assert.match(
    await send({ metrics: [{ key: "a", timestamp: 1 }] }),
    /Missing value for required parameter 'metrics\[0\]\.value'\. See the API docs/,
  );
  assert.match(
    await send({ metrics: [{ key: "../x", value: 1, timestamp: 1 }] }),
    /^Invalid value "\.\.\/x" for parameter 'metrics\[0\]\.name' supplied: Names may be treated/,
  );
  assert.match(
    await send({ metrics: "no" }),
    /^Invalid value "no" for parameter 'metrics' supplied: {2}Hint: Value was of type 'str'\./,
  );
});

testServer("search filters with AND, OR, NOT, orders, and pages stably", async (server) => {
  const { experiment_id } = await newRun(server, { run_name: "first" });
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    const { run } = (await server.request("POST", `${api}/runs/create`, {
      experiment_id,
      start_time: 100 + i,
      run_name: `r${i}`,
    })).json<any>();
    ids.push(run.info.run_id);
    await server.services.tracking.logBatch(run.info.run_id, {
      metrics: i === 3 ? [] : [{ key: "m", value: i === 5 ? NaN : i, timestamp: 1, step: 0 }],
      params: [{ key: "even", value: String(i % 2 === 0) }],
      tags: [],
    });
  }
  const search = async (body: Record<string, unknown>) =>
    (await server.request("POST", `${api}/runs/search`, {
      experiment_ids: [experiment_id],
      ...body,
    })).json<any>();
  const names = async (filter: string, order_by?: string[]) =>
    ((await search({ filter, order_by })).runs ?? []).map((r: any) => r.info.run_name);
  assert.deepEqual(await names("params.even = 'true' and metrics.m >= 2"), ["r6", "r4", "r2"]);
  assert.deepEqual(
    await names("(metrics.m < 1 or attributes.run_name LIKE '%6') and not params.even = 'false'"),
    ["r6", "r0"],
  );
  // NaN after the numbers, absent last, whichever the direction.
  assert.deepEqual(
    await names("run_name LIKE 'r_'", ["metrics.m DESC"]),
    ["r6", "r4", "r2", "r1", "r0", "r5", "r3"],
  );
  assert.deepEqual(
    await names("run_name LIKE 'r_'", ["metrics.m"]),
    ["r0", "r1", "r2", "r4", "r6", "r5", "r3"],
  );
  const seen: string[] = [];
  let page_token: string | undefined;
  do {
    const page: any = await search({
      filter: "run_name LIKE 'r_'",
      order_by: ["metrics.m DESC"],
      max_results: 2,
      page_token,
    });
    seen.push(...page.runs.map((r: any) => r.info.run_name));
    page_token = page.next_page_token;
    // A run made between two pages neither repeats nor hides one.
    if (seen.length === 2) await server.request("POST", `${api}/runs/create`, { experiment_id });
  } while (page_token);
  assert.deepEqual(seen, ["r6", "r4", "r2", "r1", "r0", "r5", "r3"]);
  const refused = await server.request("POST", `${api}/runs/search`, {
    experiment_ids: [experiment_id],
    filter: "metrics.m > 'x'",
  });
  assert.equal(refused.status, 400);
  assert.match(
    refused.json<any>().message,
    /^Expected numeric value type for metric\. Found 'x' at character 13/,
  );
});
