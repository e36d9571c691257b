import assert from "node:assert/strict";
import { testServer } from "../../../tests/support/server.ts";

testServer(
  "a long metric arrives as few points that keep first, last, least and greatest",
  async (server) => {
    const { tracking, db } = server.services;
    const { info } = await tracking.createRun({ experimentId: "0" });
    await tracking.logMetrics(info.run_id, [{ key: "long", value: 0, timestamp: 0, step: 0 }]);
    const [{ series_no }] = await db.query<{ series_no: number }>(
      `select s.series_no from metric_series s join runs r using (run_no) where r.run_id = $1`,
      [info.run_id],
    );
    // A spike of one point in 60,000, a dip, and NaN in between.
    await db.query(
      `insert into metric_points (series_no, timestamp, step, value)
     select $1, i, i, case i when 31234 then 1000 when 12345 then -1000 when 77 then 'NaN'
       else sin(i / 500.0) end from generate_series(1, 60000) i`,
      [series_no],
    );
    const answer = await server.request(
      "GET",
      `/api/tapebook/v1/runs/${info.run_id}/metrics/long?points=400`,
    );
    assert.equal(answer.status, 200, answer.text);
    const { steps, values } = answer.json<{ steps: number[]; values: (number | null)[] }>();
    assert.ok(steps.length <= 400 && steps.length > 200, `${steps.length} points`);
    assert.deepEqual(steps, steps.toSorted((a, b) => a - b));
    assert.equal(steps[0], 0);
    assert.equal(steps.at(-1), 60000);
    assert.equal(values[steps.indexOf(31234)], 1000);
    assert.equal(values[steps.indexOf(12345)], -1000);
    const all = await server.request(
      "GET",
      `/api/tapebook/v1/runs/${info.run_id}/metrics/long?points=100000`,
    );
    assert.equal(all.json<{ steps: number[] }>().steps.length, 60001);
    const none = await server.request("GET", `/api/tapebook/v1/runs/${info.run_id}/metrics/none`);
    assert.deepEqual(none.json<{ steps: number[] }>().steps, []);
  },
);

testServer("many points of one step are thinned out all the same", async (server) => {
  const { tracking } = server.services;
  const { info } = await tracking.createRun({ experimentId: "0" });
  for (let part = 0; part < 3; part++) {
    await tracking.logBatch(info.run_id, {
      metrics: Array.from({ length: 1000 }, (_, i) => ({
        key: "flat",
        value: i,
        timestamp: part * 1000 + i,
        step: 0,
      })),
    });
  }
  const points = await tracking.sampleMetric(info.run_id, "flat", 40);
  assert.ok(points.length <= 40 && points.length >= 2, `${points.length} points`);
});

testServer("a metric whose steps run against time is thinned out evenly", async (server) => {
  const { tracking } = server.services;
  const { info } = await tracking.createRun({ experimentId: "0" });
  for (let part = 0; part < 4; part++) {
    await tracking.logBatch(info.run_id, {
      // Neither end in time is an end of the steps.
      metrics: Array.from({ length: 1000 }, (_, i) => ({
        key: "shuffled",
        value: Math.sin((part * 1000 + i) / 100),
        timestamp: part * 1000 + i,
        step: ((part * 1000 + i) * 1597 + 2000) % 4000,
      })),
    });
  }
  const points = await tracking.sampleMetric(info.run_id, "shuffled", 400);
  assert.ok(points.length <= 400 && points.length > 200, `${points.length} points`);
  assert.equal(points[0].step, 0);
  assert.equal(points.at(-1)!.step, 3999);
  const widest = Math.max(...points.slice(1).map((p, i) => p.step - points[i].step));
  assert.ok(widest <= 80, `a gap of ${widest} steps`);
});
