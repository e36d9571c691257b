import assert from "node:assert/strict";
import { RLDataset } from "./rl_dataset.ts";

const length = 10;
const a = Float64Array.from({ length }, (_, t) => t < 1 ? NaN : t);
const prices = Float64Array.from({ length }, (_, t) => 100 * 1.01 ** t);
const frame = { names: ["a"], columns: [a], time: a, length };

Deno.test("RLDataset gives windows and the return that follows each", () => {
  const d = new RLDataset({ frame, prices, windowBars: 3 });
  assert.deepEqual([...d.rows], [3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...d.state(0)], [1, 2, 3]);
  assert.deepEqual([...d.readState(5, new Float32Array(4), 1)], [0, 6, 7, 8]);
  for (const r of d.returns) assert.ok(Math.abs(r - 0.01) < 1e-12);
});

Deno.test("RLDataset takes no return from beyond its range", () => {
  const d = new RLDataset({ frame, prices, windowBars: 2, from: 4, to: 7 });
  assert.deepEqual([...d.rows], [4, 5]);
});

Deno.test("RLDataset draws seeded episodes inside its range", () => {
  const d = new RLDataset({ frame, prices, windowBars: 3 });
  const episodes = d.episodes(20, 4, 1);
  assert.deepEqual(episodes, d.episodes(20, 4, 1));
  for (const e of episodes) assert.ok(e.from >= 0 && e.to <= d.length && e.to - e.from === 4);
  assert.deepEqual(d.episodes(1, 100, 1), [{ from: 0, to: 6 }]);
});

Deno.test("RLDataset refuses prices that are not positive and states that do not follow", () => {
  const bad = prices.slice();
  bad[4] = 0;
  assert.throws(() => new RLDataset({ frame, prices: bad, windowBars: 2 }), /got 0 at row 4/);
  assert.throws(
    () => new RLDataset({ frame, prices: prices.slice(1), windowBars: 2 }),
    /prices must have one value per row of the frame \(10\), got 9/,
  );
});
