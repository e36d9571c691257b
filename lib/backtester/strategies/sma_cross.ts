import { movingAverage } from "../indicators/moving_average.ts";
import type { Series, Strategy } from "../strategy.ts";
import { crossing } from "./crossing.ts";

/** Windows in bars; `short` sells short on the way down instead of only closing. */
export interface SmaCrossParams {
  fast: number;
  slow: number;
  short?: boolean;
}

/**
 * Moving-average cross: long when the fast average crosses above the slow one, out (or short) when
 * it crosses below.
 *
 * @throws {RangeError} If `fast` is not smaller than `slow`, or one is not a positive integer.
 */
export function smaCross({ fast, slow, short = false }: SmaCrossParams): Strategy {
  for (const [name, value] of [["fast", fast], ["slow", slow]] as const) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(
        `Cannot create smaCross: ${name} must be a positive integer, got ${value}`,
      );
    }
  }
  if (fast >= slow) {
    throw new RangeError(
      `Cannot create smaCross: fast must be smaller than slow, got ${fast} and ${slow}`,
    );
  }
  let quick: Series;
  let slowly: Series;
  return {
    name: "smaCross",
    params: { fast, slow, short },
    init(context) {
      quick = context.indicator((bars) => movingAverage(bars.close, fast));
      slowly = context.indicator((bars) => movingAverage(bars.close, slow));
    },
    next(context) {
      const crossed = crossing(quick, slowly);
      if (crossed > 0) {
        if (context.position() < 0) context.close();
        if (context.position() <= 0) context.buy();
      } else if (crossed < 0) {
        if (context.position() > 0) context.close();
        if (short && context.position() >= 0) context.sell();
      }
    },
  };
}
