/**
 * For each of `times` the index of the last of `known` that is at or before it; -1 where there is
 * none. Both ascend. Nothing later than the time itself is ever looked at.
 *
 * `maxAgeMs` gives -1 for values older than that; `strict` takes only values before the time.
 */
export function asOfIndex(
  times: Float64Array,
  known: Float64Array,
  options: { maxAgeMs?: number; strict?: boolean } = {},
): Int32Array {
  const { maxAgeMs = Infinity, strict = false } = options;
  const out = new Int32Array(times.length);
  let at = -1;
  for (let i = 0; i < times.length; i++) {
    const t = times[i];
    while (at + 1 < known.length && (strict ? known[at + 1] < t : known[at + 1] <= t)) at++;
    out[i] = at >= 0 && t - known[at] <= maxAgeMs ? at : -1;
  }
  return out;
}

/** A column of another series as it was known at each of `times`; NaN where nothing was. */
export function asOfColumn(
  times: Float64Array,
  series: { time: Float64Array; values: Float64Array },
  options: { maxAgeMs?: number; strict?: boolean } = {},
): Float64Array {
  const index = asOfIndex(times, series.time, options);
  return Float64Array.from(index, (at) => at < 0 ? NaN : series.values[at]);
}
