import assert from "node:assert/strict";
import { insertPoints } from "../db/metrics.ts";
import { openPglite } from "../db/pglite.ts";
import { migrate } from "../db/migrate.ts";
import { createLogger } from "../log.ts";
import { scheduleVacuum } from "./vacuum_schedule.ts";

Deno.test("what metrics leave behind in PGlite is freed by the clock, and used again", async () => {
  const db = await openPglite("memory:");
  let now = 0;
  const schedule = scheduleVacuum({ db, clock: { now: () => now }, log: createLogger("silent") })!;
  try {
    await migrate(db);
    await db.query(`insert into experiments
        (experiment_id, name, artifact_location, creation_time, last_update_time)
      values (5, 'e', '', 0, 0)`);
    await db.query(`insert into runs (run_id, experiment_id, run_name, start_time, artifact_uri)
      values ('r', 5, 'r', 0, '')`);
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    let step = 0;
    const log = async (times: number) => {
      for (let i = 0; i < times; i++, step++) {
        const one = { timestamps: [step], steps: [step], values: [Math.sin(step)] };
        await insertPoints(db, keys.map((key) => ({ runId: "r", key, ...one })));
      }
    };
    const sizeOf = async () =>
      (await db.query<{ bytes: number }>(
        "select pg_total_relation_size('metric_series') as bytes",
      ))[0].bytes;
    await log(60);
    assert.equal(await schedule.tick(), false, "a minute is not over");
    now += 60_000;
    assert.equal(await schedule.tick(), true);
    const [{ dead }] = await db.query<{ dead: number }>(
      "select n_dead_tup as dead from pg_stat_user_tables where relname = 'metric_series'",
    );
    assert.equal(dead, 0);
    const before = await sizeOf();
    for (let i = 0; i < 2; i++) {
      await log(60);
      now += 60_000;
      assert.equal(await schedule.tick(), true);
    }
    // Three times as much would else take three times as much room.
    const grown = await sizeOf() / before;
    assert.ok(grown < 1.2, `the room of the dead rows is used again, got ${grown}`);
    const latest = await db.query("select count(*) as n, min(step) as s from metric_series");
    assert.deepEqual(latest, [{ n: 100, s: 179 }]);
  } finally {
    await schedule.close();
    await db.close();
  }
});
