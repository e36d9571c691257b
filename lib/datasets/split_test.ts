import assert from "node:assert/strict";
import { drawSplits, timeSplit } from "./split.ts";

Deno.test("timeSplit() cuts by fractions and drops the embargo from the later part", () => {
  const split = timeSplit(100, { train: 0.5, validation: 0.25, test: 0.25, embargoBars: 5 });
  assert.deepEqual(split.train, [0, 50]);
  assert.deepEqual(split.validation, [55, 75]);
  assert.deepEqual(split.test, [80, 100]);
});

Deno.test("timeSplit() purges rows whose label reaches into the next part", () => {
  const spans = Int32Array.from({ length: 100 }, (_, t) => Math.min(99, t + 4));
  const split = timeSplit(100, {
    train: 0.5,
    validation: [50, 80],
    test: [85, 100],
    purgeSpans: spans,
  });
  assert.deepEqual(split.train, [0, 46]);
  assert.deepEqual(split.validation, [50, 80]);
  assert.deepEqual(split.purged, { train: 4, validation: 0 });
  for (let t = split.train[0]; t < split.train[1]; t++) {
    assert.ok(spans[t] < split.validation[0]);
  }
});

Deno.test("timeSplit() purges no row too few when spans differ in length", () => {
  const spans = Int32Array.from({ length: 60 }, (_, t) => t === 10 ? 45 : t + 1);
  const split = timeSplit(60, { train: 0.5, test: 0.5, purgeSpans: spans });
  assert.deepEqual(split.train, [0, 10]);
});

Deno.test("timeSplit() names the field, the value and what is allowed", () => {
  const fails = (options: Parameters<typeof timeSplit>[1], message: RegExp, length = 10) =>
    assert.throws(() => timeSplit(length, options), message);
  fails({ train: 0.8, test: 0.4 }, /fractions must sum to at most 1, got 1.2/);
  fails({ train: 1.5 }, /train must be a fraction in \(0, 1\], got 1.5/);
  fails({ train: [0, 5], test: [3, 8] }, /test must start at or after bar 5, got \[3, 8\)/);
  fails({ train: 0.5, test: 0.5, embargoBars: 5 }, /test must hold at least one bar/);
  fails({ train: 0.5, embargoBars: -1 }, /embargoBars must be an integer >= 0, got -1/);
  fails({ train: 0.5, test: 0.5, purgeSpans: new Int32Array(3) }, /purgeSpans must have one entry/);
  fails(
    { train: 0.5, test: 0.5, purgeSpans: new Int32Array(10).fill(9) },
    /purging leaves train empty/,
  );
});

Deno.test("drawSplits() draws one line per split with every range titled", () => {
  const split = timeSplit(100, { train: 0.6, validation: 0.2, test: 0.2, embargoBars: 2 });
  const svg = drawSplits([split, split]);
  assert.equal(svg.match(/<title>validation: bars 62 to 79<\/title>/g)?.length, 2);
  assert.match(svg, /^<svg[^>]+viewBox/);
});
