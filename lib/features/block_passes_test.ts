import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { deviationsByBlock, extremeAgesByBlock, extremesByBlock } from "./block_passes.ts";
import { RollingExtremeAge } from "./rolling_extreme_age.ts";
import { RollingMax } from "./rolling_max.ts";

/** More rows than go through at once; whole numbers, so that many are equal. */
const x = Float64Array.from({ length: 9000 }, ((rng) => () => rng.integer(50))(createRng(3)));

for (const window of [2, 3, 8, 20, 100, 1000, 1024]) {
  Deno.test(`extremes, their ages and deviations of ${window} values by block equal those row by row`, () => {
    const first = window - 1;
    const count = x.length - first;
    for (const sign of [1, -1] as const) {
      const extremes = new Float64Array(count);
      const ages = new Float64Array(count);
      extremesByBlock(x, first, x.length, window, sign, extremes, 0);
      extremeAgesByBlock(x, first, x.length, window, sign, ages, 0);
      const queue = new RollingMax(window);
      const follower = new RollingExtremeAge(window);
      const one = new Float64Array(2);
      for (let i = 0; i < x.length; i++) {
        // One row at a time takes the other way.
        queue.run(x, i, i + 1, sign, one, 0);
        follower.run(x, i, i + 1, sign, one, 1);
        if (i < first) continue;
        assert.equal(extremes[i - first], one[0], `extreme of row ${i}`);
        assert.equal(ages[i - first], one[1], `age of row ${i}`);
      }
    }
    const means = Float64Array.from({ length: count }, (_, k) => 20 + k % 7 / 3);
    const sums = new Float64Array(count);
    deviationsByBlock(x, first, x.length, window, means, 0, sums);
    for (let k = 0; k < count; k += 37) {
      let sum = 0;
      for (let j = k; j < k + window; j++) sum += Math.abs(x[j] - means[k]);
      assert.equal(sums[k], sum, `deviations of row ${k + first}`);
    }
  });
}
