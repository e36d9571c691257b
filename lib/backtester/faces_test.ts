import assert from "node:assert/strict";
import fc from "fast-check";
import { backtest } from "./backtest.ts";
import { backtestSignals } from "./backtest_signals.ts";
import type { BacktestOptions } from "./options.ts";
import type { BacktestResult } from "./result.ts";
import type { Strategy } from "./strategy.ts";
import { randomBars } from "./testdata/make_bars.ts";

function assertSame(a: BacktestResult, b: BacktestResult): void {
  for (let t = 0; t < a.equity.length; t++) {
    const scale = Math.max(1, Math.abs(b.equity[t]));
    assert.ok(
      Math.abs(a.equity[t] - b.equity[t]) <= 1e-9 * scale,
      `equity differs at bar ${t}: ${a.equity[t]} and ${b.equity[t]}`,
    );
  }
  assert.equal(a.trades.length, b.trades.length);
  a.trades.forEach((x, i) => {
    const y = b.trades[i];
    assert.deepEqual([x.entryBar, x.exitBar, x.side], [y.entryBar, y.exitBar, y.side]);
    assert.ok(Math.abs(x.pnl - y.pnl) <= 1e-7, `pnl of trade ${i}: ${x.pnl} and ${y.pnl}`);
  });
}

const optionsArbitrary: fc.Arbitrary<BacktestOptions> = fc.record({
  fill: fc.constantFrom("nextOpen", "nextClose", "sameClose"),
  fees: fc.constantFrom(0, 0.001, { bps: 5, minimum: 1 }, { perShare: 0.01, minimum: 1 }),
  slippage: fc.constantFrom(0, 0.0005, { perUnit: 0.01 }, { volatility: 0.1 }),
  spread: fc.constantFrom(0, 0.001),
  lotSize: fc.constantFrom(0, 1),
  tickSize: fc.constantFrom(0, 0.01),
  leverage: fc.constantFrom(1, 2),
  size: fc.constantFrom(1, 0.5, { units: 20 }, { value: 3000 }),
  finalizeTrades: fc.boolean(),
});

Deno.test("backtest() and backtestSignals() agree to the cent on random entries and exits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      optionsArbitrary,
      fc.boolean(),
      (seed, options, shorts) => {
        const n = 120;
        const bars = randomBars(n, seed);
        const draw = randomBars(4 * n, seed + 1).close;
        const bits = (k: number) =>
          Uint8Array.from({ length: n }, (_, t) => (draw[k * n + t] * 1e6 | 0) % 7 === 0 ? 1 : 0);
        const entries = bits(0), exits = bits(1), shortEntries = bits(2), shortExits = bits(3);
        const strategy: Strategy = {
          name: "same signals",
          next(c) {
            const t = c.bar;
            const long = entries[t] !== 0, leave = exits[t] !== 0;
            const short = shorts && shortEntries[t] !== 0;
            const leaveShort = shorts && shortExits[t] !== 0;
            if (long && leave || short && leaveShort || long && short) return;
            if (long && c.position() <= 0) {
              c.close();
              c.buy();
            } else if (short && c.position() >= 0) {
              c.close();
              c.sell();
            } else if (leave && c.position() > 0 || leaveShort && c.position() < 0) c.close();
          },
        };
        assertSame(
          backtest(bars, strategy, options),
          backtestSignals(
            bars,
            shorts ? { entries, exits, shortEntries, shortExits } : { entries, exits },
            options,
          ),
        );
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

Deno.test("backtest() and backtestSignals() agree to the cent on random target weights", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      optionsArbitrary,
      fc.constantFrom(0, 0.05),
      (seed, { size: _, ...options }, rebalanceBand) => {
        const n = 120;
        const bars = randomBars(n, seed);
        const draw = randomBars(n, seed + 1).close;
        const weights = Float64Array.from({ length: n }, (_, t) => {
          const k = (draw[t] * 1e6 | 0) % 10;
          return k < 3 ? NaN : (k - 6) / 4;
        });
        const strategy: Strategy = {
          name: "same weights",
          next: (c) => void (weights[c.bar] === weights[c.bar] && c.target(weights[c.bar])),
        };
        const all = { ...options, rebalanceBand };
        assertSame(backtest(bars, strategy, all), backtestSignals(bars, { weights }, all));
      },
    ),
    { numRuns: 300, seed: 11 },
  );
});
