import assert from "node:assert/strict";
import fc from "fast-check";
import { backtest } from "./backtest.ts";
import { backtestWeights } from "./backtest_signals.ts";
import { buyAndHold } from "./strategies/buy_and_hold.ts";
import type { Context, Strategy } from "./strategy.ts";
import { barsOf, randomBars } from "./testdata/make_bars.ts";
import type { BacktestOptions } from "./options.ts";
import type { Bars } from "../data/bars.ts";
import { createRng } from "../math/mod.ts";

const flat = [100, 101, 99, 100];
const script = (steps: Record<number, (c: Context) => void>): Strategy => ({
  name: "script",
  next: (c) => steps[c.bar]?.(c),
});

/** Places orders of every kind at random, by a seed. */
function chaos(seed: number): Strategy {
  let rng = createRng(seed);
  return {
    name: "chaos",
    init: () => void (rng = createRng(seed)),
    next(c) {
      for (const symbol of c.symbols) {
        const price = c.price(symbol);
        if (!(price > 0) || rng.uniform() < 0.5) continue;
        const near = () => price * (1 + 0.04 * (rng.uniform() - 0.5));
        const size = [{ units: 1 + rng.integer(30) }, { percent: 0.3 * rng.uniform() + 0.01 }, {
          value: 500,
        }][rng.integer(3)];
        const place = rng.uniform() < 0.5 ? c.buy.bind(c) : c.sell.bind(c);
        switch (rng.integer(9)) {
          case 0:
            place({ symbol, size });
            break;
          case 1:
            place({ symbol, size, limit: near() });
            break;
          case 2:
            place({ symbol, size, stop: near() });
            break;
          case 3:
            place({ symbol, size, stop: near(), limit: near() });
            break;
          case 4:
            place({ symbol, size, trail: { trailPercent: 0.02 } });
            break;
          case 5:
            c.buy({ symbol, size, stopLoss: price * 0.97, takeProfit: price * 1.03 });
            break;
          case 6:
            c.target(rng.uniform() - 0.3, symbol);
            break;
          case 7:
            c.close(symbol);
            break;
          default:
            place({ symbol, size, timeInForce: (["day", "ioc", "fok"] as const)[rng.integer(3)] });
        }
      }
      if (rng.uniform() < 0.05) c.cancelAll();
    },
  };
}

function someBars(seed: number, n: number, symbols: number): Record<string, Bars> {
  return Object.fromEntries(
    Array.from({ length: symbols }, (_, k) => {
      const symbol = "ABCDE"[k];
      return [symbol, randomBars(n, seed * 10 + k, { symbol, volatility: 0.02 })];
    }),
  );
}

const chaosOptions: fc.Arbitrary<BacktestOptions> = fc.record({
  fill: fc.constantFrom("nextOpen", "nextClose", "sameClose"),
  fees: fc.constantFrom(0, 0.002, { bps: 3, minimum: 1 }, { perShare: 0.01 }),
  slippage: fc.constantFrom(0, 0.001, { impact: 0.2 }),
  leverage: fc.constantFrom(1, 2),
  lotSize: fc.constantFrom(0, 1),
  allowShort: fc.boolean(),
  volumeLimit: fc.constantFrom(0.001, 1),
  onShortfall: fc.constantFrom("reject", "reduce"),
});

Deno.test("cash + positions = equity, and equity changes only by price moves and costs", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e5 }), chaosOptions, (seed, options) => {
      const n = 60;
      const bars = someBars(seed, n, 2);
      const result = backtest(bars, chaos(seed), options);
      // The books again from nothing but the fills.
      const units: Record<string, number> = { A: 0, B: 0 };
      let cash = 10_000;
      let next = 0;
      for (let t = 0; t < n; t++) {
        while (next < result.fills.length && result.fills[next].bar === t) {
          const f = result.fills[next++];
          units[f.symbol] += f.units;
          cash -= f.units * f.price + f.fee;
          const { high, low } = bars[f.symbol];
          assert.ok(
            f.rawPrice <= high[t] + 1e-9 && f.rawPrice >= low[t] - 1e-9,
            `fill at ${f.rawPrice} outside [${low[t]}, ${high[t]}]`,
          );
          assert.ok((f.price - f.rawPrice) * f.units >= -1e-9, "slippage helped");
          assert.ok(f.fee >= 0);
          if (options.allowShort === false) assert.ok(units[f.symbol] >= -1e-9, "sold short");
        }
        const equity = cash + units.A * bars.A.close[t] + units.B * bars.B.close[t];
        if (result.stopped && t > result.stopped.bar) break;
        assert.ok(
          Math.abs(equity - result.equity[t]) < 1e-6,
          `books say ${equity}, equity ${result.equity[t]} at bar ${t}`,
        );
        if (options.leverage === 1 && options.allowShort === false) {
          assert.ok(cash > -1e-6, `cash ${cash} at bar ${t}`);
        }
      }
      // Trades and fills tell the same profit.
      let pnl = 0;
      for (const trade of [...result.trades, ...result.openTrades]) pnl += trade.pnl;
      const last = result.stopped ? result.stopped.bar : n - 1;
      assert.ok(
        Math.abs(10_000 + pnl - result.equity[last]) < 1e-6,
        `trades say ${10_000 + pnl}, equity ${result.equity[last]}`,
      );
    }),
    { numRuns: 200, seed: 3 },
  );
});

Deno.test("no money from nothing: at a constant price and no costs equity never moves", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e5 }), (seed) => {
      const bars = barsOf(Array.from({ length: 50 }, () => [50, 50, 50, 50]));
      const result = backtest(bars, chaos(seed), {});
      for (const e of result.equity) assert.ok(Math.abs(e - 10_000) < 1e-8, `equity ${e}`);
    }),
    { numRuns: 100, seed: 5 },
  );
});

Deno.test("the same fills with higher fees never end with more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e5 }), (seed) => {
      const bars = randomBars(80, seed);
      const strategy = script({
        5: (c) => void c.buy({ size: { units: 10 } }),
        20: (c) => void c.close(),
        30: (c) => void c.sell({ size: { units: 15 } }),
        60: (c) => void c.close(),
      });
      let before = Infinity;
      for (const fees of [0, 0.0005, 0.001, 0.01]) {
        const end = backtest(bars, strategy, { fees }).equity.at(-1)!;
        assert.ok(end < before, `${end} with ${fees}, ${before} with less`);
        before = end;
      }
    }),
    { numRuns: 50, seed: 9 },
  );
});

Deno.test("the result does not depend on the order in which symbols are given", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e5 }), chaosOptions, (seed, options) => {
      const bars = someBars(seed, 50, 4);
      const turned = Object.fromEntries(Object.entries(bars).reverse());
      const a = backtest(bars, chaos(seed), options);
      const b = backtest(turned, chaos(seed), options);
      assert.deepEqual(a.equity, b.equity);
      assert.deepEqual(a.fills, b.fills);
    }),
    { numRuns: 50, seed: 13 },
  );
});

Deno.test("targets that together cost more than there is are cut by one factor", () => {
  const bars = { A: barsOf([flat, flat, flat]), B: barsOf([flat, flat, flat]) };
  const result = backtest(bars, script({ 0: (c) => c.targetWeights({ A: 0.9, B: 0.6 }) }), {
    cash: 1500,
  });
  assert.deepEqual(result.fills.map((f) => [f.symbol, f.units]), [["A", 9], ["B", 6]]);
});

Deno.test("sells come before buys, so that a rotation needs no spare cash", () => {
  const bars = { A: barsOf([flat, flat, flat, flat]), B: barsOf([flat, flat, flat, flat]) };
  for (const [from, to] of [["A", "B"], ["B", "A"]]) {
    const result = backtest(
      bars,
      script({
        0: (c) => c.targetWeights({ [from]: 1 }),
        1: (c) => c.targetWeights({ [to]: 1 }),
      }),
      { cash: 1000 },
    );
    assert.deepEqual(
      result.fills.map((f) => [f.symbol, f.units]),
      [[from, 10], [from, -10], [to, 10]],
    );
  }
});

Deno.test("an order in units that cannot be paid for is rejected, or reduced by name", () => {
  const buy = script({ 0: (c) => void c.buy({ size: { units: 20 } }) });
  const bars = barsOf([flat, flat]);
  const [rejected] = backtest(bars, buy, { cash: 1000 }).orders;
  assert.equal(rejected.status, "rejected");
  assert.match(rejected.reason, /costs 2000\.00, but 1000\.00 can be paid for/);
  const [reduced] = backtest(bars, buy, { cash: 1000, onShortfall: "reduce" }).orders;
  assert.deepEqual([reduced.status, reduced.filledUnits], ["filled", 10]);
});

Deno.test("leverage opens more than equity, and a margin call closes it at the close", () => {
  const rows = [flat, flat, [100, 100, 79, 80], [80, 80, 60, 62], [62, 63, 61, 62]];
  const buy = script({ 0: (c) => void c.buy({ size: { percent: 2 } }) });
  const held = backtest(barsOf(rows), buy, { cash: 1000, leverage: 2 });
  assert.deepEqual([...held.equity], [1000, 1000, 600, 240, 240]);
  const called = backtest(barsOf(rows), buy, { cash: 1000, leverage: 2, maintenanceMargin: 0.4 });
  assert.deepEqual([...called.equity], [1000, 1000, 600, 600, 600]);
  assert.equal(called.orders.at(-1)!.reason, "margin call");
});

Deno.test("equity at or below zero ends the run and is kept", () => {
  const rows = [flat, flat, [40, 40, 40, 40], [90, 90, 90, 90]];
  const result = backtest(
    barsOf(rows),
    script({ 0: (c) => void c.buy({ size: { percent: 3 } }) }),
    { cash: 1000, leverage: 3 },
  );
  assert.deepEqual(result.stopped, { bar: 2, reason: "equity is gone" });
  assert.deepEqual([...result.equity], [1000, 1000, -800, -800]);
});

Deno.test("splits and dividends keep equity; a short pays the dividend", () => {
  const rows = [flat, flat, [50, 51, 49, 50], [49, 50, 48, 49]];
  const bars = barsOf(rows);
  const actions = [
    { kind: "split", time: bars.time[2], ratio: 2 },
    { kind: "dividend", time: bars.time[3], amount: 1 },
  ] as const;
  const long = backtest(bars, script({ 0: (c) => void c.buy({ size: { units: 5 } }) }), {
    cash: 1000,
    actions,
  });
  assert.deepEqual([...long.equity], [1000, 1000, 1000, 1000]);
  assert.equal(long.costs.dividends, 10);
  assert.deepEqual([long.openTrades[0].units, long.openTrades[0].entryPrice], [10, 50]);
  const short = backtest(bars, script({ 0: (c) => void c.sell({ size: { units: 5 } }) }), {
    cash: 1000,
    actions,
  });
  assert.equal(short.costs.dividends, -10);
});

Deno.test("a resting order is split with its stock", () => {
  const rows = [flat, flat, [50, 51, 49, 50], [48, 49, 44, 47]];
  const bars = barsOf(rows);
  const result = backtest(
    bars,
    script({ 0: (c) => void c.buy({ size: { units: 2 }, limit: 90 }) }),
    { cash: 1000, actions: [{ kind: "split", time: bars.time[2], ratio: 2 }] },
  );
  assert.deepEqual(result.fills.map((f) => [f.units, f.price]), [[4, 45]]);
});

Deno.test("borrow, margin interest and cash interest accrue per calendar day", () => {
  const bars = barsOf(Array.from({ length: 11 }, () => [100, 100, 100, 100]));
  const short = backtest(bars, script({ 0: (c) => void c.sell({ size: { units: 5 } }) }), {
    cash: 1000,
    borrowRate: 0.0365,
  });
  // Short 500 from bar 1 to bar 10: nine days at 1e-4 a day.
  assert.ok(Math.abs(short.costs.borrow - 500 * 1e-4 * 9) < 1e-10);
  const idle = backtest(bars, script({}), { cash: 1000, cashRate: 0.0365 });
  assert.ok(Math.abs(idle.equity[10] - 1000 * 1.0001 ** 10) < 1e-9);
  const levered = backtest(bars, script({ 0: (c) => void c.buy({ size: { percent: 2 } }) }), {
    cash: 1000,
    leverage: 2,
    marginRate: 0.073,
  });
  assert.ok(levered.costs.interest < 0 && levered.equity[10] < 1000);
});

Deno.test("a foreign symbol is valued and paid in the account's currency", () => {
  const bars = { SAP: barsOf([flat, flat, flat], "SAP") };
  const { time } = bars.SAP;
  const result = backtest(bars, script({ 0: (c) => void c.buy({ size: { units: 5 } }) }), {
    cash: 1000,
    assets: { SAP: { currency: "EUR" } },
    fx: { EUR: { time, rate: Float64Array.of(1.1, 1.1, 1.2) } },
    fxCost: 0.001,
  });
  assert.ok(Math.abs(result.costs.exchange - 550 * 0.001) < 1e-12);
  assert.ok(Math.abs(result.equity[2] - (1000 - 550 - 0.55 + 600)) < 1e-9);
  assert.throws(
    () => backtest(bars, buyAndHold(), { assets: { SAP: { currency: "EUR" } } }),
    /fx must hold rates of EUR \(currency of SAP\), got none/,
  );
});

Deno.test("a contract multiplier scales value and profit", () => {
  const result = backtest(
    barsOf([flat, flat, [110, 110, 110, 110]]),
    script({ 0: (c) => void c.buy({ size: { units: 1 } }) }),
    { cash: 10_000, multiplier: 50 },
  );
  assert.equal(result.equity[2], 10_000 + 50 * 10);
});

Deno.test("a delisted symbol is sold at its last close, or held at it by name", () => {
  const long = barsOf([flat, flat, flat, flat]);
  const gone = barsOf([flat, [100, 100, 80, 80]]);
  const bars = { GONE: gone, STAYS: long };
  const buy = script({ 0: (c) => void c.buy({ symbol: "GONE", size: { units: 5 } }) });
  const sold = backtest(bars, buy, { cash: 1000 });
  assert.deepEqual([sold.trades[0].exitBar, sold.trades[0].exitPrice], [2, 80]);
  const held = backtest(bars, buy, { cash: 1000, delisting: "hold" });
  assert.equal(held.trades.length, 0);
  assert.deepEqual([...held.equity], [...sold.equity]);
});

Deno.test("symbols that start later are bought when they trade first", () => {
  const early = barsOf([flat, flat, flat, flat]);
  const late: Bars = { ...barsOf([flat, flat]), time: early.time.slice(2) };
  const result = backtest({ EARLY: early, LATE: late }, buyAndHold(), { cash: 1000 });
  assert.deepEqual(result.fills.map((f) => [f.symbol, f.bar]), [["EARLY", 1], ["LATE", 3]]);
});

Deno.test("backtestWeights() trades columns of many symbols and names a bad one", () => {
  const bars = { A: barsOf([flat, flat, flat, flat]), B: barsOf([flat, flat, flat, flat]) };
  const weights = {
    A: Float64Array.of(0.5, NaN, 0, NaN),
    B: Float64Array.of(0.25, NaN, 0.5, NaN),
  };
  const result = backtestWeights(bars, { weights }, { cash: 1000 });
  assert.deepEqual(
    result.fills.map((f) => [f.bar, f.symbol, f.units]),
    [[1, "A", 5], [1, "B", 2.5], [3, "A", -5], [3, "B", 2.5]],
  );
  assert.throws(
    () => backtestWeights(bars, { weights: { C: weights.A } }),
    /weights must name symbols of the bars \(A, B\), got C/,
  );
  assert.throws(
    () => backtestWeights(bars, { weights: { A: new Float64Array(3) } }),
    /weights of A must have one value per bar \(4\), got 3/,
  );
});

Deno.test("a margin call closes the whole position, whatever the volume limit", () => {
  const rows = [flat, flat, [100, 100, 79, 80], [80, 80, 60, 62]].map((r) => [...r, 1e6]);
  rows[2][4] = 10;
  const buy = script({ 0: (c) => void c.buy({ size: { percent: 2 } }) });
  const options = { cash: 1000, leverage: 2, maintenanceMargin: 0.4, volumeLimit: 0.1 };
  assert.deepEqual([...backtest(barsOf(rows), buy, options).equity], [1000, 1000, 600, 600]);
});
