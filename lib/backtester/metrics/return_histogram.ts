/** A histogram: `counts[i]` values in [edges[i], edges[i + 1]), the last bin closed. */
export interface Histogram {
  edges: Float64Array;
  counts: Int32Array;
}

/**
 * Distribution of profits, losses or returns in bins of equal width; not-a-numbers are left out.
 * Without `bins` their number follows Freedman & Diaconis, at most 200.
 */
export function histogram(values: ArrayLike<number>, bins?: number): Histogram {
  const sorted = Float64Array.from(values).filter((x) => Number.isFinite(x)).sort();
  const n = sorted.length;
  if (n === 0) return { edges: new Float64Array(0), counts: new Int32Array(0) };
  const low = sorted[0];
  const high = sorted[n - 1];
  const spread = sorted[Math.floor(0.75 * (n - 1))] - sorted[Math.floor(0.25 * (n - 1))];
  const width = 2 * spread / Math.cbrt(n);
  const count = bins ??
    (width > 0 ? Math.max(1, Math.min(200, Math.ceil((high - low) / width))) : 1);
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`Cannot make histogram: bins must be a positive integer, got ${count}`);
  }
  const edges = Float64Array.from(
    { length: count + 1 },
    (_, i) => low + (high - low) * i / count,
  );
  const counts = new Int32Array(count);
  for (const x of sorted) {
    const i = high > low ? Math.floor((x - low) / (high - low) * count) : 0;
    counts[Math.min(count - 1, i)]++;
  }
  return { edges, counts };
}
