import assert from "node:assert/strict";
import {
  type Bars,
  checkQuality,
  firstSoundOpen,
  formatTime,
  makeBars,
  sampleBars,
} from "../mod.ts";
import { createRng } from "../../math/mod.ts";

const dayMs = 86_400_000;

/** A random walk of daily bars on weekdays from 2020-01-01. */
function walk(length: number, edit: (c: Record<string, Float64Array>) => void = () => {}): Bars {
  const rng = createRng(3);
  const c = Object.fromEntries(
    ["time", "open", "high", "low", "close", "volume"].map((k) => [k, new Float64Array(length)]),
  );
  let day = Date.UTC(2020, 0, 1);
  let last = 100;
  for (let i = 0; i < length; i++) {
    while ([0, 6].includes(new Date(day).getUTCDay())) day += dayMs;
    c.time[i] = day;
    c.open[i] = last * Math.exp(0.003 * rng.normal());
    c.close[i] = c.open[i] * Math.exp(0.01 * rng.normal());
    c.high[i] = Math.max(c.open[i], c.close[i]) * 1.002;
    c.low[i] = Math.min(c.open[i], c.close[i]) * 0.998;
    c.volume[i] = 1000 + i;
    last = c.close[i];
    day += dayMs;
  }
  edit(c);
  return makeBars(c as never);
}

const only = (bars: Bars) => {
  const { issues } = checkQuality(bars);
  assert.equal(issues.length, 1, JSON.stringify(issues.map((i) => i.message)));
  return issues[0];
};

Deno.test("checkQuality() finds nothing in a clean random walk and scores it 1", () => {
  const report = checkQuality(walk(600));
  assert.deepEqual(report.issues, []);
  assert.equal(report.score, 1);
});

Deno.test("checkQuality() finds the degenerate opens of the sample, year by year", async () => {
  const bars = await sampleBars();
  const report = checkQuality(bars);
  const years = report.issues.filter((issue) => issue.kind === "degenerate-opens");
  assert.deepEqual(
    years.map((issue) => [new Date(issue.from!).getUTCFullYear(), Math.round(issue.share * 100)]),
    [
      [2000, 96],
      [2001, 95],
      [2002, 95],
      [2003, 98],
      [2004, 98],
      [2005, 96],
      [2006, 43],
      [2007, 16],
      [2011, 9],
      [2012, 25],
      [2013, 26],
    ],
  );
  assert.ok(report.score > 0.6 && report.score < 0.7);
  assert.equal(formatTime(bars.time[firstSoundOpen(bars, report)]), "2014-01-02");
  const others = report.issues.filter((issue) => issue.kind !== "degenerate-opens");
  assert.deepEqual(others.map((issue) => issue.kind), ["gap"]);
  assert.equal(formatTime(bars.time[others[0].rows[0]]), "2001-09-17");
});

Deno.test("checkQuality() finds a bad tick that comes back, and a high far out", () => {
  const spike = only(walk(300, (c) => {
    c.close[150] *= 1.5;
    c.high[150] = c.close[150];
  }));
  assert.deepEqual([spike.kind, spike.rows], ["spike", [150]]);
  const high = only(walk(300, (c) => void (c.high[77] *= 1.4)));
  assert.deepEqual([high.kind, high.rows], ["spike", [77]]);
});

Deno.test("checkQuality() tells an unadjusted split from a crash", () => {
  const fields = ["open", "high", "low", "close"];
  const split = only(walk(300, (c) => {
    for (const f of fields) for (let i = 200; i < 300; i++) c[f][i] /= 2;
  }));
  assert.deepEqual([split.kind, split.rows, split.severity], ["split-like-jump", [200], "error"]);
  assert.match(split.message, /2 for 1/);
  const crash = walk(300, (c) => {
    for (const f of fields) for (let i = 200; i < 300; i++) c[f][i] *= 0.83;
  });
  assert.deepEqual(checkQuality(crash).issues, []);
});

Deno.test("checkQuality() finds stale prices, zero volume and gaps of daily bars", () => {
  const stale = only(walk(300, (c) => {
    for (let i = 101; i < 107; i++) {
      for (const f of ["open", "high", "low", "close"]) c[f][i] = c.close[100];
    }
  }));
  assert.deepEqual([stale.kind, stale.count, stale.rows[0]], ["stale-price", 7, 100]);
  const zero = only(walk(300, (c) => void (c.volume[5] = 0)));
  assert.deepEqual([zero.kind, zero.severity, zero.rows], ["zero-volume", "warning", [5]]);
  const unknown = only(walk(300, (c) => void c.volume.fill(0)));
  assert.equal(unknown.severity, "info");
  const gap = only(walk(300, (c) => {
    for (let i = 50; i < 300; i++) c.time[i] += 14 * dayMs;
  }));
  assert.deepEqual([gap.kind, gap.rows], ["gap", [50]]);
});

Deno.test("checkQuality() knows nightly closures from gaps in minutes", () => {
  // 20 days of trading from 14:30 to 21:00, and a missing half hour on day 7.
  const time: number[] = [];
  for (let day = 0; day < 20; day++) {
    for (let minute = 0; minute < 390; minute++) {
      if (day === 7 && minute >= 100 && minute < 130) continue;
      time.push(Date.UTC(2021, 2, 1 + day, 14, 31 + minute));
    }
  }
  const rng = createRng(5);
  let price = 100;
  const close = time.map(() => price *= Math.exp(0.001 * rng.normal()));
  const issue = only(makeBars({
    time,
    close,
    open: close,
    high: close.map((p) => p * 1.0005),
    low: close.map((p) => p * 0.9995),
    volume: close.map(() => 10),
  }));
  assert.deepEqual([issue.kind, issue.count, issue.rows], ["gap", 1, [7 * 390 + 100]]);
});

Deno.test("checkQuality() counts what validateBars() would refuse", () => {
  const report = checkQuality(walk(100, (c) => {
    c.time[10] = c.time[9];
    c.time[20] = c.time[15];
    c.close[30] = NaN;
    c.low[40] = -1;
    c.high[50] = c.low[50] - 1;
  }));
  const kinds = new Map(report.issues.map((issue) => [issue.kind, issue.rows]));
  assert.deepEqual(kinds.get("duplicate"), [10]);
  assert.deepEqual(kinds.get("out-of-order"), [20]);
  assert.deepEqual(kinds.get("missing"), [30]);
  assert.deepEqual(kinds.get("negative-price"), [40]);
  assert.deepEqual(kinds.get("ohlc-violation"), [50]);
  assert.ok(report.score < 0.96);
});

Deno.test("checkQuality() of no bars scores 0", () => {
  assert.equal(
    checkQuality(makeBars({ time: [], open: [], high: [], low: [], close: [] })).score,
    0,
  );
});
