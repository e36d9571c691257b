/**
 * Slippage and spread: how far a fill's price is worse than the market's. Limit orders have none.
 * @module
 */
import type { AssetColumns } from "../panel.ts";

/**
 * Slippage per fill. A number is a fraction of the price (0.0005 = 5 basis points).
 *
 * - `{perUnit}`: a fixed amount of price.
 * - `{volatility, window?}`: this multiple of the standard deviation of the last `window` (20) log
 *   returns known before the fill.
 * - `{impact, window?}`: square-root law, `impact * sigma * sqrt(units / average volume)` over `window`.
 * - `{volumeShare, coefficient?}`: Zipline's `coefficient * share^2` (0.1) with the order's share of
 *   the bar's volume capped at `volumeShare` (0.025); also limits how much of a bar can be filled.
 */
export type SlippageOption =
  | number
  | { bps: number }
  | { percent: number }
  | { perUnit: number }
  | { volatility: number; window?: number }
  | { impact: number; window?: number }
  | { volumeShare: number; coefficient?: number };

/** A checked slippage: the adverse shift as a fraction of `price` for |units| at bar `t`. */
export interface Slippage {
  /** The shift when it is the same for every fill, else NaN. */
  readonly constant: number;
  fraction(asset: AssetColumns, t: number, units: number, price: number): number;
}

/** The slippage that `option` describes. @throws {RangeError} If a number is negative or not finite. */
export function createSlippage(option: SlippageOption = 0): Slippage {
  if (typeof option === "number") return constant(positive(option, "slippage"));
  if ("bps" in option) return constant(positive(option.bps, "slippage.bps") / 1e4);
  if ("percent" in option) return constant(positive(option.percent, "slippage.percent") / 100);
  if ("perUnit" in option) {
    const perUnit = positive(option.perUnit, "slippage.perUnit");
    return { constant: NaN, fraction: (_a, _t, _u, price) => perUnit / price };
  }
  if ("volatility" in option) {
    const multiple = positive(option.volatility, "slippage.volatility");
    const window = atLeastTwo(option.window ?? 20, "slippage.window");
    return { constant: NaN, fraction: (a, t) => multiple * trailingVolatility(a.close, t, window) };
  }
  if ("impact" in option) {
    const impact = positive(option.impact, "slippage.impact");
    const window = atLeastTwo(option.window ?? 20, "slippage.window");
    return {
      constant: NaN,
      fraction(a, t, units) {
        const volume = trailingMean(a.volume, t, window);
        if (!(volume > 0)) return 0;
        return impact * trailingVolatility(a.close, t, window) * Math.sqrt(units / volume);
      },
    };
  }
  if ("volumeShare" in option) {
    const cap = positive(option.volumeShare, "slippage.volumeShare");
    const coefficient = positive(option.coefficient ?? 0.1, "slippage.coefficient");
    return {
      constant: NaN,
      fraction(a, t, units) {
        const volume = a.volume[t];
        if (!(volume > 0)) return 0;
        const share = Math.min(units / volume, cap);
        return coefficient * share * share;
      },
    };
  }
  throw new RangeError(
    `Cannot set slippage: slippage must be a number or a known object, got ${
      JSON.stringify(option)
    }`,
  );
}

function constant(fraction: number): Slippage {
  return { constant: fraction, fraction: () => fraction };
}

/** Standard deviation (ddof 1) of up to `window` log returns ending at the traded bar before `t`. */
export function trailingVolatility(close: Float64Array, t: number, window: number): number {
  let n = 0;
  let sum = 0;
  let squares = 0;
  let later = NaN;
  for (let i = t - 1; i >= 0 && n < window; i--) {
    const price = close[i];
    if (!(price > 0)) continue;
    if (later > 0) {
      const r = Math.log(later / price);
      sum += r;
      squares += r * r;
      n++;
    }
    later = price;
  }
  if (n < 2) return 0;
  return Math.sqrt(Math.max(0, (squares - sum * sum / n) / (n - 1)));
}

function trailingMean(column: Float64Array, t: number, window: number): number {
  let n = 0;
  let sum = 0;
  for (let i = t - 1; i >= 0 && n < window; i--) {
    if (column[i] >= 0) {
      sum += column[i];
      n++;
    }
  }
  return n === 0 ? NaN : sum / n;
}

function positive(value: number, field: string): number {
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(
      `Cannot set slippage: ${field} must be a finite number >= 0, got ${value}`,
    );
  }
  return value;
}

function atLeastTwo(value: number, field: string): number {
  if (!(Number.isInteger(value) && value >= 2)) {
    throw new RangeError(`Cannot set slippage: ${field} must be an integer >= 2, got ${value}`);
  }
  return value;
}
