/**
 * One case of the backtest benchmark in a process of its own, so that its peak memory is its own.
 * Prints one JSON line: `{ runs: ms[], peakMiB, check }`.
 * @module
 */
import {
  backtest,
  closeSweepWorkers,
  strategies,
  sweepSmaCross,
} from "../../lib/backtester/mod.ts";
import type { Strategy } from "../../lib/backtester/mod.ts";
import type { Bars } from "../../lib/data/bars.ts";
import { createRng } from "../../lib/math/mod.ts";

/** A geometric walk whose open is the close before, as the peer's script makes it in kind. */
function walk(length: number, seed: number, volatility: number, stepMs: number): Bars {
  const noise = createRng(seed).fillNormal(new Float64Array(length));
  const column = () => new Float64Array(length);
  const time = column(), open = column(), high = column(), low = column(), close = column();
  let price = 100;
  for (let t = 0; t < length; t++) {
    time[t] = 946_684_800_000 + t * stepMs;
    open[t] = price;
    price *= Math.exp(volatility * noise[t]);
    close[t] = price;
    high[t] = Math.max(open[t], price);
    low[t] = Math.min(open[t], price);
  }
  return { time, open, high, low, close, volume: column().fill(1000), length };
}

function eventDriven(bars: number): () => number {
  const data = walk(bars, 1, 0.001, 60_000);
  const strategy = strategies.smaCross({ fast: 10, slow: 30 });
  return () => backtest(data, strategy, { cash: 1e6, fees: 0.0001 }).trades.length;
}

function sweep(pairs: number, bars: number): () => Promise<number> {
  const data = walk(bars, 2, 0.015, 86_400_000);
  const side = Math.round(Math.sqrt(pairs));
  const fast: number[] = [], slow: number[] = [];
  for (let f = 0; f < side; f++) {
    for (let s = 0; s < side; s++) {
      fast.push(2 + f);
      slow.push(2 + side + s);
    }
  }
  return async () => {
    const { metrics } = await sweepSmaCross(data, { fast, slow }, { cash: 10_000, fees: 0.001 });
    return metrics.sharpe.length;
  };
}

function rebalance(symbols: number, days: number): () => number {
  const bars = Object.fromEntries(
    Array.from({ length: symbols }, (_, k) => [
      `S${String(k).padStart(4, "0")}`,
      walk(days, 100 + k, 0.015, 86_400_000),
    ]),
  );
  const strategy: Strategy = {
    name: "equal weights, monthly",
    next(c) {
      if (c.bar % 21 !== 0) return;
      const share = 1 / c.symbols.length;
      c.targetWeights(Object.fromEntries(c.symbols.map((s) => [s, share])));
    },
  };
  return () => backtest(bars, strategy, { cash: 1e6, fees: 0.001, fill: "sameClose" }).fills.length;
}

const [name, sizeA, sizeB, repeats] = Deno.args;
const run = name === "event"
  ? eventDriven(Number(sizeA))
  : name === "sweep"
  ? sweep(Number(sizeA), Number(sizeB))
  : rebalance(Number(sizeA), Number(sizeB));
let check = NaN;
// Warm-up: compilation in its tiers (a loop that is entered once a run takes some of them), and
// threads that start once.
for (let i = 0; i < 8; i++) check = await run();
const runs: number[] = [];
for (let i = 0; i < Number(repeats); i++) {
  const from = performance.now();
  check = await run();
  runs.push(performance.now() - from);
}
closeSweepWorkers();
const peak = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s*(\d+)/)?.[1];
console.log(JSON.stringify({ runs, peakMiB: Number(peak ?? NaN) / 1024, check }));
