/**
 * The market that the benchmark of agents trains on, for both sides.
 * @module
 */
import type { Bars } from "../../lib/data/mod.ts";
import { marketEnvironment } from "../../lib/agents/mod.ts";
import { makeBars } from "../../lib/data/mod.ts";
import { createRng } from "../../lib/math/mod.ts";

/** Half of equity at most, so that no order is cut by what the account can pay. */
export const levels = [-0.5, 0, 0.5];
export const fees = 0.0005;
export const episodeBars = 500;

/** 5,000 daily bars that revert to a mean, and their returns over 1, 5 and 20 bars, in percent. */
export function marketData(): { bars: Bars; features: Float64Array[] } {
  const rng = createRng(11), n = 5000;
  let x = 0;
  const close = Float64Array.from(
    { length: n },
    () => 100 * Math.exp(x = 0.95 * x + 0.01 * rng.normal()),
  );
  const open = close.map((_, t) => t === 0 ? 100 : close[t - 1] * (1 + 0.001 * rng.normal()));
  const bars = makeBars({
    time: close.map((_, t) => (t + 1) * 86_400_000),
    open,
    high: close.map((c, t) => Math.max(c, open[t])),
    low: close.map((c, t) => Math.min(c, open[t])),
    close,
    volume: close.map(() => 1),
  });
  const change = (lag: number) =>
    close.map((c, t) => t < lag ? 0 : 100 * Math.log(c / close[t - lag]));
  return { bars, features: [change(1), change(5), change(20)] };
}

/** The environment; `to` bounds the range that episodes come from. */
export function marketOf({ bars, features }: ReturnType<typeof marketData>, to?: number) {
  const names = ["return1", "return5", "return20"];
  const frame = { names, columns: features, time: bars.time, length: bars.length };
  return marketEnvironment({
    bars,
    frame,
    episodeBars,
    to,
    actions: { kind: "levels", levels },
    account: { fees },
  });
}
