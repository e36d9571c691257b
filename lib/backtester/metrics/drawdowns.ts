/** One fall from a peak: bars of peak, trough and recovery (null: not yet), and its depth (<= 0). */
export interface Drawdown {
  /** Last bar at the peak; -1 is the starting capital. */
  peakBar: number;
  troughBar: number;
  recoveryBar: number | null;
  depth: number;
  /** From the peak to the recovery, or to the end. */
  bars: number;
}

/** Depth below the running maximum at each bar, from returns; the starting capital counts. */
export function underwater(returns: Float64Array): Float64Array {
  const out = new Float64Array(returns.length);
  let equity = 1;
  let peak = 1;
  for (let t = 0; t < returns.length; t++) {
    equity *= 1 + returns[t];
    if (equity > peak) peak = equity;
    out[t] = equity / peak - 1;
  }
  return out;
}

/** All drawdowns in order of time. */
export function drawdowns(returns: Float64Array): Drawdown[] {
  return drawdownsOf(underwater(returns));
}

/** All drawdowns of an underwater curve. */
export function drawdownsOf(depth: Float64Array): Drawdown[] {
  const found: Drawdown[] = [];
  let open: Drawdown | null = null;
  for (let t = 0; t < depth.length; t++) {
    if (depth[t] < 0) {
      open ??= { peakBar: t - 1, troughBar: t, recoveryBar: null, depth: 0, bars: 0 };
      if (depth[t] < open.depth) {
        open.depth = depth[t];
        open.troughBar = t;
      }
    } else if (open) {
      open.recoveryBar = t;
      open.bars = t - open.peakBar;
      found.push(open);
      open = null;
    }
  }
  if (open) {
    open.bars = depth.length - 1 - open.peakBar;
    found.push(open);
  }
  return found;
}
