import assert from "node:assert/strict";
import { openTestServer, testServer } from "../../tests/support/server.ts";
import { createLogger } from "../log.ts";
import { collectGarbage, type GarbageReport } from "./garbage.ts";
import { scheduleGarbage } from "./garbage_schedule.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const log = createLogger("silent");

testServer("retention is kept by the clock, once a period", async ({ services }) => {
  const { db, blobs, tracking } = services;
  let now = Date.parse("2030-01-01T00:00:00Z");
  const clock = { now: () => now };
  const experimentId = await tracking.createExperiment(`retained ${crypto.randomUUID()}`, {
    tags: [{ key: "tapebook.retentionDays", value: "7" }],
  });
  const { info } = await tracking.createRun({ experimentId, startTime: now });
  await tracking.updateRun(info.run_id, { status: "FINISHED", endTime: now });
  const collect = () => collectGarbage({ db, blobs, clock }, { olderThanMs: dayMs });
  const schedule = scheduleGarbage({ clock, log, collect }, 12 * hourMs);
  try {
    const stage = async () =>
      (await tracking.searchRuns([experimentId], { viewType: "ALL" })).items
        .map((r) => r.info.lifecycle_stage);
    assert.equal(await schedule.tick(), false, "the first period is not over");
    now += 12 * hourMs;
    assert.equal(await schedule.tick(), true);
    assert.equal(await schedule.tick(), false);
    assert.deepEqual(await stage(), ["active"]);
    now += 7 * dayMs;
    assert.equal(await schedule.tick(), true);
    assert.deepEqual(await stage(), ["deleted"], "its retention is over");
    now += 2 * dayMs;
    assert.equal(await schedule.tick(), true);
    assert.deepEqual(await stage(), [], "and a day later it is gone");
  } finally {
    await schedule.close();
  }
});

Deno.test("a collection that fails is tried again, and none runs beside another", async () => {
  let now = 0;
  let calls = 0;
  let release = () => {};
  const collect = async (): Promise<GarbageReport> => {
    calls++;
    if (calls === 1) throw new Error("the database is away");
    await new Promise<void>((resolve) => release = resolve);
    return {
      expiredRuns: 0,
      runs: [],
      experiments: [],
      loggedModels: [],
      artifacts: 0,
      blobs: 0,
    };
  };
  const schedule = scheduleGarbage({ clock: { now: () => now }, log, collect }, hourMs);
  now = hourMs;
  assert.equal(await schedule.tick(), true);
  now = 2 * hourMs;
  const slow = schedule.tick();
  now = 3 * hourMs;
  assert.equal(await schedule.tick(), false, "one is under way");
  release();
  await slow;
  assert.equal(calls, 2);
  await schedule.close();
});

Deno.test({
  name: "TAPEBOOK_GC_HOURS sets the schedule",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const server = await openTestServer("pglite", { env: { TAPEBOOK_GC_HOURS: "6" } });
    assert.equal(server.config.gcEveryHours, 6);
    await server.close();
  },
});
