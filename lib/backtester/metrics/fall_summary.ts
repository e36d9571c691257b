/** What the metrics need of all drawdowns of a curve. */
export interface FallSummary {
  /** Deepest fall, 0 or negative; NaN if the curve holds one. */
  deepest: number;
  count: number;
  /** Sum of the depths (0 or negative) and of the lengths in bars, and the longest of them. */
  depths: number;
  bars: number;
  longest: number;
  /** Root mean square of the underwater curve: the ulcer index. */
  rootMeanSquare: number;
}

/**
 * The drawdowns of an equity curve that began at `start`, in one pass and without keeping them;
 * `drawdowns` lists the same ones.
 */
export function summariseFalls(equity: Float64Array, start: number): FallSummary {
  const out = new Float64Array(6);
  addFalls(equity, start, out);
  const [deepest, count, depths, bars, longest, squares] = out;
  const rootMeanSquare = Math.sqrt(squares / equity.length);
  return { deepest, count, depths, bars, longest, rootMeanSquare };
}

/** The loop, apart as that of `returnSums`. */
function addFalls(equity: Float64Array, start: number, out: Float64Array): void {
  const n = equity.length;
  let peak = start;
  let peakBar = -1;
  let depth = 0; // of the fall that is open
  let deepest = 0, count = 0, depths = 0, bars = 0, longest = 0, squares = 0;
  for (let t = 0; t < n; t++) {
    const e = equity[t];
    const d = e / peak - 1;
    if (d < 0) {
      squares += d * d;
      if (d < depth) depth = d;
      continue;
    }
    if (d !== d) deepest = NaN;
    if (depth < 0) {
      const length = t - peakBar;
      count++;
      depths += depth;
      bars += length;
      if (length > longest) longest = length;
      if (depth < deepest) deepest = depth;
      depth = 0;
    }
    peakBar = t;
    if (e > peak) peak = e;
  }
  if (depth < 0) {
    const length = n - 1 - peakBar;
    count++;
    depths += depth;
    bars += length;
    if (length > longest) longest = length;
    if (depth < deepest) deepest = depth;
  }
  out[0] = deepest;
  out[1] = count;
  out[2] = depths;
  out[3] = bars;
  out[4] = longest;
  out[5] = squares;
}
