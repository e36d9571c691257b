import type { Bars } from "../../data/mod.ts";
import { ewmVolatility } from "./ewm_volatility.ts";
import type { Labels } from "./labels.ts";

/** See {@linkcode tripleBarrierLabels}. */
export interface TripleBarrierOptions {
  /** Upper barrier in multiples of the volatility at the label's bar; null for none. Default 1. */
  profitTarget?: number | null;
  /** Lower barrier in multiples of the volatility; null for none. Default 1. */
  stopLoss?: number | null;
  /** Bars after which the label ends in any case. */
  horizonBars: number;
  /** Span of the exponentially weighted volatility of returns. Default 100. */
  volatilitySpan?: number;
  /** Volatility per bar of one's own instead, one value per bar, known at the bar. */
  volatility?: Float64Array;
  /** Bars with a lower volatility get no label. Default 0. */
  minVolatility?: number;
  /** Label of a path that ends at the horizon: 0 (default) or the sign of its return. */
  atHorizon?: "zero" | "sign";
  /**
   * Price that touches a barrier: the close (default), or high and low. Where one bar touches both,
   * the loss counts.
   */
  touch?: "close" | "range";
  /**
   * A primary model's side of each bar (1 long, -1 short, 0 or NaN none): then the barriers lie in its
   * direction, and the label is a meta-label: 1 if the side made money, else 0.
   */
  sides?: ArrayLike<number>;
}

/** Labels with the return of each path and the barrier that ended it. */
export interface TripleBarrierLabels extends Labels {
  /** Return from the bar's close to the barrier's bar, in the direction of the side; NaN without label. */
  returns: Float64Array;
  /** 1 profit target, -1 stop loss, 0 horizon; 0 without label, too. */
  barrier: Int8Array;
}

/**
 * Which of three barriers the price touches first: profit target, stop loss, or the horizon.
 *
 * Barriers are multiples of the volatility known at the bar. Value 1: the profit target; -1: the stop
 * loss; at the horizon see `atHorizon`. With `sides`, meta-labels 1 or 0 (kind `metaLabel`). NaN where
 * the horizon lies past the last bar and no barrier was touched, or the volatility is not known yet.
 *
 * A path that touches a barrier is measured to the barrier's bar: at its close, or with `touch:
 * "range"` at the barrier itself.
 *
 * @throws {RangeError} If an option is out of range.
 * @see López de Prado 2018, Advances in Financial Machine Learning, chapter 3
 */
export function tripleBarrierLabels(
  bars: Bars,
  options: TripleBarrierOptions,
): TripleBarrierLabels {
  const {
    profitTarget = 1,
    stopLoss = 1,
    horizonBars,
    volatilitySpan = 100,
    minVolatility = 0,
    atHorizon = "zero",
    touch = "close",
    sides,
  } = options;
  const refuse = (name: string, rule: string, value: unknown): never => {
    throw new RangeError(`Cannot make labels: ${name} must be ${rule}, got ${value}`);
  };
  if (!Number.isInteger(horizonBars) || horizonBars < 1) {
    refuse("horizonBars", "a whole number of at least 1", horizonBars);
  }
  for (const [name, value] of Object.entries({ profitTarget, stopLoss })) {
    if (value !== null && !(value > 0)) refuse(name, "positive or null", value);
  }
  if (!(volatilitySpan >= 1)) refuse("volatilitySpan", "at least 1", volatilitySpan);
  if (sides && sides.length !== bars.length) {
    refuse("sides", `one value for each of ${bars.length} bars`, sides.length);
  }
  if (options.volatility && options.volatility.length !== bars.length) {
    refuse("volatility", `one value for each of ${bars.length} bars`, options.volatility.length);
  }
  const { close, high, low, length } = bars;
  const volatility = options.volatility ?? ewmVolatility(close, volatilitySpan);
  const values = new Float64Array(length).fill(NaN);
  const returns = new Float64Array(length).fill(NaN);
  const barrier = new Int8Array(length);
  const spanEnd = Int32Array.from({ length }, (_, t) => t);
  for (let t = 0; t < length; t++) {
    const scale = volatility[t];
    const side = sides ? sides[t] : 1;
    if (!(scale > 0) || scale < minVolatility || !(side !== 0) || side !== side) continue;
    const direction = side > 0 ? 1 : -1;
    const gain = profitTarget === null ? Infinity : profitTarget * scale;
    const loss = stopLoss === null ? -Infinity : -stopLoss * scale;
    const last = Math.min(length - 1, t + horizonBars);
    let hit = 0;
    let end = t;
    let result = NaN;
    for (let k = t + 1; k <= last && hit === 0; k++) {
      end = k;
      result = direction * (close[k] / close[t] - 1);
      const best = touch === "close"
        ? result
        : direction * ((direction > 0 ? high[k] : low[k]) / close[t] - 1);
      const worst = touch === "close"
        ? result
        : direction * ((direction > 0 ? low[k] : high[k]) / close[t] - 1);
      if (worst <= loss) {
        hit = -1;
        if (touch === "range") result = loss;
      } else if (best >= gain) {
        hit = 1;
        if (touch === "range") result = gain;
      }
    }
    if (hit === 0 && t + horizonBars >= length) continue;
    spanEnd[t] = end;
    returns[t] = result;
    barrier[t] = hit;
    values[t] = sides
      ? (result > 0 ? 1 : 0)
      : hit !== 0
      ? hit
      : atHorizon === "sign"
      ? Math.sign(result)
      : 0;
  }
  return { values, spanEnd, returns, barrier, kind: sides ? "metaLabel" : "tripleBarrier" };
}
