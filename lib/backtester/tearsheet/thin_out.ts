/**
 * Indices of at most about `most` points that keep the shape of `column`: first, lowest, highest and
 * last of each bucket. All indices when there are few.
 */
export function thinOut(column: Float64Array, most = 1600): Int32Array {
  const n = column.length;
  if (n <= most) return Int32Array.from({ length: n }, (_, t) => t);
  const buckets = Math.floor(most / 4);
  const chosen: number[] = [];
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor(b * n / buckets);
    const to = Math.floor((b + 1) * n / buckets);
    let low = from;
    let high = from;
    for (let t = from; t < to; t++) {
      if (column[t] < column[low]) low = t;
      if (column[t] > column[high]) high = t;
    }
    for (const t of [...new Set([from, low, high, to - 1])].sort((x, y) => x - y)) chosen.push(t);
  }
  return Int32Array.from(chosen);
}
