import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import type { BacktestOptions } from "./options.ts";
import type { Order, OrderRequest } from "./order.ts";
import type { Context, Strategy } from "./strategy.ts";
import { barsOf } from "./testdata/make_bars.ts";

type Row = readonly number[];

/** Runs one function per bar: `steps[t]` at the close of bar t. */
function script(steps: Record<number, (c: Context) => void>): Strategy {
  return { name: "script", next: (c) => steps[c.bar]?.(c) };
}

function runScript(
  rows: readonly Row[],
  steps: Record<number, (c: Context) => void>,
  options: BacktestOptions = {},
) {
  return backtest(barsOf(rows), script(steps), { cash: 1000, ...options });
}

const one = { units: 1 };
/** open, high, low, close, volume */
const flat: Row = [100, 101, 99, 100];

Deno.test("a market order fills at the next open, the next close or the same close", () => {
  const rows = [flat, [103, 105, 102, 104], flat];
  const buy = { 0: (c: Context) => void c.buy({ size: one }) };
  const fillOf = (fill: BacktestOptions["fill"]) => {
    const { fills: [f] } = runScript(rows, buy, { fill });
    return [f.bar, f.price];
  };
  assert.deepEqual(fillOf("nextOpen"), [1, 103]);
  assert.deepEqual(fillOf("nextClose"), [1, 104]);
  assert.deepEqual(fillOf("sameClose"), [0, 100]);
});

function restingFill(request: OrderRequest, isBuy: boolean, next: Row, options?: BacktestOptions) {
  const result = runScript([flat, next, flat, flat], {
    0: (c) => void (isBuy ? c.buy({ size: one, ...request }) : c.sell({ size: one, ...request })),
  }, options);
  const fill = result.fills[0];
  return fill && fill.bar === 1 ? fill.price : null;
}

Deno.test("limit orders fill at the limit, or at an open that jumped over it", () => {
  assert.equal(restingFill({ limit: 98 }, true, [100, 101, 97, 99]), 98);
  assert.equal(restingFill({ limit: 98 }, true, [96, 99, 95, 97]), 96);
  assert.equal(restingFill({ limit: 98 }, true, [100, 101, 98.5, 99]), null);
  assert.equal(restingFill({ limit: 98 }, true, [100, 101, 98, 99]), 98); // a touch is enough
  assert.equal(restingFill({ limit: 102 }, false, [100, 103, 99, 101]), 102);
  assert.equal(restingFill({ limit: 102 }, false, [104, 105, 103, 104]), 104);
});

Deno.test("stop orders fill at the stop, or worse at an open that jumped over it", () => {
  assert.equal(restingFill({ stop: 102 }, true, [100, 103, 99, 101]), 102);
  assert.equal(restingFill({ stop: 102 }, true, [104, 105, 103, 104]), 104);
  assert.equal(restingFill({ stop: 98 }, false, [100, 101, 97, 99]), 98);
  assert.equal(restingFill({ stop: 98 }, false, [95, 96, 94, 95]), 95);
  assert.equal(restingFill({ stop: 98 }, false, [100, 101, 98.5, 99]), null);
});

Deno.test("stop-limit orders fill at the stop when marketable, and else wait for the next bar", () => {
  assert.equal(restingFill({ stop: 102, limit: 103 }, true, [100, 104, 99, 103]), 102);
  // The gap went over the limit; the bar comes back to it after the open.
  assert.equal(restingFill({ stop: 102, limit: 103 }, true, [105, 106, 102.5, 104]), 103);
  assert.equal(restingFill({ stop: 102, limit: 103 }, true, [105, 106, 104, 104]), null);
  // Limit below the stop, both touched in one bar: one bar does not tell the order of the touches.
  assert.equal(restingFill({ stop: 102, limit: 101 }, true, [100, 104, 99, 103]), null);
  const result = runScript([flat, [100, 104, 99, 103], [103, 104, 100.5, 102], flat], {
    0: (c) => void c.buy({ size: one, stop: 102, limit: 101 }),
  });
  assert.deepEqual(result.fills.map((f) => [f.bar, f.price]), [[2, 101]]);
});

Deno.test("a trailing stop ratchets on the previous bar's extreme", () => {
  const rows = [
    flat, // buy
    [100, 104, 100, 103], // filled; best 104 from this bar's high
    [103, 110, 100, 109], // level 104 - 5 = 99 holds, though 110 - 5 would have been touched
    [109, 109, 104, 105], // level 110 - 5 = 105
    flat,
  ];
  const result = runScript(rows, {
    0: (c) => void c.buy({ size: one }),
    1: (c) => void c.sell({ size: one, trail: { trail: 5 } }),
  });
  assert.deepEqual(result.fills.map((f) => [f.bar, f.price]), [[1, 100], [3, 105]]);
  const share = runScript(rows, {
    0: (c) => void c.buy({ size: one, stopLoss: { trailPercent: 0.05 } }),
  });
  // 5 % below 104 is 98.8; below 110 it is 104.5.
  assert.deepEqual(share.fills.map((f) => [f.bar, f.price]), [[1, 100], [3, 104.5]]);
});

Deno.test("a bracket takes the stop before the target when one bar touches both", () => {
  const rows = [flat, [100, 112, 94, 100], flat];
  const result = runScript(rows, {
    0: (c) => void c.buy({ size: one, stopLoss: 95, takeProfit: 110 }),
  });
  assert.deepEqual(result.fills.map((f) => [f.bar, f.price]), [[1, 100], [1, 95]]);
  const target = result.orders.find((o) => o.type === "limit")!;
  assert.equal(target.status, "cancelled");
  assert.equal(result.trades[0].pnl, -5);
});

Deno.test("a bracket of an entry by limit starts to work on the next bar", () => {
  const rows = [flat, [100, 111, 94, 109], [109, 111, 108, 110], flat];
  const result = runScript(rows, {
    0: (c) => void c.buy({ size: one, limit: 98, stopLoss: 95, takeProfit: 110 }),
  });
  assert.deepEqual(result.fills.map((f) => [f.bar, f.price]), [[1, 98], [2, 110]]);
});

Deno.test("a bracket whose stop the entry's open has jumped over leaves at that open", () => {
  const result = runScript([flat, [92, 96, 90, 95], flat], {
    0: (c) => void c.buy({ size: one, stopLoss: 95 }),
  });
  assert.deepEqual(result.fills.map((f) => f.price), [92, 92]);
});

Deno.test("a bracket is cancelled when the position is closed by hand", () => {
  const result = runScript([flat, flat, flat, [90, 91, 80, 85], flat], {
    0: (c) => void c.buy({ size: one, stopLoss: 95, takeProfit: 110 }),
    1: (c) => void c.close(),
  });
  assert.equal(result.fills.length, 2);
  assert.deepEqual(
    result.orders.filter((o) => o.parentId >= 0).map((o) => o.status),
    ["cancelled", "cancelled"],
  );
});

Deno.test("orders of one OCO group cancel each other", () => {
  const result = runScript([flat, [100, 106, 99, 105], [105, 106, 90, 91], flat], {
    0: (c) => {
      c.buy({ size: one, stop: 105, oco: "breakout" });
      c.sell({ size: one, stop: 95, oco: "breakout" });
    },
  });
  assert.deepEqual(result.orders.map((o) => o.status), ["filled", "cancelled"]);
});

Deno.test("time in force: day, ioc and fok expire, gtc goes on", () => {
  const rows = [flat, flat, [97, 98, 96, 97], flat];
  const statusOf = (request: OrderRequest): Order["status"] =>
    runScript(rows, { 0: (c) => void c.buy({ size: one, limit: 98, ...request }) }).orders[0]
      .status;
  assert.equal(statusOf({ timeInForce: "gtc" }), "filled");
  assert.equal(statusOf({ timeInForce: "day" }), "expired");
  assert.equal(statusOf({ timeInForce: "ioc" }), "expired");
  assert.equal(statusOf({ timeInForce: "fok" }), "expired");
});

Deno.test("orders at the open or at the close fill there or expire", () => {
  const rows = [flat, [100, 104, 96, 103], flat];
  const run = (request: OrderRequest) => {
    const { orders: [order] } = runScript(rows, {
      0: (c) => void c.buy({ size: one, ...request }),
    });
    return order.status === "filled" ? order.price : order.status;
  };
  assert.equal(run({ at: "open" }), 100);
  assert.equal(run({ at: "close" }), 103);
  assert.equal(run({ at: "open", limit: 97 }), "expired"); // the bar's low of 96 does not help
  assert.equal(run({ at: "close", limit: 102 }), "expired");
  assert.equal(run({ at: "close", limit: 104 }), 103);
});

Deno.test("a volume limit fills in parts, carries the rest over, or cancels it by name", () => {
  const rows = [flat, [10, 10, 10, 10, 100], [11, 11, 11, 11, 100], [12, 12, 12, 12, 100]];
  const buy = { 0: (c: Context) => void c.buy({ size: { units: 25 } }) };
  const carried = runScript(rows, buy, { volumeLimit: 0.1 });
  assert.deepEqual(carried.fills.map((f) => [f.bar, f.units]), [[1, 10], [2, 10], [3, 5]]);
  assert.equal(carried.orders[0].status, "filled");
  assert.ok(Math.abs(carried.orders[0].price - (100 + 110 + 60) / 25) < 1e-12);
  const cancelled = runScript(rows, buy, { volumeLimit: 0.1, onVolumeLimit: "cancel" });
  assert.deepEqual(cancelled.fills.map((f) => f.units), [10]);
  const whole = runScript(rows, {
    0: (c) => void c.buy({ size: { units: 25 }, timeInForce: "fok" }),
  }, { volumeLimit: 0.1 });
  assert.deepEqual([whole.fills.length, whole.orders[0].status], [0, "cancelled"]);
});

Deno.test("volume-share slippage is coefficient times share squared and carries the rest over", () => {
  const rows = [flat, [10, 10, 10, 10, 1000], [10, 10, 10, 10, 1000], flat];
  const result = runScript(rows, { 0: (c) => void c.buy({ size: { units: 40 } }) }, {
    slippage: { volumeShare: 0.025 },
  });
  assert.deepEqual(result.fills.map((f) => f.units), [25, 15]);
  assert.ok(Math.abs(result.fills[0].price - 10 * (1 + 0.1 * 0.025 ** 2)) < 1e-12);
  assert.ok(Math.abs(result.fills[1].price - 10 * (1 + 0.1 * 0.015 ** 2)) < 1e-12);
});

Deno.test("an order waits over missing bars and halts, and fills on the next traded one", () => {
  const missing: Row = [NaN, NaN, NaN, NaN, NaN];
  const waits = runScript([flat, missing, [105, 106, 104, 105], flat], {
    0: (c) => void c.buy({ size: one }),
  }, { missingBars: "skip" });
  assert.deepEqual(waits.fills.map((f) => [f.bar, f.price]), [[2, 105]]);
  assert.equal(waits.equity[1], 1000);
  const halted = runScript([[...flat, 100], [90, 90, 90, 90, 0], [105, 106, 104, 105, 50]], {
    0: (c) => void c.buy({ size: one }),
  });
  assert.deepEqual(halted.fills.map((f) => [f.bar, f.price]), [[2, 105]]);
});

Deno.test("an order placed at the last bar stays pending", () => {
  const result = runScript([flat, flat], { 1: (c) => void c.buy({ size: one }) });
  assert.deepEqual([result.fills.length, result.orders[0].status], [0, "pending"]);
});

Deno.test("finalizeTrades closes what is open at the last close", () => {
  const rows = [flat, flat, [100, 108, 99, 107]];
  const buy = { 0: (c: Context) => void c.buy({ size: one }) };
  const open = runScript(rows, buy);
  assert.deepEqual([open.trades.length, open.openTrades[0].pnl], [0, 7]);
  const closed = runScript(rows, buy, { finalizeTrades: true });
  assert.deepEqual([closed.trades[0].pnl, closed.openTrades.length], [7, 0]);
});

Deno.test("commissions: share of value, per share with minimum, fixed plus rate, tiers, function", () => {
  const feeOf = (fees: BacktestOptions["fees"]) =>
    runScript([flat, flat], { 0: (c) => void c.buy({ size: { units: 5 } }) }, { fees }).fills[0]
      .fee;
  assert.equal(feeOf(0.001), 0.5);
  assert.equal(feeOf({ bps: 10 }), 0.5);
  assert.equal(feeOf({ percent: 0.1, minimum: 2 }), 2);
  assert.equal(feeOf({ perShare: 0.005, minimum: 1 }), 1);
  assert.equal(feeOf({ perShare: 0.5, maximumRate: 0.002 }), 1);
  assert.equal(feeOf({ fixed: 3, rate: 0.01 }), 8);
  const tiers = [{ upTo: 200, rate: 0.01 }, { upTo: Infinity, rate: 0.001 }];
  assert.ok(Math.abs(feeOf({ tiers }) - 2.3) < 1e-12);
  assert.equal(feeOf((units, price) => units + price), 105);
});

Deno.test("spread and slippage shift market fills against the trader, never limit fills", () => {
  const costs = { spread: 0.002, slippage: { bps: 10 } };
  assert.ok(Math.abs(restingFill({}, true, flat, costs)! - 100 * 1.002) < 1e-12);
  assert.ok(Math.abs(restingFill({}, false, flat, costs)! - 100 * 0.998) < 1e-12);
  assert.equal(restingFill({ limit: 99 }, true, [100, 101, 98, 99], costs), 99);
  assert.equal(restingFill({}, true, [100.003, 101, 99, 100], { tickSize: 0.01 }), 100.01);
});
