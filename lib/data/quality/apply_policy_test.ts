import assert from "node:assert/strict";
import {
  applyQualityPolicy,
  type Bars,
  checkQuality,
  DataError,
  makeBars,
  sampleBars,
  sliceBars,
} from "../mod.ts";

/** 300 sound bars of the sample (2016), in columns that may be edited. */
async function edited(edit: (c: Record<string, Float64Array>) => void): Promise<Bars> {
  const bars = sliceBars(await sampleBars(), 4100, 4400);
  const columns = Object.fromEntries(
    ["time", "open", "high", "low", "close", "volume"].map((
      k,
    ) => [k, (bars as never)[k] as Float64Array])
      .map(([k, column]) => [k, (column as Float64Array).slice()]),
  );
  edit(columns);
  return makeBars(columns as never);
}

Deno.test("reject names the kind and the first row; kinds that are not named pass", async () => {
  const bars = await edited((c) => void (c.high[7] = c.low[7] - 1));
  assert.throws(() => applyQualityPolicy(bars, "reject"), (error: unknown) => {
    assert.ok(error instanceof DataError);
    assert.deepEqual([error.fault, error.row, error.value], ["quality", 8, "ohlc-violation"]);
    return true;
  });
  assert.equal(applyQualityPolicy(bars, { gap: "reject" }).bars.high[7], bars.high[7]);
  const sample = await sampleBars();
  assert.throws(
    () => applyQualityPolicy(sample, { "degenerate-opens": "reject" }),
    /in 2000, 96 % of opens/,
  );
});

Deno.test("mask makes rows NaN, of degenerate opens only the open", async () => {
  const bars = await edited((c) => {
    c.close[20] *= 3;
    c.high[20] = c.close[20];
  });
  const result = applyQualityPolicy(bars, "mask");
  assert.ok(Number.isNaN(result.bars.close[20]) && Number.isNaN(result.bars.volume[20]));
  assert.deepEqual(result.annotations, [{
    row: 20,
    time: bars.time[20],
    kind: "spike",
    action: "mask",
  }]);
  assert.equal(bars.close[20], bars.high[20], "the bars given are unchanged");
  const sample = applyQualityPolicy(await sampleBars(), { "degenerate-opens": "mask" });
  assert.ok(Number.isNaN(sample.bars.open[5]) && sample.bars.close[5] > 0);
});

Deno.test("repair mends violations, spikes, splits and order; the result is clean", async () => {
  const clean = await edited(() => {});
  const bars = await edited((c) => {
    c.high[10] = c.low[10] - 5; // violation
    c.high[50] *= 1.5; // a high far out
    for (const f of ["open", "high", "low", "close"]) {
      for (let i = 200; i < 300; i++) c[f][i] /= 4; // 4 for 1
    }
    [c.time[150], c.time[151]] = [c.time[151], c.time[150]];
    c.time[100] = c.time[101];
  });
  const result = applyQualityPolicy(bars, "repair");
  assert.deepEqual(checkQuality(result.bars).issues, []);
  assert.equal(result.bars.length, 299);
  assert.equal(result.report.length, 300);
  assert.ok(Math.abs(result.bars.close[9] - clean.close[9] / 4) < 1e-9);
  assert.deepEqual(
    new Set(result.annotations.map((a) => `${a.kind} ${a.action}`)),
    new Set([
      "ohlc-violation repair",
      "spike repair",
      "split-like-jump repair",
      "duplicate drop",
      "out-of-order repair",
    ]),
  );
});
