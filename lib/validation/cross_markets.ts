/**
 * The same strategy elsewhere: on other symbols and at other timeframes.
 * @module
 */
import type { Bars } from "../data/bars.ts";
import { type Distribution, distributionOf } from "./monte_carlo.ts";

export interface ElsewhereResult {
  /** Value by symbol or timeframe, in order. */
  values: { name: string; value: number }[];
  distribution: Distribution;
  shareAboveZero: number;
  worst: { name: string; value: number };
}

function summarise(values: { name: string; value: number }[]): ElsewhereResult {
  const numbers = Float64Array.from(values.filter((v) => Number.isFinite(v.value)), (v) => v.value);
  return {
    values,
    distribution: distributionOf(numbers),
    shareAboveZero: numbers.filter((v) => v > 0).length / numbers.length,
    worst: values.reduce((a, b) => b.value < a.value ? b : a),
  };
}

/** `evaluate` on each symbol's bars: does the edge hold on assets it was not found on? */
export function overAssets(
  bars: Readonly<Record<string, Bars>>,
  evaluate: (bars: Bars, symbol: string) => number,
): ElsewhereResult {
  const symbols = Object.keys(bars).sort();
  if (symbols.length === 0) {
    throw new RangeError("Cannot validate over assets: at least one symbol must be given, got 0");
  }
  return summarise(symbols.map((name) => ({ name, value: evaluate(bars[name], name) })));
}

/**
 * Leave-one-asset-out: `fit` on all other symbols, `evaluate` on the one left out.
 */
export async function leaveOneAssetOut<Fitted>(
  bars: Readonly<Record<string, Bars>>,
  fit: (others: Readonly<Record<string, Bars>>) => Fitted | Promise<Fitted>,
  evaluate: (fitted: Fitted, bars: Bars, symbol: string) => number | Promise<number>,
): Promise<ElsewhereResult> {
  const symbols = Object.keys(bars).sort();
  if (symbols.length < 2) {
    throw new RangeError(
      `Cannot leave one asset out: at least 2 symbols must be given, got ${symbols.length}`,
    );
  }
  const values = [];
  for (const name of symbols) {
    const others = Object.fromEntries(
      symbols.filter((s) => s !== name).map((s) => [s, bars[s]] as const),
    );
    values.push({ name, value: await evaluate(await fit(others), bars[name], name) });
  }
  return summarise(values);
}

/** `evaluate` on bars put together by 1, 2, … as `factors` say: does the edge hang on the grid? */
export function overTimeframes(
  bars: Bars,
  factors: readonly number[],
  evaluate: (bars: Bars, factor: number) => number,
): ElsewhereResult {
  return summarise(
    factors.map((factor) => ({
      name: `x${factor}`,
      value: evaluate(joinBars(bars, factor), factor),
    })),
  );
}

/** Every `factor` bars as one; the group that is not full at the start is dropped. */
export function joinBars(bars: Bars, factor: number): Bars {
  if (!(Number.isInteger(factor) && factor >= 1 && factor <= bars.length)) {
    throw new RangeError(
      `Cannot join bars: factor must be an integer in [1, ${bars.length}], got ${factor}`,
    );
  }
  const n = Math.floor(bars.length / factor);
  const skip = bars.length - n * factor;
  const column = () => new Float64Array(n);
  const out = {
    time: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    length: n,
    symbol: bars.symbol,
  };
  for (let g = 0; g < n; g++) {
    const from = skip + g * factor;
    const last = from + factor - 1;
    let high = -Infinity, low = Infinity, volume = 0;
    for (let t = from; t <= last; t++) {
      high = Math.max(high, bars.high[t]);
      low = Math.min(low, bars.low[t]);
      volume += bars.volume[t];
    }
    out.time[g] = bars.time[last];
    out.open[g] = bars.open[from];
    out.high[g] = high;
    out.low[g] = low;
    out.close[g] = bars.close[last];
    out.volume[g] = volume;
  }
  return out;
}
