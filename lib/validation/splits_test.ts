import assert from "node:assert/strict";
import fc from "fast-check";
import {
  assemblePaths,
  combinatorialPurged,
  foldRanges,
  purgedKFold,
  walkForward,
  walkForwardWindows,
} from "./mod.ts";
import { correlation, createRng } from "../math/mod.ts";

Deno.test("walkForwardWindows() tests each bar once, after its training window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 300 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 5 }),
      fc.constantFrom("anchored", "rolling"),
      (length, trainBars, testBars, embargoBars, mode) => {
        const windows = walkForwardWindows(length, { trainBars, testBars, embargoBars, mode });
        let at = trainBars + embargoBars;
        for (const { train, test } of windows) {
          assert.equal(test[0], at);
          assert.equal(train[1], test[0] - embargoBars);
          assert.equal(train[0], mode === "anchored" ? 0 : train[1] - trainBars);
          at = test[1];
        }
        assert.equal(at, length);
      },
    ),
  );
  assert.throws(
    () => walkForwardWindows(10, { trainBars: 10, testBars: 1 }),
    /must leave bars to test, got 10 and 0 of 10/,
  );
});

Deno.test("walkForward() tunes inside each window and puts test returns together", async () => {
  const seen: string[] = [];
  const result = await walkForward(10, {
    fit: (train) => Promise.resolve(train[1]),
    apply(fitted, test) {
      seen.push(`${fitted}:${test}`);
      return Float64Array.from({ length: test[1] - test[0] }, (_, i) => test[0] + i);
    },
  }, { trainBars: 4, testBars: 4 });
  assert.deepEqual(seen, ["4:4,8", "8:8,10"]);
  assert.deepEqual([...result.returns], [4, 5, 6, 7, 8, 9]);
  await assert.rejects(
    walkForward(10, { fit: () => 0, apply: () => new Float64Array(1) }, {
      trainBars: 4,
      testBars: 4,
    }),
    /apply\(\) must give 4 returns for window 0, got 1/,
  );
});

Deno.test("purged splits: no training label's span meets a test label's span", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 30, max: 120 }),
      fc.integer({ min: 3, max: 6 }),
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 4 }),
      (length, folds, horizon, embargoBars) => {
        const spanEnd = Int32Array.from({ length }, (_, i) => Math.min(length - 1, i + horizon));
        const options = { spanEnd, embargoBars };
        const all = [
          ...purgedKFold(length, { folds, ...options }),
          ...combinatorialPurged(length, { groups: folds, testGroups: 2, ...options }).splits,
        ];
        for (const { train, test } of all) {
          for (const i of train) {
            for (const j of test) {
              assert.ok(spanEnd[i] < j || i > spanEnd[j], `rows ${i} and ${j} share bars`);
              if (i > j && !test.includes(i - 1)) continue;
            }
          }
        }
        const tested = purgedKFold(length, { folds, ...options }).flatMap((s) => [...s.test]);
        assert.deepEqual(tested, Array.from({ length }, (_, i) => i));
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("the embargo drops the share of rows after each test range", () => {
  const [first] = purgedKFold(100, { folds: 5, embargoShare: 0.031 });
  assert.deepEqual([first.train[0], first.train.length], [24, 76]); // ceil(3.1) = 4 rows dropped
  assert.deepEqual(foldRanges(10, 3).map(([a, b]) => b - a), [4, 3, 3]);
  assert.throws(
    () => purgedKFold(10, { folds: 1 }),
    /folds must be an integer in \[2, 10\], got 1/,
  );
});

Deno.test("combinatorialPurged(): 6 groups, 2 tested: 15 splits, 5 paths that cover each row once", () => {
  const length = 60;
  const made = combinatorialPurged(length, { groups: 6, testGroups: 2 });
  assert.deepEqual([made.splits.length, made.paths.length], [15, 5]);
  const used = new Set<string>();
  for (const path of made.paths) {
    path.forEach((s, g) => {
      assert.ok(made.splits[s].testGroups.includes(g));
      used.add(`${s}:${g}`);
    });
  }
  assert.equal(used.size, 30); // every tested group is part of one path
  const values = made.splits.map((split, s) =>
    Float64Array.from(split.test, (row) => row + 1000 * s)
  );
  for (const [p, column] of assemblePaths(length, made, values).entries()) {
    column.forEach((v, row) => {
      assert.equal(v % 1000, row);
      assert.equal(Math.floor(v / 1000), made.paths[p][Math.floor(row / 10)]);
    });
  }
});

Deno.test("purging catches a planted leak: overlapping labels let a neighbour's label be copied", () => {
  // The label is the sum of the next 20 noises: nothing known at the row tells anything of it. A
  // model that remembers its training labels by time copies those of neighbours, and looks skilled.
  const rng = createRng(5);
  const length = 2000;
  const horizon = 20;
  const noise = rng.fillNormal(new Float64Array(length + horizon));
  const label = Float64Array.from({ length }, (_, t) => {
    let sum = 0;
    for (let k = 1; k <= horizon; k++) sum += noise[t + k];
    return sum;
  });
  const spanEnd = Int32Array.from({ length }, (_, t) => Math.min(length - 1, t + horizon));
  const skill = (trainOf: (test: Int32Array, train: Int32Array) => Int32Array) => {
    const guess = new Float64Array(length);
    for (const { train, test } of purgedKFold(length, { folds: 100, spanEnd })) {
      const rows = trainOf(test, train);
      for (const t of test) {
        // The label of the training row that is nearest in time.
        let best = rows[0];
        for (const i of rows) if (Math.abs(i - t) < Math.abs(best - t)) best = i;
        guess[t] = label[best];
      }
    }
    return correlation(guess, label);
  };
  const unpurged = skill((test) => {
    const tested = new Set(test);
    return Int32Array.from({ length }, (_, i) => i).filter((i) => !tested.has(i));
  });
  const purged = skill((_, train) => train);
  assert.ok(unpurged > 0.6, `without purging the leak shows as skill: ${unpurged}`);
  assert.ok(Math.abs(purged) < 0.1, `purged, it is gone: ${purged}`);
});
