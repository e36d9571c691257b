/** Highest value of the `window` bars before each bar, itself excluded (Donchian); NaN at first. */
export function highestBefore(column: Float64Array, window: number): Float64Array {
  return extremeBefore(column, window, (a, b) => a >= b);
}

/** Lowest value of the `window` bars before each bar, itself excluded (Donchian); NaN at first. */
export function lowestBefore(column: Float64Array, window: number): Float64Array {
  return extremeBefore(column, window, (a, b) => a <= b);
}

/** A monotone queue: each value enters and leaves once. */
function extremeBefore(
  column: Float64Array,
  window: number,
  beats: (a: number, b: number) => boolean,
): Float64Array {
  if (!(Number.isInteger(window) && window >= 1)) {
    throw new RangeError(
      `Cannot compute channel: window must be a positive integer, got ${window}`,
    );
  }
  const n = column.length;
  const out = new Float64Array(n).fill(NaN);
  const queue = new Int32Array(n);
  let head = 0;
  let tail = 0;
  for (let t = 0; t < n; t++) {
    if (t >= window) {
      while (queue[head] < t - window) head++;
      out[t] = column[queue[head]];
    }
    while (tail > head && beats(column[t], column[queue[tail - 1]])) tail--;
    queue[tail++] = t;
  }
  return out;
}
