import assert from "node:assert/strict";
import type { Metric } from "../../lib/contracts/mlflow/mod.ts";
import { testServer } from "../../tests/support/server.ts";
import { readPoints } from "../db/metrics.ts";
import { createMetricWriter } from "./metric_writer.ts";

const point = (step: number, value = step): Metric => ({ key: "loss", value, timestamp: 1, step });

testServer("points that come again, alone or among new ones, are kept once", async (server) => {
  const { db, tracking } = server.services;
  const { info } = await tracking.createRun({ experimentId: "0", runName: "again" });
  const other = (await tracking.createRun({ experimentId: "0", runName: "other" })).info.run_id;
  const stepsOf = async (runId: string) => (await readPoints(db, runId, "loss")).map((p) => p.step);
  // A writer of its own for each, as it remembers for a while that points came again.
  const write = async (...batches: [string, Metric[]][]) => {
    const writer = createMetricWriter(db);
    return await Promise.all(batches.map(([runId, metrics]) => writer.write(runId, metrics)));
  };
  assert.deepEqual(await write([info.run_id, [point(1), point(2)]]), [true]);
  assert.deepEqual(await write([info.run_id, [point(2), point(3), point(3)]]), [true]);
  // One caller's repeat does not keep another's points from being written with it.
  assert.deepEqual(
    await write([info.run_id, [point(3), point(4)]], [other, [point(7)]], ["none", [point(1)]]),
    [true, true, false],
  );
  assert.deepEqual(await stepsOf(info.run_id), [1, 2, 3, 4]);
  assert.deepEqual(await stepsOf(other), [7]);
  const latest = (await tracking.getRun(info.run_id)).data.metrics;
  assert.deepEqual(latest?.map(({ value, step }) => [value, step]), [[4, 4]]);
});

testServer("slices of many series of different lengths reach their own series", async (server) => {
  const { db, tracking } = server.services;
  const { info } = await tracking.createRun({ experimentId: "0", runName: "slices" });
  const keys = Array.from({ length: 30 }, (_, i) => `metric ${i}`);
  const metrics = keys.flatMap((key, i) =>
    Array.from({ length: i + 1 }, (_, step) => ({ key, value: i + step / 100, timestamp: 5, step }))
  );
  // Interleaved, as a training loop logs them.
  metrics.sort((a, b) => a.step - b.step);
  assert.equal(await createMetricWriter(db).write(info.run_id, metrics), true);
  for (const [i, key] of keys.entries()) {
    const points = await readPoints(db, info.run_id, key);
    assert.deepEqual(
      points.map(({ step, value }) => [step, value]),
      Array.from({ length: i + 1 }, (_, step) => [step, i + step / 100]),
    );
  }
});
