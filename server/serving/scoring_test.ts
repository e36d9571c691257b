import assert from "node:assert/strict";
import { createServingApp, post } from "./testing/serving_app.ts";

const answers = JSON.parse(
  Deno.readTextFileSync(new URL("./testdata/answers.json", import.meta.url)),
) as { rows: number[][]; signal_v1: number[][] };

async function invoke(model: string, request: RequestInit) {
  const { app, serving } = createServingApp();
  try {
    const answer = await app.request(`/serving/${model}/invocations`, request);
    return { status: answer.status, body: await answer.json() };
  } finally {
    await serving.close();
  }
}

function assertSignal(predictions: number[][]) {
  predictions.forEach(([value], i) => {
    assert.ok(Math.abs(value - answers.signal_v1[i][0]) < 1e-6);
  });
  assert.equal(predictions.length, answers.signal_v1.length);
}

const names = ["r1", "r5", "volatility", "rsi"];
const records = answers.rows.map((row) => Object.fromEntries(row.map((v, i) => [names[i], v])));

const accepted: [string, RequestInit][] = [
  ["inputs, one tensor", post({ inputs: answers.rows })],
  ["inputs by name", post({ inputs: { features: answers.rows } })],
  ["instances, rows", post({ instances: answers.rows })],
  ["dataframe_split", post({ dataframe_split: { columns: names, data: answers.rows } })],
  ["dataframe_split without columns", post({ dataframe_split: { data: answers.rows } })],
  ["dataframe_records", post({ dataframe_records: records })],
  ["CSV", {
    method: "POST",
    headers: { "Content-Type": "text/csv; charset=utf-8" },
    body: [names, ...answers.rows].map((row) => row.join(",")).join("\n"),
  }],
];

for (const [name, request] of accepted) {
  Deno.test(`invocations accept ${name}`, async () => {
    const { status, body } = await invoke("signal", request);
    assert.equal(status, 200, JSON.stringify(body));
    assertSignal(body.predictions);
  });
}

Deno.test("columns are matched by the model's feature names, not by their order", async () => {
  const columns = [...names].reverse();
  const data = answers.rows.map((row) => [...row].reverse());
  const { body } = await invoke("signal", post({ dataframe_split: { columns, data } }));
  assertSignal(body.predictions);
});

Deno.test("a model of named columns takes tables, instances and inputs by name", async () => {
  const rows = [{ volatility: 1, momentum: 2 }, { volatility: 0.5, momentum: -1 }];
  const requests = [
    post({ dataframe_records: rows }),
    post({ instances: rows }),
    post({ inputs: { momentum: [2, -1], volatility: [1, 0.5] } }),
  ];
  for (const request of requests) {
    const { body } = await invoke("columns", request);
    assert.deepEqual(body, { predictions: [3, -2.5] });
  }
});

Deno.test("several outputs come back by name", async () => {
  const { body } = await invoke(
    "mixed",
    post({
      inputs: {
        doubles: [[1, 2]],
        longs: [[1, 2]],
        ints: [[1, 2]],
        shorts: [[1, 2]],
        octets: [[1, 2]],
        flags: [[true, false]],
        words: [["a", "b"]],
      },
    }),
  );
  assert.deepEqual(body.predictions.flags_out, [[true, false]]);
  assert.deepEqual(body.predictions.words_out, [["a", "b"]]);
});

const refused: [string, number, RequestInit, RegExp][] = [
  ["another content type", 415, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body: "1",
  }, /Content-Type must be/],
  ["broken JSON", 400, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{",
  }, /must be JSON/],
  ["no format", 400, post({ rows: [] }), /exactly one of/],
  ["two formats", 400, post({ inputs: [], instances: [] }), /inputs|instances/],
  ["a ragged row", 400, post({ dataframe_split: { columns: names, data: [[1]] } }), /row 0/],
  [
    "a record that lacks a column",
    400,
    post({ dataframe_records: [records[0], {}] }),
    /row 1 lacks/,
  ],
  ["too narrow a table", 400, post({ dataframe_split: { data: [[1, 2]] } }), /shape must be/],
  ["an unknown input", 400, post({ inputs: { x: [1] } }), /Input "x" is unknown/],
];

for (const [name, status, request, says] of refused) {
  Deno.test(`invocations refuse ${name} with ${status}`, async () => {
    const answer = await invoke("signal", request);
    assert.equal(answer.status, status);
    assert.equal(answer.body.error_code, status === 415 ? "UNSUPPORTED_MEDIA_TYPE" : "BAD_REQUEST");
    assert.match(answer.body.message, says);
  });
}
