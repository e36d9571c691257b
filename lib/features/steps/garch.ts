import { z } from "zod";
import { bars, barsPerYear, defineFeature, source } from "../feature_definition.ts";
import { fitGarch, type GarchParameters } from "../garch.ts";

const given = z.strictObject({
  omega: z.number().positive(),
  alpha: z.number().min(0).lt(1),
  beta: z.number().min(0).lt(1),
}).refine((p) => p.alpha + p.beta < 1, { path: ["alpha"], error: "alpha + beta must be below 1" });

export const garch = {
  garch: defineFeature({
    family: "volatility",
    summary: "GARCH(1,1) forecast of the next bar's volatility of log returns, annualised: with " +
      "`parameters`, or fitted once on the first `fitBars` returns (and each `refitBars` on the last)",
    params: z.strictObject({
      source,
      fitBars: bars(500, 50),
      refitBars: z.int().min(0).max(1_000_000).default(0),
      parameters: given.optional(),
      barsPerYear,
    }),
    inputs: (p) => [p.source],
    lookback: (p) => p.fitBars + 1,
    warmup: (p) => p.parameters ? 1 : p.fitBars,
    create({ fitBars, refitBars, parameters, barsPerYear }) {
      let last = NaN;
      let seen = 0;
      let variance = NaN;
      let model: GarchParameters | undefined = parameters;
      const returns = new Float64Array(fitBars);
      return {
        run([x], [out], from, to) {
          for (let i = from; i < to; i++) {
            const r = Math.log(x[i] / last);
            last = x[i];
            if (r - r !== 0) {
              seen = 0;
              variance = NaN;
              model = parameters;
              out[i] = NaN;
              continue;
            }
            seen++;
            if (!parameters && (seen === fitBars || isRefit(seen, fitBars, refitBars))) {
              for (let k = 0; k < fitBars; k++) {
                const at = i - fitBars + 1 + k;
                returns[k] = Math.log(x[at] / x[at - 1]);
              }
              // Prices that do not move have no model; the next fit may find one.
              if (returns.some((value) => value !== 0)) {
                const fit = fitGarch(returns);
                model = fit;
                variance = fit.nextVariance;
              } else {
                model = undefined;
                variance = 0;
              }
            } else if (model) {
              if (variance !== variance) {
                variance = model.omega / (1 - model.alpha - model.beta);
              }
              variance = model.omega + model.alpha * r * r + model.beta * variance;
            }
            out[i] = Math.sqrt(variance * barsPerYear);
          }
        },
      };
    },
  }),
};

function isRefit(seen: number, fitBars: number, refitBars: number): boolean {
  return refitBars > 0 && seen > fitBars && (seen - fitBars) % refitBars === 0;
}
