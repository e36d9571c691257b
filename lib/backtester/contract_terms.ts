import type { BacktestOptions, RateSeries } from "./options.ts";
import type { Panel } from "./panel.ts";

/** Per asset: multiplier, lot and tick size, and exchange rate per row (null: account currency). */
export interface ContractTerms {
  readonly multiplier: Float64Array;
  readonly lotSize: Float64Array;
  readonly tickSize: Float64Array;
  readonly fx: readonly (Float64Array | null)[];
}

/**
 * The terms of every asset of the panel, exchange rates aligned to its timeline (the last rate at or
 * before a bar).
 *
 * @throws {RangeError} If options name an unknown symbol, or a rate is missing or not positive.
 */
export function contractTerms(panel: Panel, options: BacktestOptions): ContractTerms {
  for (const symbol of Object.keys(options.assets ?? {})) {
    if (!panel.symbols.includes(symbol)) {
      throw new RangeError(
        `Cannot run backtest: assets must name symbols of the bars (${
          panel.symbols.join(", ")
        }), got ${symbol}`,
      );
    }
  }
  const n = panel.symbols.length;
  const terms = {
    multiplier: new Float64Array(n),
    lotSize: new Float64Array(n),
    tickSize: new Float64Array(n),
    fx: [] as (Float64Array | null)[],
  };
  const home = options.currency ?? "USD";
  panel.symbols.forEach((symbol, a) => {
    const own = options.assets?.[symbol];
    terms.multiplier[a] = positive(
      own?.multiplier ?? options.multiplier ?? 1,
      symbol,
      "multiplier",
    );
    terms.lotSize[a] = own?.lotSize ?? options.lotSize ?? 0;
    terms.tickSize[a] = own?.tickSize ?? options.tickSize ?? 0;
    const currency = own?.currency ?? home;
    if (currency === home) {
      terms.fx.push(null);
      return;
    }
    const series = options.fx?.[currency];
    if (!series) {
      throw new RangeError(
        `Cannot run backtest: fx must hold rates of ${currency} (currency of ${symbol}), got ${
          Object.keys(options.fx ?? {}).join(", ") || "none"
        }`,
      );
    }
    terms.fx.push(asOf(panel.time, series, currency));
  });
  return terms;
}

function positive(value: number, symbol: string, field: string): number {
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(
      `Cannot run backtest: ${field} of ${symbol} must be a positive number, got ${value}`,
    );
  }
  return value;
}

/** The series' last rate at or before each time. */
function asOf(time: Float64Array, series: RateSeries, currency: string): Float64Array {
  const out = new Float64Array(time.length);
  let at = -1;
  for (let t = 0; t < time.length; t++) {
    while (at + 1 < series.time.length && series.time[at + 1] <= time[t]) at++;
    const rate = at < 0 ? NaN : series.rate[at];
    if (!(rate > 0 && rate < Infinity)) {
      throw new RangeError(
        `Cannot run backtest: fx of ${currency} must be a positive number at every bar, got ${rate} at bar ${t}`,
      );
    }
    out[t] = rate;
  }
  return out;
}
