import { quantileSorted } from "../../math/mod.ts";
import type { Bars } from "../bars.ts";
import { formatTime } from "../validate_bars.ts";
import type { QualityIssue } from "./quality_report.ts";

const blockBars = 60;

/** Ratios of new to old shares in splits and reverse splits as they are usual. */
const splitRatios = [
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  10,
  15,
  20,
  25,
  30,
  40,
  50,
  100,
  3 / 2,
  4 / 3,
  5 / 4,
  5 / 2,
];

/** The ratio of a usual split that explains price factor `factor` within 2 %, or null. */
function splitRatioOf(factor: number): number | null {
  const size = factor < 1 ? 1 / factor : factor;
  return splitRatios.find((ratio) => Math.abs(size / ratio - 1) < 0.02) ?? null;
}

/**
 * Spikes and split-like jumps.
 *
 * Each log return of closes is set against the median and the median absolute deviation (x 1.4826) of
 * the 60 returns around it. Farther out than `spikeZ`: a spike when the next bar takes back at least
 * two thirds of it; a split-like jump when the price factor is that of a usual split and the open is
 * already there. A high or low far outside of open and close by the same measure is a spike, too.
 */
export function findJumps(bars: Bars, spikeZ: number): QualityIssue[] {
  const { open, high, low, close, time, length } = bars;
  const returns = new Float64Array(length);
  for (let i = 1; i < length; i++) returns[i] = Math.log(close[i] / close[i - 1]);
  const spikes: number[] = [];
  const jumps: number[] = [];
  const ratios: number[] = [];
  for (let from = 1; from < length; from += blockBars) {
    const to = Math.min(length, from + blockBars);
    // The block and half a block to either side, so that its ends are judged by what is around them.
    const near = returns.subarray(Math.max(1, from - blockBars / 2), to + blockBars / 2)
      .filter((r) => Number.isFinite(r));
    if (near.length < 10) continue;
    near.sort();
    const center = quantileSorted(near, 0.5);
    for (let i = 0; i < near.length; i++) near[i] = Math.abs(near[i] - center);
    near.sort();
    // A market that hardly moves has no scale of its own: at least a basis point.
    const scale = Math.max(1.4826 * quantileSorted(near, 0.5), 1e-4);
    const limit = spikeZ * scale;
    for (let i = from; i < to; i++) {
      const r = returns[i];
      if (Math.abs(r - center) > limit) {
        const back = i + 1 < length ? returns[i + 1] : 0;
        if (back * r < 0 && Math.abs(back) > Math.abs(r) * 2 / 3) {
          spikes.push(i);
          i++; // the way back is not a second spike
          continue;
        }
        const ratio = splitRatioOf(Math.exp(r));
        if (ratio !== null && Math.abs(Math.log(open[i] / close[i - 1]) - r) < limit) {
          jumps.push(i);
          ratios.push(ratio);
        }
        continue;
      }
      const top = Math.max(open[i], close[i]);
      const bottom = Math.min(open[i], close[i]);
      if (Math.log(high[i] / top) > limit || Math.log(bottom / low[i]) > limit) spikes.push(i);
    }
  }
  const issues: QualityIssue[] = [];
  if (spikes.length > 0) {
    issues.push({
      kind: "spike",
      severity: "warning",
      count: spikes.length,
      share: spikes.length / length,
      message: `${spikes.length} bars leave the price by more than ${spikeZ} robust standard ` +
        `deviations and come back, the first at ${formatTime(time[spikes[0]])}`,
      rows: spikes,
    });
  }
  if (jumps.length > 0) {
    issues.push({
      kind: "split-like-jump",
      severity: "error",
      count: jumps.length,
      share: jumps.length / length,
      message: `${jumps.length} jumps look like splits that were not adjusted for, the first (${
        ratios[0].toFixed(2).replace(/\.?0+$/, "")
      } for 1) at ${formatTime(time[jumps[0]])}`,
      rows: jumps,
    });
  }
  return issues;
}
