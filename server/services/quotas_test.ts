import assert from "node:assert/strict";
import { testWith } from "../../tests/support/components.ts";
import { createMemoryQuotas, type QuotaStore } from "./quotas.ts";
import { openRedisQuotas } from "./quotas_redis.ts";

/** What every keeper of counts does. `clock.at` moves time for rates. */
async function testQuotas(t: Deno.TestContext, store: QuotaStore, clock: { at: number }) {
  const limit = { limit: 3, windowMs: 3000 };
  await t.step("a full allowance may be used at once, and not one more", async () => {
    const decisions = [];
    for (let i = 0; i < 4; i++) decisions.push(await store.take("a", limit));
    assert.deepEqual(decisions.map((d) => d.isAllowed), [true, true, true, false]);
    assert.deepEqual(decisions.map((d) => d.remaining), [2, 1, 0, 0]);
    assert.equal(decisions[3].retryAfterMs, 1000);
  });
  await t.step("it refills steadily", async () => {
    clock.at += 999;
    assert.equal((await store.take("a", limit)).isAllowed, false);
    clock.at += 1;
    assert.equal((await store.take("a", limit)).isAllowed, true);
    assert.equal((await store.take("a", limit)).isAllowed, false);
    clock.at += 2000;
    assert.deepEqual(await store.peek("a", limit), {
      isAllowed: true,
      remaining: 2,
      retryAfterMs: 0,
    });
  });
  await t.step("keys do not disturb each other, and a cost counts as many", async () => {
    assert.equal((await store.take("b", limit, 3)).isAllowed, true);
    assert.equal((await store.take("b", limit)).isAllowed, false);
    assert.equal((await store.take("c", limit)).remaining, 2);
    await store.reset("b");
    assert.equal((await store.take("b", limit)).isAllowed, true);
  });
  await t.step("a counter sums until its window ends", async () => {
    assert.equal(await store.add("n", 5, 60_000), 5);
    assert.equal(await store.add("n", 2, 60_000), 7);
    await store.reset("n");
    assert.equal(await store.add("n", 1, 60_000), 1);
  });
  await t.step("takers at the same time get no more than there is", async () => {
    const decisions = await Promise.all(
      Array.from({ length: 50 }, () => store.take("crowd", { limit: 10, windowMs: 60_000 })),
    );
    assert.equal(decisions.filter((d) => d.isAllowed).length, 10);
  });
}

Deno.test("quotas in this process", async (t) => {
  const clock = { at: 1_000_000, now: () => clock.at };
  await testQuotas(t, createMemoryQuotas(clock), clock);
});

testWith("redis", "quotas in Redis", async (program, t) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const redis = new Deno.Command(program, {
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const clock = { at: Date.now(), now: () => clock.at };
    const url = `redis://127.0.0.1:${port}`;
    let store: QuotaStore | null = null;
    for (let i = 0; store === null; i++) {
      store = await openRedisQuotas(url, clock).catch((error) => {
        if (i > 50) throw error;
        return null;
      });
      if (store === null) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await testQuotas(t, store, clock);
    await t.step("while Redis is away this process counts by itself", async () => {
      redis.kill("SIGKILL");
      await redis.status;
      const limit = { limit: 2, windowMs: 60_000 };
      const decisions = [];
      for (let i = 0; i < 3; i++) decisions.push((await store.take("away", limit)).isAllowed);
      assert.deepEqual(decisions, [true, true, false]);
      assert.equal(await store.add("away", 3, 1000), 3);
    });
    await store.close();
  } finally {
    try {
      redis.kill("SIGKILL");
    } catch { /* gone already */ }
    await redis.status;
  }
  await t.step("an address where nobody answers is named", async () => {
    await assert.rejects(
      openRedisQuotas("redis://:secret@127.0.0.1:1", { now: Date.now }),
      (error: Error) =>
        /Cannot connect to Redis of REDIS_URL \(127.0.0.1:1\)/.test(error.message) &&
        !error.message.includes("secret"),
    );
  });
});
