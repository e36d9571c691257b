/** Holds some parameters at given values and lets another sampler choose the rest. @module */
import { type ParamValue, toInternal } from "../distributions.ts";
import type { Sampler } from "./sampler.ts";

/** @throws {RangeError} While sampling, if a fixed value lies outside the asked range. */
export function partialFixedSampler(fixed: Record<string, ParamValue>, inner: Sampler): Sampler {
  return {
    ...inner,
    kind: "partialFixed",
    joint(study, trial, rng) {
      const proposal = inner.joint?.(study, trial, rng) ?? null;
      if (proposal) { for (const name of Object.keys(fixed)) proposal.delete(name); }
      return proposal;
    },
    independent(study, trial, name, distribution, rng) {
      if (!(name in fixed)) return inner.independent(study, trial, name, distribution, rng);
      const internal = toInternal(distribution, fixed[name]);
      if (Number.isNaN(internal)) {
        throw new RangeError(
          `Cannot suggest "${name}": its fixed value must lie in the asked range, got ${
            JSON.stringify(fixed[name])
          }`,
        );
      }
      return internal;
    },
  };
}
