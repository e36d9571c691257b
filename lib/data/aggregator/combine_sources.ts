import { type BarField, barFields, type Bars, makeBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { formatTime } from "../validate_bars.ts";

/** Bars of one symbol as one source has them. */
export interface SourceBars {
  source: string;
  bars: Bars;
}

/**
 * What is done where sources differ: `priority` takes the first source's bar, `median` the median of
 * each field over the sources (cut so that low <= open, close <= high), `reject` refuses.
 */
export type DisagreementPolicy = "priority" | "median" | "reject";

/** Combined bars with which source each came from, and where the sources differed. */
export interface CombinedBars {
  bars: Bars;
  /** Index into the sources of each bar; -1 for a median. */
  origin: Int8Array;
  disagreements: { row: number; field: BarField; values: number[] }[];
}

/**
 * One series from several sources of the same symbol and timeframe, on all their times. Values that
 * differ by more than `tolerance` (relative, default 1e-4) are disagreements and always listed;
 * volumes are not compared, as venues count them differently.
 *
 * @throws {DataError} `quality` at the first disagreement under `reject`.
 */
export function combineSources(
  inputs: readonly SourceBars[],
  options: { policy?: DisagreementPolicy; tolerance?: number } = {},
): CombinedBars {
  const { policy = "priority", tolerance = 1e-4 } = options;
  if (inputs.length === 0) {
    throw new RangeError("Cannot combine sources: there must be at least one, got none");
  }
  const times = Float64Array.from(new Set(inputs.flatMap(({ bars }) => [...bars.time]))).sort();
  const columns = barFields.map(() => new Float64Array(times.length));
  const origin = new Int8Array(times.length);
  const disagreements: CombinedBars["disagreements"] = [];
  const at = inputs.map(() => 0);
  const rows: number[] = [];
  const who: number[] = [];
  for (let i = 0; i < times.length; i++) {
    rows.length = who.length = 0;
    inputs.forEach(({ bars }, k) => {
      if (at[k] < bars.length && bars.time[at[k]] === times[i]) {
        rows.push(at[k]++);
        who.push(k);
      }
    });
    let differ = false;
    for (const field of ["open", "high", "low", "close"] as const) {
      const values = rows.map((row, j) => inputs[who[j]].bars[field][row]);
      const spread = Math.max(...values) - Math.min(...values);
      if (spread <= tolerance * Math.abs(values[0])) continue;
      differ = true;
      disagreements.push({ row: i, field, values });
      if (policy === "reject") {
        throw new DataError(
          "quality",
          `Cannot combine sources: ${field} at ${formatTime(times[i])} must agree, got ${
            values.map((v, j) => `${v} from ${inputs[who[j]].source}`).join(", ")
          }`,
          { row: i + 1, field, value: values[1] },
        );
      }
    }
    const median = policy === "median" && differ && rows.length > 1;
    origin[i] = median ? -1 : who[0];
    barFields.forEach((field, f) => {
      const values = rows.map((row, j) => inputs[who[j]].bars[field][row]);
      columns[f][i] = median ? medianOf(values) : values[0];
    });
    if (median) {
      const [open, high, low, close] = columns;
      high[i] = Math.max(high[i], open[i], close[i]);
      low[i] = Math.min(low[i], open[i], close[i]);
    }
  }
  const [open, high, low, close, volume] = columns;
  const { symbol, timeframe } = inputs[0].bars;
  const bars = makeBars({ time: times, open, high, low, close, volume, symbol, timeframe });
  return { bars, origin, disagreements };
}

function medianOf(values: number[]): number {
  const sorted = values.filter((v) => v === v).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length === 0
    ? NaN
    : sorted.length % 2
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Several symbols on one calendar: the times that all have (`intersection`) or any has (`union`, with
 * NaN where a symbol did not trade: never filled, so that nothing trades on it).
 */
export function alignBars(
  series: Readonly<Record<string, Bars>>,
  calendar: "union" | "intersection" = "union",
): Record<string, Bars> {
  const names = Object.keys(series);
  const counts = new Map<number, number>();
  for (const name of names) {
    for (const t of series[name].time) counts.set(t, (counts.get(t) ?? 0) + 1);
  }
  const wanted = calendar === "union" ? 1 : names.length;
  const times = Float64Array.from([...counts].filter(([, n]) => n >= wanted).map(([t]) => t))
    .sort();
  return Object.fromEntries(names.map((name) => {
    const bars = series[name];
    const index = new Int32Array(times.length).fill(-1);
    for (let i = 0, at = 0; i < times.length; i++) {
      while (at < bars.length && bars.time[at] < times[i]) at++;
      if (at < bars.length && bars.time[at] === times[i]) index[i] = at;
    }
    const column = (field: BarField) =>
      Float64Array.from(index, (k) => k < 0 ? NaN : bars[field][k]);
    return [
      name,
      makeBars({
        time: times,
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
        volume: column("volume"),
        symbol: bars.symbol ?? name,
        timeframe: bars.timeframe,
      }),
    ];
  }));
}
