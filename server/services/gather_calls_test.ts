import assert from "node:assert/strict";
import { gatherCalls } from "./gather_calls.ts";

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("calls that arrive while one runs go together, each with its own answer", async () => {
  const batches: number[][] = [];
  const { call, drain } = gatherCalls(async (calls: number[]) => {
    batches.push(calls);
    await later(5);
    return calls.map((n) => n * n);
  }, { lanes: 1, most: 3 });
  const first = call(1);
  await later(1);
  assert.deepEqual(await Promise.all([first, ...[2, 3, 4, 5].map(call)]), [1, 4, 9, 16, 25]);
  assert.deepEqual(batches, [[1], [2, 3, 4], [5]]);
  await drain();
});

Deno.test("one caller's fault is not the others'", async () => {
  const { call } = gatherCalls(async (calls: number[]) => {
    await later(1);
    if (calls.includes(0)) throw new RangeError("zero");
    return calls.map((n) => 1 / n);
  }, { lanes: 1, most: 10 });
  const results = await Promise.allSettled([1, 0, 4].map(call));
  assert.deepEqual(results.map((r) => r.status === "fulfilled" ? r.value : r.reason.message), [
    1,
    "zero",
    0.25,
  ]);
});

Deno.test("calls with one key keep their order and are never under way together", async () => {
  const done: string[] = [];
  const underWay = new Set<string>();
  const { call, drain } = gatherCalls(async (calls: { key: string; n: number }[]) => {
    const keys = calls.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) {
      assert.ok(!underWay.has(key), `${key} twice`);
      underWay.add(key);
    }
    await later(Math.random() * 4);
    for (const { key, n } of calls) {
      underWay.delete(key);
      done.push(`${key}${n}`);
    }
    return calls;
  }, { lanes: 3, most: 4, keyOf: ({ key }) => key });
  const all = Array.from({ length: 60 }, (_, n) => ({ key: "abcde"[n % 5], n }));
  await Promise.all(all.map(call));
  await drain();
  for (const key of "abcde") {
    assert.deepEqual(
      done.filter((one) => one[0] === key),
      all.filter((one) => one.key === key).map(({ n }) => `${key}${n}`),
    );
  }
});

Deno.test("a heavy call goes alone, and what waits is drained", async () => {
  const batches: number[][] = [];
  const { call, drain } = gatherCalls(async (calls: number[]) => {
    batches.push(calls);
    await later(1);
    return calls;
  }, { lanes: 1, most: 10, weightOf: (n) => n });
  for (const n of [50, 4, 6, 1]) call(n);
  await drain();
  assert.deepEqual(batches, [[50], [4, 6], [1]]);
});
