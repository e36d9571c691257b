/** Random search: the honest baseline. @module */
import type { Rng } from "../../math/mod.ts";
import { type Distribution, fromSearchSpace, searchBounds } from "../distributions.ts";
import type { Sampler } from "./sampler.ts";

/** A uniform draw (uniform in the logarithm on a log scale), as an internal value. */
export function drawUniform(distribution: Distribution, rng: Rng): number {
  if (distribution.kind === "categorical") return rng.integer(distribution.choices.length);
  const { low, high } = searchBounds(distribution);
  return fromSearchSpace(distribution, low + (high - low) * rng.uniform());
}

/** Every value drawn on its own, from the whole range. */
export function randomSampler(): Sampler {
  return {
    kind: "random",
    independent: (_study, _trial, _name, distribution, rng) => drawUniform(distribution, rng),
  };
}
