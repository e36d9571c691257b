import assert from "node:assert/strict";
import { openTestDatabase } from "../../tests/support/server.ts";
import { readRunsJson, runFromJson } from "./run_json.ts";
import { runInfoColumns, type RunInfoRow } from "./runs.ts";

Deno.test("readRunsJson() gives the runs in the order asked, their keys in order, each number as it is", async () => {
  const db = await openTestDatabase("pglite");
  try {
    await db.query(`insert into experiments
        (experiment_id, name, artifact_location, creation_time, last_update_time)
      values (5, 'read', 'mlflow-artifacts:/5', 0, 0)`);
    await db.query(`insert into runs (run_id, experiment_id, run_name, start_time, artifact_uri)
      select 'run' || i, 5, 'a "name"', i, 'mlflow-artifacts:/5' from generate_series(1, 1100) i`);
    await db.query(`insert into metric_series (run_no, experiment_id, key, step, timestamp, value)
      select run_no, 5, v.key, v.step, v.timestamp, v.value from runs join (values
        ('run2', 'loss', 1, 7, 'NaN'::float8), ('run1', 'b', 2, 8, '-Infinity'),
        ('run2', 'acc', 3, 9007199254740991, 0.1), ('run2', 'big', 0, 0, 1e+300))
      as v (run_id, key, step, timestamp, value) using (run_id)`);
    await db.query(`insert into run_params (run_no, key, value)
      select run_no, v.key, v.value from runs join (values
        ('run1', 'z', e'1\\n2'), ('run1', 'a', ''), ('run1', 'B "q"', e'\\x01\\\\u0041'))
      as v (run_id, key, value) using (run_id)`);
    const rows = await db.query<RunInfoRow>(
      `select ${runInfoColumns} from runs r order by start_time desc`,
    );
    const runs = (await readRunsJson(db, rows)).map(runFromJson);
    assert.deepEqual(runs.map((run) => run.info.run_id), rows.map((row) => row.run_id));

    const [second, first] = runs.slice(-2);
    assert.equal(first.info.run_name, 'a "name"');
    assert.equal(first.info.end_time, undefined);
    assert.deepEqual(first.data, {
      metrics: [{ key: "b", value: -Infinity, timestamp: 8, step: 2 }],
      params: [
        { key: 'B "q"', value: "\x01\\u0041" },
        { key: "a", value: "" },
        { key: "z", value: "1\n2" },
      ],
      tags: [],
    });
    assert.deepEqual(second.data.metrics, [
      { key: "acc", value: 0.1, timestamp: 9007199254740991, step: 3 },
      { key: "big", value: 1e300, timestamp: 0, step: 0 },
      { key: "loss", value: NaN, timestamp: 7, step: 1 },
    ]);
  } finally {
    await db.close();
  }
});
