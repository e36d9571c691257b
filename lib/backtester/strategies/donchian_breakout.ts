import { highestBefore, lowestBefore } from "../indicators/channel.ts";
import type { Series, Strategy } from "../strategy.ts";

/**
 * Long when the close rises above the highest high of the `entry` bars before, out when it falls
 * below the lowest low of the `exit` bars before.
 */
export function donchianBreakout(
  { entry = 20, exit = 10 }: { entry?: number; exit?: number } = {},
): Strategy {
  let top: Series;
  let bottom: Series;
  return {
    name: "donchianBreakout",
    params: { entry, exit },
    init(context) {
      top = context.indicator((bars) => highestBefore(bars.high, entry));
      bottom = context.indicator((bars) => lowestBefore(bars.low, exit));
    },
    next(context) {
      const close = context.price();
      if (context.position() === 0 && close > top.now) context.buy();
      else if (context.position() > 0 && close < bottom.now) context.close();
    },
  };
}
