import { z } from "zod";
import { bars, defineFeature, source } from "../feature_definition.ts";
import { RollingVariance } from "../rolling.ts";

export const channels = {
  bollinger: defineFeature({
    family: "channel",
    summary:
      "Bollinger bands (ddof 0): upper, middle, lower, place in the band (0 low, 1 high), width / middle",
    params: z.strictObject({
      source,
      window: bars(20, 2),
      deviations: z.number().positive().default(2),
    }),
    inputs: (p) => [p.source],
    outputs: () => ["upper", "middle", "lower", "percent", "width"],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window, deviations }) {
      const moments = new RollingVariance(window);
      return {
        run([x], [upper, middle, lower, percent, width], from, to) {
          for (let i = from; i < to; i++) {
            const v = x[i];
            if (v !== v) moments.reset();
            else moments.push(v);
            if (!moments.filled) {
              upper[i] =
                middle[i] =
                lower[i] =
                percent[i] =
                width[i] =
                  NaN;
              continue;
            }
            const mean = moments.mean;
            const half = deviations * moments.deviation(0);
            upper[i] = mean + half;
            middle[i] = mean;
            lower[i] = mean - half;
            // A band without width has the price in its middle.
            percent[i] = half === 0 ? 0.5 : (v - mean + half) / (2 * half);
            width[i] = 2 * half / mean;
          }
        },
      };
    },
  }),
};
