import assert from "node:assert/strict";
import type { Sql } from "./database.ts";
import { readRunsJson, runFromJson } from "./run_json.ts";
import type { RunInfoRow } from "./runs.ts";

const row = (run_no: number): RunInfoRow => ({
  run_no,
  run_id: `run${run_no}`,
  experiment_id: 1,
  run_name: 'a "name"',
  user_id: "",
  status: "RUNNING",
  start_time: 5,
  end_time: null,
  artifact_uri: "mlflow-artifacts:/1",
  lifecycle_stage: "active",
});

/** Answers as the database would, its rows in whatever order they lie on the disk. */
const fake = (contents: Record<string, unknown>) =>
  ({ query: () => Promise.resolve([contents]) }) as unknown as Sql;

const lines = (...rows: unknown[][]) => rows.map((fields) => fields.join("\x1f")).join("\x1e");

Deno.test("readRunsJson() orders keys also when the rows come in another order", async () => {
  const sql = fake({
    metrics: lines([2, "loss", "NaN", 7, 1], [1, "b", "-Infinity", 8, 2], [2, "acc", 0.5, 9, 3]),
    params: lines([1, "z", '"1\\n2"'], [1, "a", '""']),
    tags: null,
    datasets: null,
    models: null,
  });
  const [first, second] = (await readRunsJson(sql, [row(1), row(2)])).map(runFromJson);
  assert.equal(first.info.run_name, 'a "name"');
  assert.equal(first.info.end_time, undefined);
  assert.deepEqual(first.data, {
    metrics: [{ key: "b", value: -Infinity, timestamp: 8, step: 2 }],
    params: [{ key: "a", value: "" }, { key: "z", value: "1\n2" }],
    tags: [],
  });
  assert.deepEqual(second.data.metrics, [
    { key: "acc", value: 0.5, timestamp: 9, step: 3 },
    { key: "loss", value: NaN, timestamp: 7, step: 1 },
  ]);
});
