import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import { backtestSignals } from "./backtest_signals.ts";
import { BacktestError, LookAheadError, OrderError } from "./errors.ts";
import type { BacktestOptions } from "./options.ts";
import { buyAndHold } from "./strategies/buy_and_hold.ts";
import { smaCross } from "./strategies/sma_cross.ts";
import type { Context, OrderRequest, Strategy } from "./mod.ts";
import { barsOf, randomBars } from "./testdata/make_bars.ts";

const flat = [100, 101, 99, 100];
const four = () => barsOf([flat, flat, flat, flat]);
const atBar = (bar: number, act: (c: Context) => void): Strategy => ({
  name: "faulty",
  next: (c) => void (c.bar === bar && act(c)),
});

Deno.test("bars that cannot be used are refused with bar, field and value", () => {
  const bad = (change: (b: ReturnType<typeof four>) => void, message: RegExp) => {
    const bars = four();
    change(bars);
    assert.throws(() => backtest(bars, buyAndHold()), message);
  };
  bad((b) => b.close[2] = NaN, /close of asset must be a finite number, got NaN at bar 2/);
  bad((b) => b.time[2] = b.time[1], /time of asset must ascend strictly, .* at bar 2/);
  bad(
    (b) => b.time[3] = b.time[0],
    /must ascend strictly, got 2020-01-01 after 2020-01-03 at bar 3/,
  );
  bad((b) => b.low[1] = -1, /low of asset must be greater than 0, got -1 at bar 1 \(2020-01-02\)/);
  bad((b) => b.high[1] = 98, /must lie in \[low, high\], got open 100, high 98/);
  bad((b) => b.volume[0] = -5, /volume of asset must not be negative, got -5 at bar 0/);
  assert.throws(() => backtest(barsOf([]), buyAndHold()), /must not be empty/);
  assert.throws(() => backtest({}, buyAndHold()), /at least one symbol, got none/);
});

Deno.test("options that make no sense are refused by name and value", () => {
  const bad = (options: unknown, message: RegExp) =>
    assert.throws(() => backtest(four(), buyAndHold(), options as BacktestOptions), message);
  bad({ cash: 0 }, /cash must be a number in \(0, .*got 0/);
  bad({ cash: NaN }, /cash must be .*got NaN/);
  bad({ fill: "now" }, /fill must be one of nextOpen, nextClose, sameClose, got now/);
  bad({ fees: 2 }, /fees must be a fraction in \(-0.1, 0.5\], got 2/);
  bad({ slippage: -1 }, /slippage must be a finite number >= 0, got -1/);
  bad({ size: 0 }, /size must be a positive finite number, got 0/);
  bad({ leverage: -1 }, /leverage must be .*got -1/);
  bad({ assets: { XYZ: {} } }, /assets must name symbols of the bars \(asset\), got XYZ/);
  bad(
    { actions: [{ kind: "split", time: 0, ratio: 0 }] },
    /actions\[0\] must have .*positive ratio, got 0 and 0/,
  );
});

Deno.test("a senseless order stops the run; the error names bar, order and value", () => {
  const bad = (request: OrderRequest, message: RegExp) => {
    try {
      backtest(four(), atBar(2, (c) => void c.buy(request)));
    } catch (error) {
      assert.ok(error instanceof BacktestError);
      assert.match(error.message, message);
      assert.match(error.message, /failed at bar 2 \(2020-01-03\)/);
      assert.equal(error.bar, 2);
      assert.ok(error.cause instanceof OrderError);
      return;
    }
    assert.fail("no error");
  };
  bad({ size: 0 }, /place buy order of asset: size must be a positive finite number, got 0/);
  bad({ size: -3 }, /got -3/);
  bad({ size: Infinity }, /got Infinity/);
  bad({ size: { units: NaN } }, /size.units must be .*got NaN/);
  bad({ limit: -1 }, /limit must be a positive finite price, got -1/);
  bad({ symbol: "XYZ" }, /symbol must be one of asset, got XYZ/);
  bad({ stopLoss: 120 }, /stopLoss must be below 100, got 120/);
  bad({ takeProfit: 90 }, /takeProfit must be above 100, got 90/);
  bad({ trail: { trailPercent: 2 } }, /trailPercent must be in \(0, 1\), got 2/);
  bad(
    { timeInForce: "never" as "gtc" },
    /timeInForce must be one of gtc, day, ioc, fok, got never/,
  );
  bad({ at: "open", stop: 105 }, /at must be open or close, on a market or limit order/);
});

Deno.test("a strategy that throws in the middle keeps the partial result", () => {
  const bars = randomBars(50, 4);
  const strategy: Strategy = {
    name: "breaks",
    next(c) {
      if (c.bar === 5) c.buy();
      if (c.bar === 20) c.close();
      if (c.bar === 30) throw new Error("no more data");
    },
  };
  const whole = backtest(bars, { ...strategy, next: (c) => void (c.bar < 30 && strategy.next(c)) });
  assert.throws(() => backtest(bars, strategy), (error: unknown) => {
    assert.ok(error instanceof BacktestError);
    assert.match(error.message, /strategy breaks failed at bar 30 .*: no more data/);
    const { partial } = error;
    assert.equal(partial.equity.length, 30);
    assert.deepEqual(partial.equity, whole.equity.slice(0, 30));
    assert.equal(partial.trades.length, 1);
    assert.equal(partial.orders.length, 2);
    assert.ok(Number.isFinite(partial.metrics.sharpe));
    return true;
  });
});

Deno.test("a strategy cannot look ahead", () => {
  const bars = randomBars(60, 2);
  const reach = (act: (c: Context) => unknown) =>
    assert.throws(
      () => backtest(bars, atBar(10, (c) => void act(c))),
      (e: unknown) => e instanceof BacktestError && e.cause instanceof LookAheadError,
    );
  reach((c) => c.data().close.at(-1));
  backtest(
    bars,
    atBar(10, (c) => {
      const seen = c.data().close.window(1000);
      assert.equal(seen.length, 11);
      assert.equal(seen.buffer.byteLength, 11 * 8); // no way round through the buffer
      assert.equal(c.data().close.now, bars.close[10]);
      assert.equal(c.data().close.at(3), bars.close[7]);
    }),
  );
});

Deno.test("an indicator that looks ahead is found", () => {
  const bars = randomBars(200, 2);
  const withIndicator = (compute: (close: Float64Array) => Float64Array): Strategy => ({
    name: "leaky",
    init: (c) => void c.indicator((b) => compute(b.close)),
    next() {},
  });
  const tomorrow = (close: Float64Array) => close.map((_, t) => close[t + 1] ?? NaN);
  const scaled = (close: Float64Array) => close.map((x) => x / close.reduce((a, b) => a + b));
  for (const leak of [tomorrow, scaled]) {
    assert.throws(() => backtest(bars, withIndicator(leak)), LookAheadError);
    backtest(bars, withIndicator(leak), { checkCausality: false });
  }
  backtest(bars, withIndicator((close) => close.map((x) => x * 2)));
});

Deno.test("next() is not called before every indicator is defined", () => {
  let first = -1;
  const inner = smaCross({ fast: 3, slow: 10 });
  backtest(randomBars(40, 2), {
    ...inner,
    next(c) {
      if (first < 0) first = c.bar;
      inner.next(c);
    },
  });
  assert.equal(first, 9);
  assert.throws(() => smaCross({ fast: 10, slow: 10 }), /fast must be smaller than slow/);
});

Deno.test("backtestSignals() refuses columns and options that it cannot use", () => {
  const bars = four();
  const entries = new Uint8Array(4);
  assert.throws(
    () => backtestSignals(bars, { entries, exits: new Uint8Array(3) }),
    /exits must have one value per bar \(4\), got 3/,
  );
  assert.throws(
    () => backtestSignals(bars, { weights: Float64Array.of(0, Infinity, 0, 0) }),
    /weights must be finite or NaN, got Infinity at bar 1/,
  );
  assert.throws(
    () => backtestSignals(bars, { entries, exits: entries }, { borrowRate: 0.01 }),
    /borrowRate needs the event-driven backtest\(\)/,
  );
});

Deno.test("negative prices are refused unless allowed, and then traded in units only", () => {
  const bars = barsOf([[5, 6, 4, 5], [2, 3, -40, -37], [-30, -5, -35, -10], [10, 11, 9, 10]]);
  assert.throws(() => backtest(bars, buyAndHold()), /low of asset must be greater than 0, got -40/);
  const options = { cash: 1000, allowNegativePrices: true };
  const result = backtest(bars, atBar(1, (c) => void c.buy({ size: { units: 10 } })), options);
  assert.deepEqual([...result.equity], [1000, 1000, 1000 + 200, 1000 + 400]);
  assert.throws(
    () => backtest(bars, atBar(1, (c) => void c.buy()), options),
    /a size as a share of equity needs a positive price, got -30/,
  );
});
