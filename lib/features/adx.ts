import type { Kernel } from "./kernel.ts";

/**
 * Average directional index with both directional indicators, Wilder's smoothing as in TA-Lib: sums of
 * the first window - 1 movements, then sum - sum / window + movement; the first ADX is the mean of
 * the first window of DX.
 */
export function adxKernel(window: number): Kernel {
  const state = {
    seen: 0,
    plus: 0.5,
    minus: 0.5,
    range: 0.5,
    adx: 0.5,
    high: 0.5,
    low: 0.5,
    close: 0.5,
  };
  return {
    run([h, l, c], [out, plusOut, minusOut], from, to) {
      let { seen, plus, minus, range, adx } = state;
      let { high: lastHigh, low: lastLow, close: lastClose } = state;
      const keep = 1 - 1 / window;
      for (let i = from; i < to; i++) {
        out[i] = plusOut[i] = minusOut[i] = NaN;
        const high = h[i];
        const low = l[i];
        const close = c[i];
        if (high !== high || low !== low || close !== close) {
          seen = 0;
          continue;
        }
        const up = high - lastHigh;
        const down = lastLow - low;
        const top = high > lastClose ? high : lastClose;
        const trueRange = top - (low < lastClose ? low : lastClose);
        lastHigh = high;
        lastLow = low;
        lastClose = close;
        if (seen === 0) {
          seen = 1;
          plus =
            minus =
            range =
            adx =
              0;
          continue;
        }
        if (seen >= window) {
          plus *= keep;
          minus *= keep;
          range *= keep;
        }
        if (down > 0 && up < down) minus += down;
        else if (up > 0 && up > down) plus += up;
        range += trueRange;
        if (seen < window) {
          seen++;
          continue;
        }
        const scale = range > 0 ? 100 / range : 0;
        const plusDi = plus * scale;
        const minusDi = minus * scale;
        const sum = plusDi + minusDi;
        const difference = plusDi - minusDi;
        // Without movement there is no DX: the average keeps its value.
        const dx = sum > 0 ? 100 * (difference < 0 ? -difference : difference) / sum : NaN;
        // seen counts the rows before this one: DX starts at row `window`, ADX at 2 window - 1.
        if (seen < 2 * window) {
          seen++;
          if (dx === dx) adx += dx;
          if (seen < 2 * window) continue;
          adx /= window;
        } else if (dx === dx) adx = (adx * (window - 1) + dx) / window;
        out[i] = adx;
        plusOut[i] = plusDi;
        minusOut[i] = minusDi;
      }
      Object.assign(state, { seen, plus, minus, range, adx });
      Object.assign(state, { high: lastHigh, low: lastLow, close: lastClose });
    },
  };
}
