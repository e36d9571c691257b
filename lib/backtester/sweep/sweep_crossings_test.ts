import assert from "node:assert/strict";
import { backtest } from "../backtest.ts";
import { smaCross } from "../strategies/sma_cross.ts";
import { randomBars } from "../testdata/make_bars.ts";
import { closeSweepWorkers, sweepSmaCross } from "./sweep_crossings.ts";
import { sweepMetrics } from "./crossing_kernel.ts";

Deno.test("a sweep equals backtest() of each combination, on one thread and on two", async () => {
  const bars = randomBars(400, 8);
  const fast: number[] = [], slow: number[] = [];
  for (let f = 2; f < 12; f += 3) for (let s = f + 3; s < 40; s += 7) fast.push(f), slow.push(s);
  for (const fill of ["nextOpen", "nextClose", "sameClose"] as const) {
    const options = { cash: 10_000, fees: 0.001, slippage: 0.0005, fill };
    const one = await sweepSmaCross(bars, { fast, slow }, { ...options, workers: 0 });
    const two = await sweepSmaCross(bars, { fast, slow }, { ...options, workers: 1 });
    assert.deepEqual(two, one);
    assert.equal(one.count, fast.length);
    fast.forEach((f, k) => {
      const { metrics } = backtest(bars, smaCross({ fast: f, slow: slow[k] }), options);
      for (const name of sweepMetrics) {
        const got = one.metrics[name][k];
        const isSame = Number.isNaN(metrics[name])
          ? Number.isNaN(got)
          : Math.abs(got - metrics[name]) < 1e-9;
        assert.ok(isSame, `${name} of ${f}/${slow[k]}: ${got}, backtest() says ${metrics[name]}`);
      }
    });
  }
  closeSweepWorkers();
});

Deno.test("a sweep refuses windows and costs that it cannot use", async () => {
  const bars = randomBars(50, 1);
  await assert.rejects(
    async () => await sweepSmaCross(bars, { fast: [10], slow: [5] }),
    /fast must be smaller than slow, got 10 and 5 at 0/,
  );
  await assert.rejects(
    async () => await sweepSmaCross(bars, { fast: [2], slow: [5] }, { fees: { fixed: 1 } }),
    /fees and slippage must be proportional/,
  );
});
