import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import { makeBars } from "../data/bars.ts";
import { movingAverage } from "./indicators/moving_average.ts";
import { crossesAbove } from "./strategies/crossing.ts";
import type { Series, Strategy } from "./strategy.ts";
import { peerPython } from "../../tests/support/components.ts";

const python = peerPython("backtesting");

interface Run {
  equity: number[];
  trades: number[][];
  stats: Record<string, number>;
}

/** Their buy() and sell() with exclusive orders: whatever is open is closed first. */
function smaCross(): Strategy {
  let fast: Series, slow: Series;
  return {
    name: "SmaCross",
    init(c) {
      fast = c.indicator((b) => movingAverage(b.close, 10));
      slow = c.indicator((b) => movingAverage(b.close, 20));
    },
    next(c) {
      if (crossesAbove(fast, slow)) {
        c.close();
        c.buy();
      } else if (crossesAbove(slow, fast)) {
        c.close();
        c.sell();
      }
    },
  };
}

Deno.test({
  name: "backtesting.py's README example is reproduced to 1e-9 on its own GOOG bars",
  ignore: python === null,
  async fn() {
    const script = new URL("./testdata/backtesting_readme.py", import.meta.url);
    const { stdout } = await new Deno.Command(python!, {
      args: [script.pathname],
      stdout: "piped",
      stderr: "null",
    }).output();
    const peer = JSON.parse(new TextDecoder().decode(stdout)) as {
      bars: Parameters<typeof makeBars>[0];
      commission: Run;
    };
    const bars = makeBars({ ...peer.bars, symbol: "GOOG" });
    // Theirs takes all the money there is, fees included, and whole shares.
    const result = backtest(bars, smaCross(), {
      cash: 10_000,
      fees: 0.002,
      lotSize: 1,
    });
    const { equity, trades, stats } = peer.commission;
    assert.equal(result.trades.length, trades.length);
    result.trades.forEach((t, i) => {
      const ours = [t.units, t.entryBar, t.exitBar, t.entryPrice, t.exitPrice, t.pnl];
      ours.forEach((v, k) => near(v, trades[i][k], `trade ${i}, field ${k}`));
    });
    equity.forEach((e, t) => near(result.equity[t], e, `equity at bar ${t}`));
    near(result.metrics.total_return * 100, stats["Return [%]"], "return");
    near(result.metrics.max_drawdown * 100, stats["Max. Drawdown [%]"], "drawdown");
    near(result.metrics.win_rate * 100, stats["Win Rate [%]"], "win rate");
    near(result.metrics.sqn, stats["SQN"], "SQN");
    near(result.metrics.kelly, stats["Kelly Criterion"], "Kelly");
  },
});

function near(actual: number, expected: number, what: string): void {
  const tolerance = 1e-9 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, theirs ${expected}`);
}
