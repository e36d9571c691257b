import assert from "node:assert/strict";
import { barAt, type Bars, makeBars, sampleBars, sliceBars } from "../data/mod.ts";
import { definePipeline, type FeatureKind, features, frameColumn } from "./mod.ts";

/** Steps beyond the defaults, so that parameters that change a kernel's path are tried, too. */
const variants: Partial<Record<FeatureKind, Record<string, unknown>[]>> = {
  sma: [{ window: 1 }, { ratio: true, window: 300 }],
  ema: [{ window: 1 }, { ratio: true }],
  lag: [{ lags: [1, 5, 400] }],
  logReturn: [{ window: 21 }],
  calendar: [
    { encoding: "ordinal", fields: ["minuteOfDay", "dayOfMonth", "month", "dayOfWeek"] },
    { timeZone: "America/New_York", fields: ["minuteOfDay", "dayOfWeek"] },
  ],
  realizedVolatility: [{ source: "high", window: 2 }],
  wma: [{ window: 1 }, { window: 300 }],
  hma: [{ window: 3 }],
  kama: [{ window: 2, ratio: true }],
  rsi: [{ window: 1 }],
  stochastic: [{ window: 14, smoothK: 1, smoothD: 1 }],
  adx: [{ window: 2 }],
  aroon: [{ window: 50 }],
  maximum: [{ window: 100 }, { window: 1 }],
  donchian: [{ window: 90 }],
  quantile: [{ window: 7, p: 0.1 }],
  garch: [
    { fitBars: 60, refitBars: 40 },
    { parameters: { omega: 1e-6, alpha: 0.08, beta: 0.9 } },
  ],
  waveletEnergy: [{ wavelet: "haar", window: 8, levels: 3, share: false }],
  fourierEnergy: [{ window: 16, share: false }],
  fractionalDifference: [{ d: 1.5, cut: 1e-2 }],
  correlation: [{ other: "open", window: 5 }],
  autocorrelation: [{ lag: 5, window: 20 }],
  combine: [{ operation: "divide" }],
  anchoredVwap: [{ anchor: "month", ratio: true }, { timeZone: "Asia/Tokyo" }],
};

/** Defaults that would warm up longer than the bars of these tests last. */
const shorter: Partial<Record<FeatureKind, Record<string, unknown>>> = {
  fractionalDifference: { cut: 1e-3 },
};

/** Every registered feature with its defaults and its variants. */
function allSteps() {
  return (Object.keys(features) as FeatureKind[]).flatMap((kind) =>
    [shorter[kind] ?? {}, ...variants[kind] ?? []].map((params, k) => ({
      kind,
      as: `${kind}_v${k}`,
      ...params,
    }))
  );
}

/** The sample with volumes of a usual size and, from row 900 on, holes. */
async function testBars(length: number, holes = false): Promise<Bars> {
  const bars = sliceBars(await sampleBars(), 3600, 3600 + length);
  if (!holes) return bars;
  const copy = makeBars({ ...bars, time: bars.time.slice() });
  const fields = ["open", "high", "low", "close", "volume"] as const;
  const holed = Object.fromEntries(fields.map((field) => {
    const column = bars[field].slice();
    for (let i = 100; i < length; i += 157) column[i] = NaN;
    return [field, column];
  })) as unknown as Bars;
  return makeBars({ ...copy, ...holed });
}

/** Equal bits, NaN equal to NaN. */
function same(actual: Float64Array, expected: Float64Array, what: string): void {
  for (let i = 0; i < actual.length; i++) {
    if (!Object.is(actual[i] + 0, expected[i] + 0)) {
      assert.fail(`${what}: row ${i} is ${actual[i]}, not ${expected[i]}`);
    }
  }
}

for (const holes of [false, true]) {
  const about = holes ? "bars with holes" : "whole bars";
  Deno.test(`every feature on a prefix equals the first rows on all of it, bit for bit (${about})`, async () => {
    const bars = await testBars(1400, holes);
    const pipeline = definePipeline({ steps: allSteps() });
    const full = pipeline.compute(bars);
    for (const length of [1, 2, 19, 101, 258, 700, 1033, 1399]) {
      const prefix = pipeline.compute(sliceBars(bars, 0, length));
      for (let k = 0; k < full.columns.length; k++) {
        same(
          prefix.columns[k],
          full.columns[k].subarray(0, length),
          `${full.names[k]} of ${length}`,
        );
      }
    }
  });

  Deno.test(`every feature streams to the batch's bits (${about})`, async () => {
    const bars = await testBars(1400, holes);
    const pipeline = definePipeline({ steps: allSteps() });
    const full = pipeline.compute(bars);
    const stream = pipeline.stream();
    const columns = full.columns.map(() => new Float64Array(bars.length));
    for (let i = 0; i < bars.length; i++) {
      stream.update(barAt(bars, i)).forEach((value, k) => columns[k][i] = value);
    }
    columns.forEach((column, k) => same(column, full.columns[k], full.names[k]));
  });
}

Deno.test("every feature is NaN for its warm-up and defined from there on", async () => {
  const bars = await testBars(1400);
  for (const step of allSteps()) {
    const pipeline = definePipeline({ steps: [step] });
    const frame = pipeline.compute(bars);
    const firsts = frame.columns.map((column) => column.findIndex((v) => !Number.isNaN(v)));
    assert.equal(Math.max(...firsts), pipeline.warmupBars, `${step.as} starts at ${firsts}`);
    frame.columns.forEach((column, k) => {
      const bad = column.subarray(pipeline.warmupBars).findIndex((v) => !Number.isFinite(v));
      assert.equal(bad, -1, `${frame.names[k]} is not finite ${bad} rows after its warm-up`);
    });
  }
});

Deno.test("every feature stands flat prices without an infinity", () => {
  const flat = new Float64Array(700).fill(100);
  const bars = makeBars({
    time: flat.map((_, i) => i * 86_400_000),
    open: flat,
    high: flat,
    low: flat,
    close: flat,
    volume: flat,
  });
  const frame = definePipeline({ steps: allSteps() }).compute(bars);
  frame.columns.forEach((column, k) => {
    assert.ok(column.every((v) => Math.abs(v) !== Infinity), frame.names[k]);
  });
});

Deno.test("a step reads columns of earlier steps, hidden ones, too, and their warm-ups add up", async () => {
  const bars = await testBars(200);
  const pipeline = definePipeline({
    steps: [
      { kind: "logReturn", as: "r", hidden: true },
      { kind: "sma", source: "r", window: 10, as: "drift" },
    ],
  });
  const frame = pipeline.compute(bars);
  assert.deepEqual(frame.names, ["drift"]);
  assert.equal(pipeline.warmupBars, 10);
  const drift = frameColumn(frame, "drift");
  assert.ok(Math.abs(drift[50] - Math.log(bars.close[50] / bars.close[40]) / 10) < 1e-15);
});

Deno.test("definePipeline() hashes what is computed, not how it was written", () => {
  const a = definePipeline({ steps: [{ kind: "rsi" }] });
  const b = definePipeline({ steps: [{ window: 14, kind: "rsi", source: "close" }] });
  const c = definePipeline({ steps: [{ kind: "rsi", window: 15 }] });
  assert.equal(a.hash, b.hash);
  assert.notEqual(a.hash, c.hash);
  assert.match(a.hash, /^[0-9a-f]{64}$/);
  const again = definePipeline(JSON.parse(JSON.stringify(c.config)));
  assert.equal(again.hash, c.hash);
  assert.deepEqual(again.names, c.names);
});

const badConfigs: [string, unknown, RegExp][] = [
  ["no steps", { steps: [] }, /steps must be a list of at least one step, got \[\]/],
  ["nothing", undefined, /steps must be a list/],
  [
    "an unknown kind",
    { steps: [{ kind: "rsii" }] },
    /steps\[0\]\.kind must be one of .*rsi.*, got "rsii"/,
  ],
  [
    "a window of 0",
    { steps: [{ kind: "rsi", window: 0 }] },
    /steps\[0\] \(rsi\) window .*>=1.*, got 0/,
  ],
  ["a window of text", { steps: [{ kind: "rsi", window: "14" }] }, /window .*number.*, got "14"/],
  ["a half window", { steps: [{ kind: "rsi", window: 1.5 }] }, /window .*int.*, got 1.5/],
  [
    "an unknown parameter",
    { steps: [{ kind: "rsi", period: 3 }] },
    /no parameter period; it takes source, window/,
  ],
  [
    "an unknown source",
    { steps: [{ kind: "rsi", source: "clsoe" }] },
    /reads "clsoe", which must be one of .*close/,
  ],
  [
    "a later source",
    { steps: [{ kind: "sma", source: "rsi_14" }, { kind: "rsi" }] },
    /reads "rsi_14"/,
  ],
  ["a name used twice", { steps: [{ kind: "rsi" }, { kind: "rsi" }] }, /got rsi_14 a second time/],
  ["a bar's own name", { steps: [{ kind: "rsi", as: "close" }] }, /got close a second time/],
  ["a bad name", { steps: [{ kind: "rsi", as: "my rsi" }] }, /as must be letters.*"my rsi"/],
  [
    "hidden steps only",
    { steps: [{ kind: "rsi", hidden: true }] },
    /at least one step must not be hidden/,
  ],
  [
    "an unknown time zone",
    { steps: [{ kind: "calendar", timeZone: "New York" }] },
    /steps\[0\] \(calendar\) timeZone .*IANA time zone such as America\/New_York, got "New York"/,
  ],
  [
    "fast above slow",
    { steps: [{ kind: "macd", fast: 30 }] },
    /fast is not allowed: must be less than slow, got 30/,
  ],
];
for (const [what, config, message] of badConfigs) {
  Deno.test(`definePipeline() refuses ${what} and says what is allowed`, () => {
    assert.throws(() => definePipeline(config as never), (error: unknown) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("calendar and anchoredVwap follow the clock of the exchange, summer and winter", () => {
  // 16:00 in New York: 21:00 UTC in winter, 20:00 in summer; then 19:30 and 20:30 on a summer evening.
  const time = Float64Array.of(
    Date.UTC(2024, 0, 10, 21),
    Date.UTC(2024, 6, 10, 20),
    Date.UTC(2024, 6, 10, 23, 30),
    Date.UTC(2024, 6, 11, 0, 30),
  );
  const price = Float64Array.of(10, 20, 30, 40);
  const volume = Float64Array.of(1, 1, 1, 1);
  const bars = makeBars({ time, open: price, high: price, low: price, close: price, volume });
  const frameOf = (timeZone?: string) =>
    definePipeline({
      steps: [
        {
          kind: "calendar",
          fields: ["minuteOfDay", "dayOfWeek"],
          encoding: "ordinal",
          as: "c",
          ...timeZone && { timeZone },
        },
        { kind: "anchoredVwap", as: "v", ...timeZone && { timeZone } },
      ],
    }).compute(bars);
  const newYork = frameOf("America/New_York");
  assert.deepEqual([...frameColumn(newYork, "c_minuteOfDay")].map((v) => Math.round(v * 1440)), [
    960,
    960,
    1170,
    1230,
  ]);
  assert.deepEqual([...frameColumn(newYork, "c_dayOfWeek")].map((v) => Math.round(v * 7)), [
    2,
    2,
    2,
    2,
  ]);
  assert.deepEqual([...frameColumn(newYork, "v")], [10, 20, 25, 30]);
  const utc = frameOf();
  assert.deepEqual([...frameColumn(utc, "c_minuteOfDay")].map((v) => Math.round(v * 1440)), [
    1260,
    1200,
    1410,
    30,
  ]);
  assert.deepEqual([...frameColumn(utc, "v")], [10, 20, 25, 40]);
});

Deno.test("stream().update() refuses a bar that is not after the last", async () => {
  const bars = await testBars(3);
  const stream = definePipeline({ steps: [{ kind: "return" }] }).stream();
  stream.update(barAt(bars, 1));
  assert.throws(() => stream.update(barAt(bars, 1)), /time must be after/);
});
