/**
 * Order statistics without sorting everything.
 * @module
 */

/**
 * Puts the `k`-th smallest value (from 0) at index `k` of `a`, smaller ones before it and larger ones
 * after it, and returns it. Works in place; NaN is not accepted.
 *
 * @see Floyd & Rivest 1975, algorithm 489 (SELECT)
 */
export function selectInPlace(a: Float64Array, k: number, left = 0, right = a.length - 1): number {
  while (right > left) {
    if (right - left > 600) {
      // Recur on a sample, so that the next pivot lies close to the answer.
      const n = right - left + 1;
      const m = k - left + 1;
      const z = Math.log(n);
      const s = 0.5 * Math.exp(2 * z / 3);
      const sd = 0.5 * Math.sqrt(z * s * (n - s) / n) * (m - n / 2 < 0 ? -1 : 1);
      const from = Math.max(left, Math.floor(k - m * s / n + sd));
      const to = Math.min(right, Math.floor(k + (n - m) * s / n + sd));
      selectInPlace(a, k, from, to);
    }
    const pivot = a[k];
    let i = left;
    let j = right;
    a[k] = a[left];
    a[left] = pivot;
    if (a[right] > pivot) {
      a[left] = a[right];
      a[right] = pivot;
    }
    while (i < j) {
      const swap = a[i];
      a[i] = a[j];
      a[j] = swap;
      i++;
      j--;
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
    }
    if (a[left] === pivot) {
      const swap = a[left];
      a[left] = a[j];
      a[j] = swap;
    } else {
      j++;
      const swap = a[j];
      a[j] = a[right];
      a[right] = swap;
    }
    if (j <= k) left = j + 1;
    if (k <= j) right = j - 1;
  }
  return a[k];
}

/**
 * As `quantile` of the math room (linear interpolation), reordering `a` instead of sorting a copy.
 * The `placed` lowest values may stand in front already; then they are left where they are.
 */
export function quantileInPlace(a: Float64Array, p: number, placed = 0): number {
  const n = a.length;
  if (n === 0) return NaN;
  const at = p * (n - 1);
  const k = Math.floor(at);
  const low = k < placed ? selectInPlace(a, k) : selectInPlace(a, k, placed);
  if (k === n - 1) return low;
  // All after k are larger: the next order statistic is their minimum.
  let high = Infinity;
  for (let i = k + 1; i < n; i++) if (a[i] < high) high = a[i];
  return low + (at - k) * (high - low);
}

/** Whether a column holds a NaN. */
export function hasNaN(column: Float64Array): boolean {
  for (let i = 0; i < column.length; i++) if (column[i] !== column[i]) return true;
  return false;
}
