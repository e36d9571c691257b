import assert from "node:assert/strict";
import { fixture } from "./testing/memory_source.ts";
import { createServingApp, post } from "./testing/serving_app.ts";

const request = post({ inputs: [[1, 2, 3, 4]] });

Deno.test("deployments list models that have a champion, with latency once they were asked", async () => {
  const { app, serving } = createServingApp();
  try {
    const read = async () => {
      const answer = await app.request("/api/tapebook/v1/deployments");
      const { deployments } = await answer.json() as {
        deployments: {
          since: number;
          model: string;
          version: string;
          requests: number;
          latencyMs: { p50: number };
        }[];
      };
      return deployments.find((d) => d.model === "signal")!;
    };
    const before = await read();
    assert.equal(before.since, 1_700_000_000_000);
    assert.deepEqual([before.version, before.requests, before.latencyMs.p50], ["1", 0, null]);
    for (let i = 0; i < 5; i++) await app.request("/serving/signal/invocations", request);
    const after = await read();
    assert.equal(after.requests, 5);
    assert.ok(after.latencyMs.p50 > 0);
  } finally {
    await serving.close();
  }
});

Deno.test("a deployment shows its signature, input example and latest predictions", async () => {
  const { app, serving } = createServingApp();
  try {
    await app.request("/serving/signal/invocations", request);
    const answer = await app.request("/api/tapebook/v1/deployments/signal");
    const { deployment } = await answer.json();
    assert.deepEqual(deployment.inputExample, { features: [[1, 2, 3, 4]] });
    assert.equal(deployment.signature.inputs[0].name, "features");
    assert.deepEqual(deployment.predictions[0].inputs[0].data, [1, 2, 3, 4]);
    assert.equal(deployment.predictions[0].caller, "tester");
  } finally {
    await serving.close();
  }
});

Deno.test("every prediction is in the log's file after close", async () => {
  const logDir = await Deno.makeTempDir();
  const { app, serving, errors } = createServingApp({ logDir });
  await Promise.all(
    Array.from({ length: 30 }, () => app.request("/serving/signal/invocations", request)),
  );
  await serving.close();
  const lines: string[] = [];
  for await (const file of Deno.readDir(`${logDir}/signal`)) {
    lines.push(...(await Deno.readTextFile(`${logDir}/signal/${file.name}`)).trim().split("\n"));
  }
  assert.deepEqual(errors, []);
  assert.equal(lines.length, 30);
  const record = JSON.parse(lines[0]);
  assert.deepEqual([record.model, record.version], ["signal", "1"]);
  await Deno.remove(logDir, { recursive: true });
});

Deno.test("Prometheus reads predictions by model, version and outcome", async () => {
  const { app, serving } = createServingApp();
  try {
    await app.request("/serving/signal/invocations", request);
    await app.request("/serving/signal/invocations", post({ inputs: [[1]] }));
    const answer = await app.request("/metrics");
    assert.match(answer.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    assert.match(text, /tapebook_predictions_total\{model="signal",version="1",outcome="ok"\} 1/);
    assert.match(
      text,
      /tapebook_predictions_total\{model="signal",version="1",outcome="refused"\} 1/,
    );
    assert.match(text, /tapebook_prediction_seconds_count\{model="signal",version="1"\} 1/);
    assert.equal((await app.request("/ping")).status, 200);
  } finally {
    await serving.close();
  }
});

Deno.test("an input example is read in every form in which it is written", async () => {
  const forms = [
    { features: [[1, 2, 3, 4]] },
    { inputs: { features: [[1, 2, 3, 4]] } },
    { name: "features", shape: [1, 4], data: [1, 2, 3, 4] },
    [{ name: "features", shape: [1, 4], data: [1, 2, 3, 4] }],
    [[1, 2, 3, 4]],
  ];
  const { serving, source } = createServingApp();
  try {
    for (const [i, inputExample] of forms.entries()) {
      const file = JSON.stringify({ inputExample, metadata: { pipeline: { names: ["a", "b"] } } });
      source.add("forms", String(i), { "model.onnx": fixture("signal_v1"), "tapebook.json": file });
      const loaded = await serving.describe("forms", String(i));
      assert.deepEqual(loaded.inputExample, { features: [[1, 2, 3, 4]] });
      assert.deepEqual(loaded.featureNames, ["a", "b"]);
    }
  } finally {
    await serving.close();
  }
});
