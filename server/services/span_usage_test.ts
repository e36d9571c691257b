import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { testServer } from "../../tests/support/server.ts";
import { totalUsage, type UsageNode } from "./span_usage.ts";

interface Case {
  case: string;
  traceId: string;
  exports: unknown[];
  metadata: Record<string, string>;
}

/** What MLflow's own server says of traces sent by OTLP; testdata/make_otlp_usage.py made it. */
const cases: Case[] = JSON.parse(
  await readFile(new URL("./testdata/otlp_usage.json", import.meta.url), "utf8"),
);
const compared = [
  "mlflow.trace.tokenUsage",
  "mlflow.trace.cost",
  "mlflow.trace.session",
  "mlflow.trace.user",
];

testServer(
  "tokens, costs, session and user of traces sent by OTLP are MLflow's",
  async (server) => {
    const { tracking, traces } = server.services;
    const experimentId = await tracking.createExperiment(crypto.randomUUID());
    for (const { case: name, traceId, exports, metadata } of cases) {
      for (const part of exports) {
        const headers = { "x-mlflow-experiment-id": experimentId };
        const answer = await server.request("POST", "/v1/traces", part, headers);
        assert.equal(answer.status, 200, answer.text);
      }
      const found = (await traces.getInfo(traceId)).metadata;
      for (const key of compared) {
        const [ours, theirs] = [found, metadata].map((m) => m[key]);
        // Python writes 2.0 where JavaScript writes 2.
        if (key.endsWith("cost") && ours && theirs) {
          assert.deepEqual(JSON.parse(ours), JSON.parse(theirs), name);
        } else assert.equal(ours, theirs, `${name}: ${key}`);
      }
    }
  },
);

testServer("spans that come late leave what a client has told of its trace", async (server) => {
  const { tracking, traces } = server.services;
  const experimentId = await tracking.createExperiment(crypto.randomUUID());
  const told = '{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}';
  const hex = crypto.randomUUID().replaceAll("-", "");
  const traceId = `tr-${hex}`;
  const late = JSON.parse(
    JSON.stringify(cases[0].exports[0]).replaceAll(cases[0].traceId.slice(3), hex),
  );
  await traces.start({
    traceId,
    experimentId,
    requestTime: 1000,
    state: "OK",
    tags: {},
    metadata: { "mlflow.trace.tokenUsage": told },
  });
  const headers = { "x-mlflow-experiment-id": experimentId };
  await server.request("POST", "/v1/traces", late, headers);
  const { metadata } = await traces.getInfo(traceId);
  assert.equal(metadata["mlflow.trace.tokenUsage"], told);
  // Of costs it said nothing.
  assert.deepEqual(JSON.parse(metadata["mlflow.trace.cost"]), {
    input_cost: 0.75,
    output_cost: 2,
    total_cost: 2.75,
  });
});

Deno.test("totalUsage() walks a chain of a hundred thousand spans, and spans whose parents are each other", () => {
  const node = (id: number, parent: number | null, tokens?: number): UsageNode => ({
    spanId: String(id),
    parentSpanId: parent === null ? null : String(parent),
    usage: tokens === undefined ? null : { input_tokens: tokens },
    cost: null,
  });
  const chain = Array.from({ length: 100_000 }, (_, i) => node(i, i === 0 ? null : i - 1));
  chain.push(node(100_000, 99_999, 7));
  assert.equal(totalUsage(chain)?.input_tokens, 7);
  assert.equal(totalUsage([node(1, 2, 5), node(2, 1, 6)]), null);
});
