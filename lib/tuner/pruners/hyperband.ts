/**
 * Hyperband: several successive halvings that differ in when they begin to prune, so that slow
 * starters get a chance; each trial belongs to one bracket by a hash of its number.
 *
 * @see Li et al. 2018, "Hyperband", JMLR 18(185)
 * @module
 */
import { lastStep } from "../trial_record.ts";
import type { StudyView } from "../samplers/sampler.ts";
import { checkCount, completeTrials, type Pruner } from "./pruner.ts";
import { successiveHalvingPruner } from "./successive_halving.ts";

export interface HyperbandOptions {
  /** Steps of the smallest rung. Default 1. */
  minResource?: number;
  /** Steps of a full trial; "auto": one more than the last step of the first complete trials. */
  maxResource?: number | "auto";
  /** Default 3. */
  reductionFactor?: number;
  bootstrapCount?: number;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (IEEE) of a text in UTF-8, the hash by which trials are dealt to brackets. */
export function crc32(text: string): number {
  let c = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) c = crcTable[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Hyperband with Optuna's allocation of trials to brackets. */
export function hyperbandPruner(options: HyperbandOptions = {}): Pruner {
  const { minResource = 1, reductionFactor = 3, bootstrapCount = 0 } = options;
  const given = options.maxResource ?? "auto";
  checkCount("hyperband", "minResource", minResource, 1);
  checkCount("hyperband", "reductionFactor", reductionFactor, 2);
  checkCount("hyperband", "bootstrapCount", bootstrapCount, 0);
  if (given !== "auto") checkCount("hyperband", "maxResource", given, minResource);
  if (bootstrapCount > 0 && given === "auto") {
    throw new RangeError(
      "Cannot create hyperband pruner: maxResource must be a number when bootstrapCount > 0, got auto",
    );
  }
  let brackets: Pruner[] = [];
  let budgets: number[] = [];
  const bracketOf = new Map<number, number>();

  function initialise(study: StudyView): boolean {
    if (brackets.length > 0) return true;
    let maxResource = given === "auto" ? 0 : given;
    if (given === "auto") {
      for (const trial of completeTrials(study)) {
        const step = lastStep(trial);
        if (step !== null) maxResource = Math.max(maxResource, step + 1);
      }
      if (maxResource === 0) return false;
    }
    const count = Math.floor(Math.log(maxResource / minResource) / Math.log(reductionFactor)) + 1;
    budgets = Array.from({ length: Math.max(count, 1) }, (_, id) => {
      const s = count - 1 - id;
      return Math.ceil(count * reductionFactor ** s / (s + 1));
    });
    brackets = budgets.map((_, id) =>
      successiveHalvingPruner({
        minResource,
        reductionFactor,
        minEarlyStoppingRate: id,
        bootstrapCount,
      })
    );
    return true;
  }

  function bracket(study: StudyView, number: number): number {
    let id = bracketOf.get(number);
    if (id === undefined) {
      const total = budgets.reduce((a, b) => a + b, 0);
      let n = crc32(`${study.name}_${number}`) % total;
      id = 0;
      while (n >= budgets[id]) n -= budgets[id++];
      bracketOf.set(number, id);
    }
    return id;
  }

  function viewOf(study: StudyView, id: number): StudyView {
    return {
      name: study.name,
      directions: study.directions,
      seed: study.seed,
      observations: study.observations,
      trials: study.trials,
      includes: (number) => bracket(study, number) === id,
      viewKey: `bracket ${id}`,
    };
  }

  return {
    kind: "hyperband",
    shouldPrune(study, trial) {
      if (!initialise(study)) return false;
      const id = bracket(study, trial.number);
      return brackets[id].shouldPrune(viewOf(study, id), trial);
    },
    viewFor(study, number) {
      // Until the brackets are known, all trials are in one.
      return initialise(study) ? viewOf(study, bracket(study, number)) : study;
    },
  };
}
