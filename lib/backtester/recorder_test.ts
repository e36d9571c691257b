import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import type { BacktestOptions } from "./options.ts";
import type { Strategy } from "./strategy.ts";
import { randomBars } from "./testdata/make_bars.ts";

/** Trades on most bars, long and short, and notes at each close what share of equity is held. */
function noting(weights: number[]): Strategy {
  return {
    name: "noting",
    next(c) {
      weights.push(c.weight());
      if (c.bar % 7 === 2) c.target(0.6);
      else if (c.bar % 7 === 5) c.target(-0.4);
      else if (c.bar % 14 === 9) c.target(0);
    },
  };
}

Deno.test("position, made when it is first read, is what the strategy saw at each close", () => {
  const bars = randomBars(200, 4);
  const options: BacktestOptions = {
    cash: 10_000,
    fees: 0.001,
    multiplier: 2,
    currency: "EUR",
    assets: { [bars.symbol ?? "asset"]: { currency: "USD" } },
    fx: { USD: { time: bars.time, rate: bars.time.map((_, t) => 0.9 + 0.001 * (t % 50)) } },
  };
  // A split on a bar without trades: units change, and the mark with them.
  const missing = { ...bars };
  for (const field of ["open", "high", "low", "close"] as const) {
    missing[field] = bars[field].map((v, t) => t % 9 === 3 ? NaN : v);
  }
  const split = { kind: "split", time: bars.time[48], ratio: 2 } as const;
  for (
    const [given, more] of [[bars, {}], [missing, { missingBars: "skip", actions: [split] }]] as [
      typeof bars,
      BacktestOptions,
    ][]
  ) {
    const seen: number[] = [];
    const result = backtest(given, noting(seen), { ...options, ...more });
    assert.equal(seen.length, bars.length);
    seen.forEach((w, t) => {
      assert.ok(Math.abs(result.position[t] - w) < 1e-12, `bar ${t}: ${result.position[t]}, ${w}`);
    });
    assert.ok(seen.some((w) => w > 0.5) && seen.some((w) => w < -0.3));
    assert.deepEqual(result.gross, result.position.map(Math.abs));
    assert.equal(result.position, result.position, "made once");
  }
});
