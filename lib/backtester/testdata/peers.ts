/** What other programs say on the same bars, and how closely ours must agree. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Bars } from "../../data/bars.ts";
import { movingAverage } from "../indicators/moving_average.ts";
import type { Context, InitContext, Series, Strategy } from "../strategy.ts";

export interface PeerRun {
  equity: number[];
  trades: number[][];
  orders?: number[][];
  stats: Record<string, number>;
}
const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
export const peers = read("./peer_fixtures.json") as {
  bars: Record<"time" | "open" | "high" | "low" | "close" | "volume", number[]>;
  backtesting: Record<string, PeerRun>;
  libraries: {
    returns: number[];
    benchmark: number[];
    time: number[];
    empyrical: Record<string, number> & { roll_sharpe: number[]; monthly: number[] };
    quantstats: Record<string, number> & { greeks: { alpha: number; beta: number } };
  };
};
export const vectorbt = read("./vectorbt_fixtures.json") as Record<string, PeerRun>;

export const column = (x: number[]) => Float64Array.from(x, (v) => v ?? NaN);
export const peerBars: Bars = {
  time: column(peers.bars.time),
  open: column(peers.bars.open),
  high: column(peers.bars.high),
  low: column(peers.bars.low),
  close: column(peers.bars.close),
  volume: column(peers.bars.volume),
  length: peers.bars.time.length,
};

/** Equal to 1e-9, relative to the larger of 1 and the expected value; null stands for not a number. */
export function near(actual: number, expected: number | null, what: string): void {
  if (expected === null) {
    return assert.ok(!Number.isFinite(actual), `${what}: ${actual} is a number`);
  }
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: got ${actual}, the peer says ${expected}`,
  );
}

export function nearAll(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++) near(actual[i], expected[i], `${what}[${i}]`);
}

/** Moving averages over 5 and 15 bars, for strategies that cross them. */
export function crossing(next: (c: Context, fast: Series, slow: Series) => void): Strategy {
  let fast: Series, slow: Series;
  return {
    name: "cross",
    init(c: InitContext) {
      fast = c.indicator((b) => movingAverage(b.close, 5));
      slow = c.indicator((b) => movingAverage(b.close, 15));
    },
    next: (c) => next(c, fast, slow),
  };
}
