import assert from "node:assert/strict";
import { joinCurves, rebase, smooth } from "./smoothing.ts";

const f = (...values: number[]) => Float64Array.from(values);

Deno.test("smooth() leaves a constant curve as it is, from its first value on", () => {
  for (const value of smooth(f(3, 3, 3, 3), 0.9)) assert.ok(Math.abs(value - 3) < 1e-12);
});

Deno.test("smooth() with weight 0 changes nothing", () => {
  const values = f(1, 5, 2);
  assert.equal(smooth(values, 0), values);
});

Deno.test("smooth() weighs by hand-computed values and steps over NaN", () => {
  // Weight 1/2: 1; (0.5*0.5 + 0.5*3) / 0.75 = 7/3; NaN; then (0.875*... ) with the same correction.
  const out = smooth(f(1, 3, NaN, 5), 0.5);
  assert.ok(Math.abs(out[0] - 1) < 1e-12);
  assert.ok(Math.abs(out[1] - 7 / 3) < 1e-12);
  assert.ok(Number.isNaN(out[2]));
  assert.ok(Math.abs(out[3] - (0.5 * 1.75 + 0.5 * 5) / 0.875) < 1e-12);
});

Deno.test("joinCurves() puts curves of different steps on one axis, with null where one is silent", () => {
  const { x, ys } = joinCurves([{ x: f(1, 3), y: f(10, 30) }, { x: f(2, 3), y: f(NaN, 7) }]);
  assert.deepEqual(x, [1, 2, 3]);
  assert.deepEqual(ys, [[10, null, 30], [null, null, 7]]);
});

Deno.test("rebase() divides by the first value", () => {
  assert.deepEqual([...rebase(f(200, 100, 300))], [1, 0.5, 1.5]);
});
