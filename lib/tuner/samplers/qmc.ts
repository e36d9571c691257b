/** Quasi-Monte Carlo search: trials on a Sobol or Halton sequence. @module */
import { createRng } from "../../math/mod.ts";
import { haltonSequence, type PointSequence, sobolSequence } from "./low_discrepancy.ts";
import { drawUniform } from "./random.ts";
import type { JointProposal, Sampler } from "./sampler.ts";
import { IntersectionSpace } from "./search_space.ts";
import { fromUnit } from "./unit_space.ts";

export interface QmcOptions {
  /** Default "sobol". */
  sequence?: "sobol" | "halton";
  /** Randomise the sequence from the study's seed. Default true. */
  scramble?: boolean;
}

/**
 * A point's place in the sequence is its trial's number, so workers never share a point. The space
 * is that of the first finished trial (or a declared one); before that, values are random.
 */
export function qmcSampler(options: QmcOptions = {}): Sampler {
  const { sequence = "sobol", scramble = true } = options;
  const space = new IntersectionSpace(true);
  let points: PointSequence | null = null;
  let dimensions = 0;
  return {
    kind: "qmc",
    joint(study, trial) {
      const current = space.current(study);
      if (current.length === 0) return null;
      if (!points || dimensions !== current.length) {
        dimensions = current.length;
        const rng = scramble ? createRng(study.seed).split("qmc") : undefined;
        points = sequence === "sobol"
          ? sobolSequence(dimensions, rng)
          : haltonSequence(dimensions, rng);
      }
      const point = points(trial.number);
      const proposal: JointProposal = new Map();
      current.forEach(([name, distribution], j) =>
        proposal.set(name, { distribution, value: fromUnit(distribution, point[j]) })
      );
      return proposal;
    },
    independent: (_study, _trial, _name, distribution, rng) => drawUniform(distribution, rng),
  };
}
