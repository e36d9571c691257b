/** Parameter importances of a study, by either method. @module */
import type { Direction, FrozenTrial } from "../trial_record.ts";
import { fanova, type FanovaOptions } from "./fanova.ts";
import { pedAnova, type PedAnovaOptions } from "./ped_anova.ts";

export type ImportanceOptions =
  & ({ method?: "pedAnova" } & PedAnovaOptions | { method: "fanova" } & FanovaOptions)
  & {
    /** Divide by their sum. Default true. */
    normalize?: boolean;
  };

/**
 * Importance of each parameter, largest first; they sum to 1 unless `normalize` is false. Trials
 * that are not complete or have infinite values do not count.
 */
export function paramImportances(
  study: { directions: readonly Direction[]; trials: readonly FrozenTrial[] },
  options: ImportanceOptions = {},
): Record<string, number> {
  const trials = study.trials.filter((t) =>
    t.state === "complete" && t.values!.every((v) => Number.isFinite(v))
  );
  const raw = options.method === "fanova"
    ? fanova(trials, options)
    : pedAnova(trials, study.directions, options);
  const sum = Object.values(raw).reduce((a, b) => a + b, 0);
  const scale = options.normalize === false ? 1 : sum > 0 ? 1 / sum : 0;
  const even = options.normalize !== false && sum === 0 && Object.keys(raw).length > 0
    ? 1 / Object.keys(raw).length
    : null;
  return Object.fromEntries(
    Object.entries(raw).map(([name, v]): [string, number] => [name, even ?? v * scale])
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)),
  );
}
