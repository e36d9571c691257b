import assert from "node:assert/strict";
import {
  checkQuality,
  closeMinuteOn,
  nyseException,
  sampleBars,
  sessionOn,
  tradingSessions,
} from "./mod.ts";
import { resampleBars } from "./aggregator/mod.ts";
import { makeBars } from "./bars.ts";
import published from "./testdata/nyse_2022_2027.json" with { type: "json" };
import federal from "./testdata/us_holidays.json" with { type: "json" };

const dayMs = 86_400_000;
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Weekdays without trading, and with an early close, from one year to another. */
function exceptions(from: number, to: number) {
  const closed: string[] = [];
  const early: string[] = [];
  for (let date = Date.UTC(from, 0, 1); date < Date.UTC(to + 1, 0, 1); date += dayMs) {
    const exception = nyseException(date);
    if (!exception) continue;
    if (exception.closeMinute === null) closed.push(dateOf(date));
    else early.push(dateOf(date));
  }
  return { closed, early };
}

Deno.test("nyseException() gives the closings that the exchange announced for 2022 to 2027", () => {
  const { closed, early } = exceptions(2022, 2027);
  // Announced later than the list: the mourning for President Carter.
  assert.deepEqual(closed.filter((date) => date !== "2025-01-09"), published.closed);
  assert.deepEqual(early, published.early);
});

Deno.test("nyseException() follows pandas' holiday rules from 1998 to 2060", () => {
  const extra = exceptions(1998, 2060).closed.filter((date) => !federal.closed.includes(date));
  assert.deepEqual(extra, [
    "2001-09-11",
    "2001-09-12",
    "2001-09-13",
    "2001-09-14",
    "2004-06-11",
    "2007-01-02",
    "2012-10-29",
    "2012-10-30",
    "2018-12-05",
    "2025-01-09",
  ]);
  const missing = federal.closed.filter((date) => nyseException(Date.parse(date)) === null);
  assert.deepEqual(missing, []);
});

Deno.test("the sample has a bar on every day of trading of the calendar, and on no other", async () => {
  const bars = await sampleBars();
  const days = new Set([...bars.time].map(dateOf));
  const expected: string[] = [];
  for (let date = bars.time[0]; date <= bars.time[bars.length - 1]; date += dayMs) {
    if (closeMinuteOn(date, tradingSessions.XNYS) !== null) expected.push(dateOf(date));
  }
  assert.deepEqual([...days].sort(), expected);
});

Deno.test("checkQuality() with the session flags missing days of trading and no holidays", async () => {
  const bars = await sampleBars();
  const gaps = (b: typeof bars) =>
    checkQuality(b, { session: tradingSessions.XNYS }).issues.filter((i) => i.kind === "gap");
  assert.deepEqual(gaps(bars), []);
  const keep = [...bars.time.keys()].filter((i) => i !== 700);
  const pick = (column: Float64Array) => Float64Array.from(keep, (i) => column[i]);
  const { time, open, high, low, close, volume } = bars;
  const holed = makeBars({
    time: pick(time),
    open: pick(open),
    high: pick(high),
    low: pick(low),
    close: pick(close),
    volume: pick(volume),
  });
  assert.deepEqual(gaps(holed).map((gap) => gap.rows), [[700]]);
});

/** Minute bars of the days in November 2024 around Thanksgiving, closes stamped. */
function minutes(skip: (minute: number, date: string) => boolean = () => false) {
  const times: number[] = [];
  for (let date = Date.UTC(2024, 10, 25); date <= Date.UTC(2024, 11, 2); date += dayMs) {
    const hours = sessionOn(date, tradingSessions.XNYS);
    if (!hours) continue;
    for (let t = hours.open + 60_000, k = 0; t <= hours.close; t += 60_000, k++) {
      if (!skip(k, dateOf(date))) times.push(t);
    }
  }
  const price = new Float64Array(times.length).fill(100).map((v, i) => v + i % 7);
  const columns = { open: price, high: price, low: price, close: price, volume: price };
  return makeBars({ time: Float64Array.from(times), ...columns });
}

Deno.test("minute bars have no gap at nights, on Thanksgiving and at the early close after it", () => {
  const gaps = (bars: ReturnType<typeof minutes>) =>
    checkQuality(bars, { session: tradingSessions.XNYS }).issues.filter((i) => i.kind === "gap");
  assert.deepEqual(gaps(minutes()), []);
  // Ten minutes in the middle of a day, and the afternoon of a whole one.
  const [gap] = gaps(
    minutes((k, date) =>
      date === "2024-11-26" && k >= 100 && k < 110 || date === "2024-11-27" && k >= 210
    ),
  );
  assert.equal(gap.count, 2);
});

Deno.test("resampleBars() ends the day after Thanksgiving at one o'clock", () => {
  const days = resampleBars(minutes(), { to: "1d", session: tradingSessions.XNYS });
  assert.deepEqual([...days.time].map((t) => new Date(t).toISOString()), [
    "2024-11-25T21:00:00.000Z",
    "2024-11-26T21:00:00.000Z",
    "2024-11-27T21:00:00.000Z",
    "2024-11-29T18:00:00.000Z",
    "2024-12-02T21:00:00.000Z",
  ]);
});

Deno.test("nyseException() names the day and refuses years it does not know", () => {
  assert.deepEqual(nyseException(Date.UTC(2024, 11, 24)), {
    name: "Christmas Eve",
    closeMinute: 780,
  });
  assert.equal(nyseException(Date.UTC(2024, 11, 23)), null);
  assert.throws(() => nyseException(Date.UTC(1992, 0, 1)), /year must be 1993 or later, got 1992/);
});
