import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../tests/support/server.ts";

const v2 = "/api/2.0/mlflow";
const v3 = "/api/3.0/mlflow";

async function ok(server: TestServer, method: string, path: string, body?: unknown) {
  const answer = await server.request(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
  return answer.text ? answer.json<any>() : {};
}

async function newExperiment(server: TestServer): Promise<string> {
  const name = `traces-${crypto.randomUUID()}`;
  return (await ok(server, "POST", `${v2}/experiments/create`, { name })).experiment_id;
}

const newTraceId = () => `tr-${crypto.randomUUID().replaceAll("-", "")}`;

async function startTrace(
  server: TestServer,
  experiment_id: string,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const trace_id = newTraceId();
  await ok(server, "POST", `${v3}/traces`, {
    trace: {
      trace_info: {
        trace_id,
        trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id } },
        request_time: "2026-01-02T03:04:05.678Z",
        execution_duration: "0.078s",
        state: "OK",
        tags: { "mlflow.traceName": "root" },
        ...fields,
      },
    },
  });
  return trace_id;
}

const hex = (traceId: string) => traceId.slice(3);

/** An export of one root span and one child, as OpenTelemetry's JSON has it. */
const exportOf = (traceId: string) => ({
  resourceSpans: [{
    scopeSpans: [{
      spans: [
        {
          traceId: hex(traceId),
          spanId: "00f067aa0ba902b7",
          name: "ask",
          startTimeUnixNano: "1767323045678000001",
          endTimeUnixNano: "1767323045756000003",
          status: { code: 1 },
          attributes: [
            { key: "mlflow.spanType", value: { stringValue: "LLM" } },
            { key: "mlflow.spanInputs", value: { stringValue: '{"q":"why"}' } },
          ],
        },
        {
          traceId: hex(traceId),
          spanId: "00f067aa0ba902b8",
          parentSpanId: "00f067aa0ba902b7",
          name: "look up",
          startTimeUnixNano: "1767323045680000000",
          endTimeUnixNano: "1767323045690000000",
        },
      ],
    }],
  }],
});

testServer("a trace is started, found, tagged, linked and deleted", async (server) => {
  const experiment = await newExperiment(server);
  const trace = await startTrace(server, experiment);
  const { trace: { trace_info } } = await ok(server, "GET", `${v3}/traces/${trace}`);
  assert.deepEqual(trace_info, {
    trace_id: trace,
    trace_location: {
      type: "MLFLOW_EXPERIMENT",
      mlflow_experiment: { experiment_id: experiment },
    },
    request_time: "2026-01-02T03:04:05.678Z",
    execution_duration: "0.078s",
    state: "OK",
    trace_metadata: { "mlflow.trace.infoFinalized": "true" },
    tags: {
      "mlflow.artifactLocation": `mlflow-artifacts:/${experiment}/traces/${trace}/artifacts`,
      "mlflow.traceName": "root",
    },
  });
  await ok(server, "PATCH", `${v2}/traces/${trace}/tags`, { key: "team", value: "quant" });
  const run = (await ok(server, "POST", `${v2}/runs/create`, { experiment_id: experiment })).run;
  await ok(server, "POST", `${v2}/traces/link-to-run`, {
    trace_ids: [trace],
    run_id: run.info.run_id,
  });
  const other = await startTrace(server, experiment, {
    state: "ERROR",
    request_time: "2026-01-02T03:04:06Z",
    trace_metadata: { "mlflow.sourceRun": "r2" },
  });
  const search = async (filter?: string, more: Record<string, unknown> = {}) =>
    await ok(server, "POST", `${v3}/traces/search`, {
      locations: [{ mlflow_experiment: { experiment_id: experiment } }],
      filter,
      ...more,
    });
  const found = async (filter?: string, more?: Record<string, unknown>) =>
    (await search(filter, more)).traces.map((t: any) => t.trace_id);
  assert.deepEqual(await found(), [other, trace]);
  assert.deepEqual(await found("status = 'OK'"), [trace]);
  assert.deepEqual(await found("tags.team = 'quant' AND trace.name = 'root'"), [trace]);
  assert.deepEqual(await found("tags.team IS NULL"), [other]);
  assert.deepEqual(await found(`run_id = '${run.info.run_id}'`), [trace]);
  assert.deepEqual(await found("run_id = 'r2'"), [other]);
  assert.deepEqual(await found(`run_id != '${run.info.run_id}'`), [other]);
  assert.deepEqual(await found("execution_time_ms >= 78 AND timestamp < 1767323046000"), [trace]);
  assert.deepEqual(await found("name RLIKE '^ro+t$' OR name = 'x'"), [other, trace]);
  assert.deepEqual(await found(undefined, { order_by: ["timestamp ASC"] }), [trace, other]);
  const page = await search(undefined, { max_results: 1 });
  assert.deepEqual(await found(undefined, { page_token: page.next_page_token }), [trace]);
  for (
    const [filter, words] of [["foo.x = '1'", "Invalid entity type 'foo'"], [
      "name RLIKE '('",
      "RLIKE",
    ]]
  ) {
    const refused = await server.request("POST", `${v3}/traces/search`, {
      locations: [{ mlflow_experiment: { experiment_id: experiment } }],
      filter,
    });
    assert.equal(refused.status, 400, refused.text);
    assert.ok(refused.json<any>().message.includes(words), refused.text);
  }
  const { npmi_smoothed, ...counts } = await ok(
    server,
    "POST",
    `${v3}/traces/calculate-filter-correlation`,
    {
      experiment_ids: [experiment],
      filter_string1: "status = 'OK'",
      filter_string2: "status = 'ERROR'",
    },
  );
  // Half a trace more in each of the four counts: log((0.5 * 4) / (2 * 2)) / -log(0.5 / 4).
  assert.ok(Math.abs(npmi_smoothed + 1 / 3) < 1e-12, npmi_smoothed);
  assert.deepEqual(counts, {
    filter1_count: 1,
    filter2_count: 1,
    joint_count: 0,
    total_count: 2,
    npmi: -1,
  });
  await ok(server, "DELETE", `${v3}/traces/${trace}/tags`, { key: "team" });
  const missing = await server.request("DELETE", `${v2}/traces/${trace}/tags`, { key: "team" });
  assert.equal(missing.status, 404);
  assert.deepEqual(
    await ok(server, "POST", `${v2}/traces/delete-traces`, {
      experiment_id: experiment,
      request_ids: [trace],
    }),
    { traces_deleted: 1 },
  );
  const gone = await server.request("GET", `${v3}/traces/${trace}`);
  assert.equal(gone.json<any>().message, `Trace with ID '${trace}' not found.`);
});

testServer(
  "spans make their trace, whoever comes first, and are read back whole",
  async (server) => {
    const experiment = await newExperiment(server);
    const headers = { "x-mlflow-experiment-id": experiment };
    const send = async (trace: string) => {
      const answer = await server.request("POST", "/v1/traces", exportOf(trace), headers);
      assert.equal(answer.status, 200, answer.text);
    };
    const first = newTraceId();
    await send(first);
    const { trace } = await ok(server, "GET", `${v3}/traces/get?trace_id=${first}`);
    assert.equal(trace.trace_info.state, "OK");
    assert.equal(trace.trace_info.execution_duration, "0.078s");
    assert.equal(trace.trace_info.request_preview, '{"q":"why"}');
    assert.equal(trace.trace_info.tags["mlflow.trace.spansLocation"], "TRACKING_STORE");
    assert.deepEqual(trace.spans.map((s: any) => [s.name, s.start_time_unix_nano]), [
      ["ask", "1767323045678000001"],
      ["look up", "1767323045680000000"],
    ]);
    assert.equal(
      atob(trace.spans[1].parent_span_id),
      atob(trace.spans[0].span_id),
    );
    const named = await startTrace(server, experiment);
    await send(named);
    const { traces } = await ok(
      server,
      "GET",
      `${v3}/traces/batchGet?trace_ids=${named}&trace_ids=${first}&trace_ids=none`,
    );
    assert.deepEqual(traces.map((t: any) => [t.trace_info.trace_id, t.spans.length]), [
      [named, 2],
      [first, 2],
    ]);
    assert.equal(traces[0].trace_info.tags["mlflow.traceName"], "root");
    const search = await ok(server, "POST", `${v3}/traces/search`, {
      locations: [{ mlflow_experiment: { experiment_id: experiment } }],
      filter: "span.type = 'LLM' AND span.attributes.mlflow.spanType = 'LLM' AND text LIKE '%why%'",
    });
    assert.equal(search.traces.length, 2);
    const elsewhere = await newExperiment(server);
    const taken = await server.request("POST", "/v1/traces", exportOf(first), {
      "x-mlflow-experiment-id": elsewhere,
    });
    assert.equal(taken.status, 400, taken.text);
    const broken = new Uint8Array([255, 255, 255, 1]);
    const refused = await server.request("POST", "/v1/traces", broken, {
      ...headers,
      "content-type": "application/x-protobuf",
    });
    assert.equal(refused.json<any>().message, "Invalid OpenTelemetry format");
    const bomb = new Blob([new Uint8Array(64 << 20)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const packed = new Uint8Array(await new Response(bomb).arrayBuffer());
    const tooLarge = await server.request("POST", "/v1/traces", packed, {
      ...headers,
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
    });
    assert.equal(tooLarge.status, 413, tooLarge.text);
  },
);

testServer("assessments keep their values, override each other and come back", async (server) => {
  const experiment = await newExperiment(server);
  const trace = await startTrace(server, experiment);
  const path = `${v3}/traces/${trace}/assessments`;
  const make = async (assessment: Record<string, unknown>) =>
    (await ok(server, "POST", path, {
      assessment: { source: { source_type: "HUMAN", source_id: "ada" }, ...assessment },
    })).assessment;
  const value = { list: [], nothing: null, n: 1.5 };
  const good = await make({ assessment_name: "good", feedback: { value } });
  assert.deepEqual((await ok(server, "GET", `${path}/${good.assessment_id}`)).assessment.feedback, {
    value,
  });
  const changed = (await ok(server, "PATCH", `${path}/${good.assessment_id}`, {
    assessment: { assessment_name: "better", feedback: { value: 0.5 }, rationale: "why" },
    update_mask: "assessmentName,feedback,rationale",
  })).assessment;
  assert.equal(changed.assessment_name, "better");
  assert.equal(changed.rationale, "why");
  const over = await make({
    assessment_name: "better",
    feedback: { value: true },
    overrides: good.assessment_id,
  });
  const valid = async () =>
    (await ok(server, "GET", `${v3}/traces/${trace}`)).trace.trace_info.assessments
      .map((a: any) => [a.assessment_id, a.valid]);
  assert.deepEqual(await valid(), [[good.assessment_id, false], [over.assessment_id, true]]);
  const search = async (filter: string) =>
    ((await ok(server, "POST", `${v3}/traces/search`, {
      locations: [{ mlflow_experiment: { experiment_id: experiment } }],
      filter,
    })).traces ?? []).length;
  assert.equal(await search("feedback.better = 'true'"), 1);
  assert.equal(await search("feedback.better >= 0.5"), 1);
  assert.equal(await search("feedback.better > 0.5"), 0);
  assert.equal(await search("expectation.better IS NOT NULL"), 0);
  await ok(server, "DELETE", `${path}/${over.assessment_id}`);
  assert.deepEqual(await valid(), [[good.assessment_id, true]]);
  const wrong = await server.request("PATCH", `${path}/${good.assessment_id}`, {
    assessment: { expectation: { value: 1 } },
    update_mask: "expectation",
  });
  assert.equal(
    wrong.json<any>().message,
    "Cannot update expectation value on a Feedback assessment.",
  );
});

testServer("a trace of MLflow 2 begins and ends in two calls", async (server) => {
  const experiment = await newExperiment(server);
  const { trace_info } = await ok(server, "POST", `${v2}/traces`, {
    experiment_id: experiment,
    timestamp_ms: 1000,
    request_metadata: [{ key: "m", value: "1" }, { key: "k", value: "1" }],
    tags: [{ key: "t", value: "1" }],
  });
  assert.equal(trace_info.status, "IN_PROGRESS");
  assert.equal(trace_info.execution_time_ms, 0);
  const ended = (await ok(server, "PATCH", `${v2}/traces/${trace_info.request_id}`, {
    timestamp_ms: 3000,
    status: "OK",
    request_metadata: [{ key: "m", value: "2" }],
    tags: [{ key: "t", value: "2" }],
  })).trace_info;
  assert.equal(ended.execution_time_ms, 2000);
  assert.deepEqual(ended.request_metadata, [{ key: "k", value: "1" }, { key: "m", value: "2" }]);
  const listed = await ok(server, "GET", `${v2}/traces?experiment_ids=${experiment}`);
  assert.deepEqual(listed.traces, [ended]);
  const read = await ok(server, "GET", `${v2}/traces/${trace_info.request_id}/info`);
  assert.deepEqual(read.trace_info, ended);
});

testServer("evaluation datasets merge records of equal inputs", async (server) => {
  const experiment = await newExperiment(server);
  const { dataset } = await ok(server, "POST", `${v3}/datasets/create`, {
    name: "questions",
    experiment_ids: [experiment],
    tags: JSON.stringify({ a: "1", "mlflow.user": "ada" }),
  });
  assert.deepEqual([dataset.experiment_ids, dataset.created_by], [[experiment], "ada"]);
  const path = `${v3}/datasets/${dataset.dataset_id}`;
  const put = (records: unknown[]) =>
    ok(server, "POST", `${path}/records`, { records: JSON.stringify(records) });
  assert.deepEqual(
    await put([{ inputs: { q: "x", z: 1 }, expectations: { a: 1 } }, { inputs: { q: "y" } }]),
    { inserted_count: 2, updated_count: 0 },
  );
  assert.deepEqual(await put([{ inputs: { z: 1, q: "x" }, expectations: { b: [] } }]), {
    inserted_count: 0,
    updated_count: 1,
  });
  const records = JSON.parse((await ok(server, "GET", `${path}/records`)).records);
  const merged = records.find((r: any) => r.inputs.q === "x");
  assert.deepEqual(merged.expectations, { a: 1, b: [] });
  const after = (await ok(server, "GET", path)).dataset;
  assert.equal(after.profile, '{"num_records":2}');
  assert.deepEqual(JSON.parse(after.schema).expectations, { a: "integer", b: "array" });
  const found = async (filter_string: string) =>
    ((await ok(server, "POST", `${v3}/datasets/search`, {
      experiment_ids: [experiment],
      filter_string,
    })).datasets ?? []).length;
  assert.equal(await found("name LIKE 'quest%' AND tags.a = '1' AND created_time > 0"), 1);
  assert.equal(await found("tags.a = '2'"), 0);
  await ok(server, "PATCH", `${path}/tags`, { tags: JSON.stringify({ b: "2" }) });
  await ok(server, "DELETE", `${path}/tags/a`);
  assert.deepEqual(JSON.parse((await ok(server, "GET", path)).dataset.tags), {
    "mlflow.user": "ada",
    b: "2",
  });
  assert.deepEqual(
    await ok(server, "DELETE", `${path}/records`, {
      dataset_record_ids: [merged.dataset_record_id],
    }),
    { deleted_count: 1 },
  );
  await ok(server, "DELETE", path);
  assert.equal((await server.request("GET", path)).status, 404);
});

testServer("scorers have versions, the latest first to be given", async (server) => {
  const experiment_id = await newExperiment(server);
  for (const text of ['{"v":1}', '{"v":2}']) {
    await ok(server, "POST", `${v3}/scorers/register`, {
      experiment_id,
      name: "polite",
      serialized_scorer: text,
    });
  }
  const query = `experiment_id=${experiment_id}&name=polite`;
  const get = async (more = "") =>
    (await ok(server, "GET", `${v3}/scorers/get?${query}${more}`)).scorer;
  assert.deepEqual([(await get()).scorer_version, (await get("&version=1")).serialized_scorer], [
    2,
    '{"v":1}',
  ]);
  assert.equal(
    (await ok(server, "GET", `${v3}/scorers/list?experiment_id=${experiment_id}`)).scorers.length,
    1,
  );
  await ok(server, "DELETE", `${v3}/scorers/delete`, { experiment_id, name: "polite", version: 2 });
  assert.equal((await get()).scorer_version, 1);
  await ok(server, "DELETE", `${v3}/scorers/delete`, { experiment_id, name: "polite" });
  const gone = await server.request("GET", `${v3}/scorers/get?${query}`);
  assert.equal(
    gone.json<any>().message,
    `Scorer with name 'polite' not found for experiment ${experiment_id}.`,
  );
});
