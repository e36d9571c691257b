import { relativeStrength } from "../indicators/relative_strength.ts";
import type { Series, Strategy } from "../strategy.ts";

/** Buys when the relative strength index falls below `low`, and leaves when it rises above `high`. */
export function rsiReversion(
  { window = 14, low = 30, high = 70 }: { window?: number; low?: number; high?: number } = {},
): Strategy {
  let strength: Series;
  return {
    name: "rsiReversion",
    params: { window, low, high },
    init(context) {
      strength = context.indicator((bars) => relativeStrength(bars.close, window));
    },
    next(context) {
      if (context.position() === 0 && strength.now < low) context.buy();
      else if (context.position() > 0 && strength.now > high) context.close();
    },
  };
}
