import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../tests/support/server.ts";

const v2 = "/api/2.0/mlflow";
const v3 = "/api/3.0/mlflow";

async function ok(server: TestServer, method: string, path: string, body?: unknown) {
  const answer = await server.request(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
  return answer;
}

/** A new experiment with one trace of one span that has these attributes. */
async function traced(server: TestServer, attributes: { key: string; value: unknown }[]) {
  const made = await ok(server, "POST", `${v2}/experiments/create`, {
    name: `trace-text-${crypto.randomUUID()}`,
  });
  const experiment = made.json<any>().experiment_id as string;
  const hex = crypto.randomUUID().replaceAll("-", "");
  const span = {
    traceId: hex,
    spanId: "00f067aa0ba902b7",
    name: "ask",
    startTimeUnixNano: "1767323045678000001",
    endTimeUnixNano: "1767323045756000003",
    status: { code: 1 },
    attributes,
    events: [{ timeUnixNano: "99999", name: "seen", attributes: [attributes[0]] }],
  };
  const answer = await server.request("POST", "/v1/traces", {
    resourceSpans: [{ scopeSpans: [{ spans: [span] }] }],
  }, { "x-mlflow-experiment-id": experiment });
  assert.equal(answer.status, 200, answer.text);
  return { experiment, trace: `tr-${hex}` };
}

testServer("a trace's text is its attributes' own, without their wrapping", async (server) => {
  const { experiment, trace } = await traced(server, [
    { key: "fruit", value: { stringValue: 'an "apple" a day' } },
    { key: "count", value: { intValue: "3" } },
  ]);
  const found = async (filter: string) => {
    const answer = await ok(server, "POST", `${v3}/traces/search`, {
      locations: [{ mlflow_experiment: { experiment_id: experiment } }],
      filter,
    });
    return (answer.json<any>().traces ?? []).map((t: any) => t.trace_id);
  };
  for (const text of ["apple", "fruit", "ask", "seen"]) {
    assert.deepEqual(await found(`trace.text LIKE '%${text}%'`), [trace], text);
  }
  assert.deepEqual(await found(`span.content LIKE '%"count":"3"%'`), [trace]);
  for (const text of ["string_value", '"value"', '"key"', "pear"]) {
    assert.deepEqual(await found(`trace.text LIKE '%${text}%'`), [], text);
  }
});

testServer("a trace's file has attributes as JSON texts and whole nanoseconds", async (server) => {
  const { trace } = await traced(server, [
    { key: "fruit", value: { stringValue: "äpple" } },
    { key: "share", value: { doubleValue: 2 } },
    {
      key: "list",
      value: { arrayValue: { values: [{ intValue: "1" }, { boolValue: true }] } },
    },
  ]);
  const { text, headers } = await ok(
    server,
    "GET",
    `/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${trace}`,
  );
  assert.equal(headers.get("content-disposition"), "attachment; filename=traces.json");
  assert.match(text, /"start_time_unix_nano":1767323045678000001,/);
  const [span] = JSON.parse(text).spans;
  assert.equal(span.attributes.fruit, '"äpple"');
  assert.equal(span.attributes.share, "2.0");
  assert.equal(span.attributes.list, "[1, true]");
  assert.deepEqual(span.status, { code: "STATUS_CODE_OK", message: "" });
  assert.equal(span.parent_span_id, null);
  assert.deepEqual(span.events, [
    { name: "seen", time_unix_nano: 99999, attributes: { fruit: "äpple" } },
  ]);
});

testServer("an expected list or object is kept as a JSON text", async (server) => {
  const { trace } = await traced(server, [{ key: "a", value: { stringValue: "b" } }]);
  const create = async (value: unknown) => {
    const answer = await ok(server, "POST", `${v3}/traces/${trace}/assessments`, {
      assessment: {
        assessment_name: "limits",
        expectation: { value },
        source: { source_type: "CODE", source_id: "check" },
      },
    });
    return answer.json<any>().assessment.expectation;
  };
  assert.deepEqual(await create({ ms: 10, ok: true }), {
    serialized_value: { serialization_format: "JSON_FORMAT", value: '{"ms":10,"ok":true}' },
  });
  assert.deepEqual(await create("soon"), { value: "soon" });
});
