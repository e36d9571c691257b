import assert from "node:assert/strict";
import {
  checkKey,
  decodeNumber,
  encodeMetric,
  encodeNumber,
  flattenParams,
  paramText,
} from "./wire.ts";
import { BatchBuffer } from "./batch_buffer.ts";
import { backoffMs, parseRetryAfter } from "./backoff.ts";
import { resolveConnection } from "./connection.ts";

Deno.test("numbers survive the wire, NaN and infinities as MLflow's strings", () => {
  for (const x of [0, -1.5, 1e-300, 1e21, NaN, Infinity, -Infinity]) {
    assert.ok(Object.is(decodeNumber(JSON.parse(encodeNumber(x))), x), String(x));
  }
  assert.equal(
    encodeMetric('"a"', NaN, 5, 2),
    '{"key":"a","value":"NaN","timestamp":5,"step":2}',
  );
});

Deno.test("nested params become dotted keys and texts", () => {
  assert.deepEqual(
    flattenParams({ model: { units: 32, layers: [1, 2] }, none: null, empty: {}, on: true }),
    [
      ["model.units", "32"],
      ["model.layers", "[1,2]"],
      ["none", "null"],
      ["empty", "{}"],
      ["on", "true"],
    ],
  );
  assert.equal(paramText(new Float64Array([1, NaN])), '[1,"NaN"]');
});

Deno.test("checkKey() takes what MLflow takes and names what it refuses", () => {
  for (const key of ["loss", "train/loss", "a.b-c d:e", "größe"]) checkKey("metric", key);
  for (const key of ["", "a;b", "../x", "/a", "a//b", "a/./b", "x".repeat(251), "a\nb"]) {
    assert.throws(() => checkKey("metric", key), /Cannot log metric: key must/, key);
  }
});

Deno.test("BatchBuffer cuts at 1,000 metrics, 100 params and one megabyte", () => {
  const cuts: { metrics: number; params: number; bytes: number }[] = [];
  const buffer = new BatchBuffer((fragment) => {
    const parsed = JSON.parse(`{${fragment}}`);
    cuts.push({
      metrics: parsed.metrics?.length ?? 0,
      params: parsed.params?.length ?? 0,
      bytes: new TextEncoder().encode(fragment).length,
    });
  });
  for (let i = 0; i < 2500; i++) buffer.addMetric("m", i, 1, i);
  buffer.cut();
  for (let i = 0; i < 250; i++) buffer.addParam(`p${i}`, "ü".repeat(6000));
  buffer.cut();
  assert.equal(cuts.reduce((n, c) => n + c.metrics, 0), 2500);
  assert.equal(cuts.reduce((n, c) => n + c.params, 0), 250);
  for (const cut of cuts) {
    assert.ok(cut.metrics <= 1000 && cut.params <= 100 && cut.bytes < 999_000, JSON.stringify(cut));
  }
  buffer.cut();
  assert.throws(() => buffer.addMetric("m", 1, 1, 0.5), /step must be an integer, got 0.5/);
  assert.throws(() => buffer.addParam("p", "x".repeat(6001)), /at most 6000 characters, got 6001/);
});

Deno.test("backoffMs() doubles up to its cap and never undercuts Retry-After", () => {
  const fixed = { random: () => 1, baseMs: 100, capMs: 1000 };
  assert.deepEqual([0, 1, 2, 3, 4, 50].map((n) => backoffMs(n, fixed)), [
    100,
    200,
    400,
    800,
    1000,
    1000,
  ]);
  assert.equal(backoffMs(0, { ...fixed, retryAfterMs: 5000 }), 5000);
  assert.equal(parseRetryAfter("3"), 3000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 1970 00:00:10 GMT", 4000), 6000);
  assert.equal(parseRetryAfter(null), null);
  assert.equal(parseRetryAfter("soon"), null);
});

Deno.test("resolveConnection() reads credentials from options and address, and refuses other schemes", () => {
  assert.deepEqual(resolveConnection("http://h:1/", { token: "t" }), {
    uri: "http://h:1",
    authorization: "Bearer t",
  });
  assert.deepEqual(resolveConnection("https://ann:p%40ss@h/base/"), {
    uri: "https://h/base",
    authorization: `Basic ${btoa("ann:p@ss")}`,
  });
  assert.throws(
    () => resolveConnection("sqlite:///x.db"),
    /uri must be an http or https address, got "sqlite:\/\/\/x.db"/,
  );
});
