import assert from "node:assert/strict";
import { createCurveStore, hasBarTimes, toCurve } from "./curves.ts";
import type { RunRecord } from "./run_record.ts";

const day = 86_400_000;
const run = { startTime: 100 * day } as RunRecord;
const curveAt = (...timestamps: number[]) =>
  toCurve(timestamps.map((timestamp, step) => ({ step, timestamp, value: step })));

Deno.test("bar times are told from times of logging", () => {
  assert.ok(hasBarTimes(curveAt(day, 2 * day, 9 * day), run));
  assert.ok(!hasBarTimes(curveAt(100 * day, 100 * day + 5), run));
  assert.ok(!hasBarTimes(curveAt(day, day), run));
  assert.ok(!hasBarTimes(curveAt(day), run));
});

Deno.test("toCurve() orders points by step", () => {
  const curve = toCurve([
    { step: 2, timestamp: 1, value: 20 },
    { step: 0, timestamp: 3, value: 0 },
    { step: 1, timestamp: 2, value: 10 },
  ]);
  assert.deepEqual([...curve.values], [0, 10, 20]);
});

Deno.test("a curve is loaded once however often it is asked for, and again on reload", async () => {
  let loads = 0;
  const store = createCurveStore(() => {
    loads++;
    return Promise.resolve([{ step: 0, timestamp: 0, value: loads }]);
  });
  assert.equal(store.get("r", "loss"), null);
  store.get("r", "loss");
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(loads, 1);
  assert.equal(store.get("r", "loss")!.values[0], 1);
  await store.reload(new Set(["other"]));
  assert.equal(loads, 1);
  await store.reload(new Set(["r"]));
  assert.equal(store.get("r", "loss")!.values[0], 2);
});
