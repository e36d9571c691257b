/**
 * Bars of one or many symbols on one timeline, checked.
 * @module
 */
import type { Bars } from "../data/bars.ts";

/** What a run can be given: bars of one symbol, or of many by name. */
export type BarsInput = Bars | Readonly<Record<string, Bars>>;

/** Columns of one symbol on the panel's timeline; NaN where the symbol has no bar. */
export interface AssetColumns {
  readonly symbol: string;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** Row of the symbol's first bar and of its last one. */
  readonly first: number;
  readonly last: number;
  /** Whether the source knows volumes at all: only then a zero volume means a halt. */
  readonly hasVolume: boolean;
}

export interface Panel {
  readonly time: Float64Array;
  readonly length: number;
  /** Sorted by name, so that no result depends on the order in which symbols were given. */
  readonly symbols: readonly string[];
  readonly assets: readonly AssetColumns[];
  readonly isSingle: boolean;
}

export interface PanelOptions {
  /** `error` (default) refuses a bar with NaN prices; `skip` takes it as a bar without trades. */
  missingBars?: "error" | "skip";
  /** Allows prices <= 0 (a future may have them); sizes must then be given in units. */
  allowNegativePrices?: boolean;
}

const fields = ["open", "high", "low", "close"] as const;

function isBars(input: BarsInput): input is Bars {
  return (input as Bars).close instanceof Float64Array;
}

/**
 * The bars on one timeline: that of the only symbol, or the union of all times.
 *
 * @throws {RangeError} Naming symbol, bar, field and value of the first bar that cannot be used.
 */
export function createPanel(input: BarsInput, options: PanelOptions = {}): Panel {
  if (isBars(input)) {
    const symbol = input.symbol ?? "asset";
    checkBars(input, symbol, options);
    return {
      time: input.time,
      length: input.length,
      symbols: [symbol],
      assets: [assetOf(symbol, input, 0, input.length - 1)],
      isSingle: true,
    };
  }
  const symbols = Object.keys(input).sort();
  if (symbols.length === 0) {
    throw new RangeError("Cannot run backtest: bars must hold at least one symbol, got none");
  }
  for (const symbol of symbols) checkBars(input[symbol], symbol, options);
  const time = unionOfTimes(symbols.map((s) => input[s].time));
  return {
    time,
    length: time.length,
    symbols,
    assets: symbols.map((s) => align(s, input[s], time)),
    isSingle: false,
  };
}

type Columns = Pick<Bars, "open" | "high" | "low" | "close" | "volume">;

function assetOf(symbol: string, columns: Columns, first: number, last: number): AssetColumns {
  const { open, high, low, close, volume } = columns;
  return {
    symbol,
    open,
    high,
    low,
    close,
    volume,
    first,
    last,
    hasVolume: volume.some((v) => v > 0),
  };
}

function align(symbol: string, bars: Bars, time: Float64Array): AssetColumns {
  const n = time.length;
  if (bars.length === n) return assetOf(symbol, bars, 0, n - 1); // same times: no copy
  const column = () => new Float64Array(n).fill(NaN);
  const open = column(), high = column(), low = column(), close = column(), volume = column();
  let first = n;
  let last = -1;
  let row = 0;
  for (let i = 0; i < bars.length; i++) {
    while (time[row] < bars.time[i]) row++;
    open[row] = bars.open[i];
    high[row] = bars.high[i];
    low[row] = bars.low[i];
    close[row] = bars.close[i];
    volume[row] = bars.volume[i];
    if (first === n) first = row;
    last = row;
  }
  return assetOf(symbol, { open, high, low, close, volume }, first, last);
}

function unionOfTimes(columns: readonly Float64Array[]): Float64Array {
  const first = columns[0];
  if (columns.every((c) => sameTimes(c, first))) return first;
  let total = 0;
  for (const c of columns) total += c.length;
  const all = new Float64Array(total);
  let at = 0;
  for (const c of columns) {
    all.set(c, at);
    at += c.length;
  }
  all.sort();
  let n = 0;
  for (let i = 0; i < total; i++) if (n === 0 || all[i] !== all[n - 1]) all[n++] = all[i];
  return all.slice(0, n);
}

function sameTimes(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function checkBars(bars: Bars, symbol: string, options: PanelOptions): void {
  const { time, open, high, low, close, volume, length } = bars;
  const of = `of ${symbol}`;
  if (!(length > 0)) {
    throw new RangeError(`Cannot run backtest: bars ${of} must not be empty, got length ${length}`);
  }
  for (const f of ["time", ...fields, "volume"] as const) {
    if (bars[f]?.length !== length) {
      throw new RangeError(
        `Cannot run backtest: ${f} ${of} must have ${length} values, got ${bars[f]?.length}`,
      );
    }
  }
  const skip = options.missingBars === "skip";
  const floor = options.allowNegativePrices ? -Infinity : 0;
  for (let i = 0; i < length; i++) {
    const o = open[i], h = high[i], l = low[i], c = close[i];
    if (!(time[i] - time[i] === 0) || (i > 0 && !(time[i] > time[i - 1]))) {
      throw new RangeError(
        `Cannot run backtest: time ${of} must ascend strictly, got ${day(time[i])} after ${
          day(time[i - 1])
        } at bar ${i}`,
      );
    }
    // The usual bar in one chain; NaN fails each comparison.
    if (l > floor && o >= l && c >= l && h >= o && h >= c && h < Infinity && !(volume[i] < 0)) {
      continue;
    }
    if (volume[i] < 0) {
      throw new RangeError(
        `Cannot run backtest: volume ${of} must not be negative, got ${volume[i]} at bar ${i} (${
          day(time[i])
        })`,
      );
    }
    for (const f of fields) {
      const v = bars[f][i];
      if (Number.isNaN(v) && skip) continue;
      if (!Number.isFinite(v) || v <= floor) {
        const rule = Number.isFinite(v) ? "must be greater than 0" : "must be a finite number";
        throw new RangeError(
          `Cannot run backtest: ${f} ${of} ${rule}, got ${v} at bar ${i} (${day(time[i])})`,
        );
      }
    }
    if (Number.isNaN(o + h + l + c)) continue;
    throw new RangeError(
      `Cannot run backtest: open and close ${of} must lie in [low, high], got open ${o}, high ${h}, low ${l}, close ${c} at bar ${i} (${
        day(time[i])
      })`,
    );
  }
}

/** A time for a message: the date alone when it is midnight UTC. */
export function day(time: number): string {
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) return String(time);
  const iso = new Date(time).toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.replace(".000Z", "Z");
}
