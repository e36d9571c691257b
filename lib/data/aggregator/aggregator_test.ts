import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Bars,
  makeBars,
  sampleBars,
  sliceBars,
  tradingSessions,
  zonedTimeMs,
  zoneOffsetMs,
} from "../mod.ts";
import {
  adjustBars,
  alignBars,
  asOfIndex,
  barsFromTrades,
  combineSources,
  convertCurrency,
  LiveBarBuilder,
  normalizeSymbol,
  resampleBars,
  symbolFor,
} from "./mod.ts";

const minute = 60_000;
const hour = 3_600_000;

const barsOf = (time: number[], close: number[], volume = close.map(() => 1)): Bars =>
  makeBars({
    time,
    open: close.map((c) => c - 1),
    high: close.map((c) => c + 2),
    low: close.map((c) => c - 3),
    close,
    volume,
  });

Deno.test("zonedTimeMs() knows daylight saving both ways", () => {
  const zone = "America/New_York";
  const wall = (m: number, d: number, h: number, mi = 0) => Date.UTC(2024, m, d, h, mi);
  assert.equal(zonedTimeMs(wall(2, 8, 16), zone), Date.UTC(2024, 2, 8, 21)); // EST
  assert.equal(zonedTimeMs(wall(2, 11, 16), zone), Date.UTC(2024, 2, 11, 20)); // EDT
  // 10 March 02:30 is skipped: read with the offset before the change.
  assert.equal(zonedTimeMs(wall(2, 10, 2, 30), zone), Date.UTC(2024, 2, 10, 7, 30));
  // 3 November 01:30 comes twice: the first.
  assert.equal(zonedTimeMs(wall(10, 3, 1, 30), zone), Date.UTC(2024, 10, 3, 5, 30));
  assert.equal(zoneOffsetMs(Date.UTC(2024, 6, 1), "Asia/Kolkata"), 5.5 * hour);
  assert.throws(() => zoneOffsetMs(0, "Mars/Base"), /IANA name .*got Mars\/Base/);
});

Deno.test("resampleBars() takes first open, extremes, last close, sum of volume; bars close in their interval", () => {
  const start = Date.UTC(2024, 0, 2, 10);
  const ones = barsOf([1, 2, 3, 5, 6].map((k) => start + k * minute), [10, 14, 7, 9, 20], [
    1,
    2,
    NaN,
    4,
    5,
  ]);
  const fives = resampleBars(ones, { to: "5m" });
  assert.deepEqual([...fives.time], [start + 5 * minute, start + 10 * minute]);
  assert.deepEqual(
    [fives.open[0], fives.high[0], fives.low[0], fives.close[0], fives.volume[0]],
    [9, 16, 4, 9, 7],
  );
  assert.deepEqual([fives.open[1], fives.close[1]], [19, 20]);
});

Deno.test("resampling 1m to 1h to 1d equals 1m to 1d", () => {
  const time = Array.from({ length: 3000 }, (_, k) => Date.UTC(2024, 0, 1) + (k + 1) * minute);
  const close = time.map((_, k) => 100 + 10 * Math.sin(k / 50) + k / 100);
  const ones = barsOf(time, close);
  const direct = resampleBars(ones, { to: "1d" });
  assert.deepEqual(resampleBars(resampleBars(ones, { to: "1h" }), { to: "1d" }), direct);
  assert.deepEqual([...direct.time], [0, 1, 2].map((d) => Date.UTC(2024, 0, 1 + d)));
  assert.equal(direct.volume[0], 1440);
});

Deno.test("sessions cut hours from the open and days at the close, on both sides of daylight saving", () => {
  const session = tradingSessions.XNYS;
  const time: number[] = [];
  for (const date of [8, 11]) {
    // From 08:00 to 18:00 in New York, minute by minute: only 09:30 to 16:00 counts.
    for (let k = 1; k <= 600; k++) {
      time.push(zonedTimeMs(Date.UTC(2024, 2, date, 8) + k * minute, session.timeZone));
    }
  }
  const ones = barsOf(time, time.map((_, k) => 100 + k % 600));
  const days = resampleBars(ones, { to: "1d", session });
  assert.deepEqual([...days.time], [Date.UTC(2024, 2, 8, 21), Date.UTC(2024, 2, 11, 20)]);
  assert.deepEqual([...days.volume], [390, 390]);
  const hours = resampleBars(ones, { to: "1h", session });
  assert.deepEqual([...hours.volume], [60, 60, 60, 60, 60, 60, 30, 60, 60, 60, 60, 60, 60, 30]);
  assert.equal(hours.time[0], Date.UTC(2024, 2, 8, 15, 30));
});

Deno.test("weeks of the sample have at most five days and their sums", async () => {
  const bars = await sampleBars();
  const weeks = resampleBars(bars, { to: "1w" });
  const total = (column: Float64Array) => column.reduce((a, b) => a + b, 0);
  assert.equal(total(weeks.volume), total(bars.volume));
  assert.equal(weeks.close[weeks.length - 1], bars.close[bars.length - 1]);
  assert.ok(weeks.time.every((t) => new Date(t).getUTCDay() === 5));
  assert.equal(weeks.open[0], bars.open[0]);
});

Deno.test("live bars equal those made of all trades; late trades are counted, not used", () => {
  const trades = Array.from({ length: 500 }, (_, k) => ({
    symbol: "X",
    time: k * 7000 + 1,
    price: 100 + Math.sin(k),
    size: 1 + k % 3,
  }));
  const all = barsFromTrades(trades, { to: "1m" });
  const builder = new LiveBarBuilder({ to: "1m" });
  const live = trades.flatMap((trade) => builder.push(trade) ?? []);
  assert.equal(live.length, all.length - 1, "the last is under way");
  live.forEach((bar, i) =>
    assert.deepEqual([bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume], [
      all.time[i],
      all.open[i],
      all.high[i],
      all.low[i],
      all.close[i],
      all.volume[i],
    ])
  );
  assert.equal(builder.push({ symbol: "X", time: 5, price: 1, size: 1 }), null);
  assert.equal(builder.late, 1);
  assert.equal(builder.onIdle(500 * 7000), null, "its interval is not over");
  assert.equal(builder.onIdle(600 * 7000)!.time, all.time[all.length - 1]);
});

Deno.test("asOfIndex() never looks forward (property)", () => {
  const ascending = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 60 })
    .map((x) => Float64Array.from(x).sort());
  fc.assert(fc.property(ascending, ascending, fc.boolean(), (times, known, strict) => {
    const index = asOfIndex(times, known, { strict });
    times.forEach((t, i) => {
      const before = [...known].filter((k) => strict ? k < t : k <= t);
      assert.equal(index[i], before.length - 1);
    });
  }));
  const aged = asOfIndex(Float64Array.of(5, 50), Float64Array.of(1), { maxAgeMs: 10 });
  assert.deepEqual([...aged], [0, -1]);
});

Deno.test("adjustBars() undoes splits and dividends so that returns are total returns", () => {
  // 2-for-1 before bar 2, dividend of 5 before bar 3.
  const raw = barsOf([1, 2, 3, 4], [100, 110, 60, 57], [10, 10, 20, 20]);
  const adjusted = adjustBars(raw, {
    splits: [{ time: 3, ratio: 2 }],
    dividends: [{ time: 4, amount: 5 }],
  });
  const returns = [1, 2, 3].map((i) => adjusted.close[i] / adjusted.close[i - 1] - 1);
  assert.ok(Math.abs(returns[0] - 0.1) < 1e-12);
  assert.ok(Math.abs(returns[1] - (120 / 110 - 1)) < 1e-12);
  assert.ok(Math.abs(returns[2] - (57 / 55 - 1)) < 1e-12);
  assert.deepEqual([...adjusted.volume], [20, 20, 20, 20]);
  assert.equal(adjusted.close[3], 57);
  assert.throws(
    () => adjustBars(raw, { splits: [{ time: 2, ratio: 0 }] }),
    /must be positive, got 0/,
  );
  assert.throws(
    () => adjustBars(raw, { dividends: [{ time: 2, amount: 200 }] }),
    /less than the close/,
  );
});

Deno.test("convertCurrency() takes the rate as known at the close", () => {
  const converted = convertCurrency(barsOf([1, 5, 9], [100, 100, 100]), {
    time: Float64Array.of(4, 9),
    close: Float64Array.of(2, 3),
  });
  assert.deepEqual([...converted.close], [NaN, 200, 300]);
});

Deno.test("combineSources() lists what sources disagree about and follows its policy", () => {
  const inputs = [
    { source: "a", bars: barsOf([1, 2, 3], [10, 20, 30]) },
    { source: "b", bars: barsOf([2, 3, 4], [20, 33, 40]) },
    { source: "c", bars: barsOf([3], [31]) },
  ];
  const first = combineSources(inputs);
  assert.deepEqual([...first.bars.close], [10, 20, 30, 40]);
  assert.deepEqual([...first.origin], [0, 0, 0, 1]);
  assert.equal(first.disagreements.length, 4);
  assert.deepEqual(first.disagreements[3], { row: 2, field: "close", values: [30, 33, 31] });
  const median = combineSources(inputs, { policy: "median" });
  assert.deepEqual([median.bars.close[2], median.origin[2]], [31, -1]);
  assert.throws(
    () => combineSources(inputs, { policy: "reject" }),
    /open at .* must agree, got 29 from a, 32 from b, 30 from c/,
  );
});

Deno.test("alignBars() puts symbols on one calendar and fills nothing", () => {
  const series = { a: barsOf([1, 2, 4], [1, 2, 4]), b: barsOf([2, 3, 4], [20, 30, 40]) };
  const union = alignBars(series);
  assert.deepEqual([...union.a.time], [1, 2, 3, 4]);
  assert.deepEqual([...union.a.close], [1, 2, NaN, 4]);
  assert.deepEqual([...union.b.close], [NaN, 20, 30, 40]);
  const both = alignBars(series, "intersection");
  assert.deepEqual([[...both.a.close], [...both.b.close]], [[2, 4], [20, 40]]);
});

Deno.test("normalizeSymbol() knows venues' spellings and leaves tickers alone", () => {
  for (const text of ["BTC-USD", "btc/usd", "BTC_USD", "XBT/USD", "XBTUSD=X"]) {
    assert.equal(normalizeSymbol(text).symbol, "BTC/USD", text);
  }
  assert.equal(normalizeSymbol("EURUSD=X").symbol, "EUR/USD");
  assert.equal(normalizeSymbol("EURUSD").symbol, "EUR/USD");
  assert.equal(normalizeSymbol("GOOGLE").symbol, "GOOGLE");
  assert.equal(normalizeSymbol("BRK-B").symbol, "BRK-B");
  assert.equal(normalizeSymbol("^GSPC").quote, undefined);
  assert.deepEqual(
    ["oanda", "yahoo", "robinhood", "coinbase"].map((s) => symbolFor(s, "EURUSD")),
    ["EUR_USD", "EURUSD=X", "EUR-USD", "EUR/USD"],
  );
  assert.equal(symbolFor("yahoo", "BTC/USD"), "BTC-USD");
  assert.throws(() => normalizeSymbol(" "), /must not be empty/);
});

Deno.test("days of the sample resampled to days stay as they are", async () => {
  const bars = sliceBars(await sampleBars(), 0, 50);
  assert.deepEqual(resampleBars(bars, { to: "1d" }).close, bars.close.slice());
});
