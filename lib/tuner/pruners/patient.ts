/** Asks another pruner only once a trial has stopped improving. @module */
import { checkCount, type Pruner } from "./pruner.ts";

export interface PatientOptions {
  /** Reports without improvement that are allowed. */
  patience: number;
  /** Improvements smaller than this do not count. Default 0. */
  minDelta?: number;
}

/** With `inner` null a trial is pruned as soon as patience is over. */
export function patientPruner(inner: Pruner | null, options: PatientOptions): Pruner {
  const { patience, minDelta = 0 } = options;
  checkCount("patient", "patience", patience, 0);
  if (!(minDelta >= 0)) {
    throw new RangeError(`Cannot create patient pruner: minDelta must be >= 0, got ${minDelta}`);
  }
  return {
    kind: "patient",
    shouldPrune(study, trial) {
      if (trial.intermediate.size <= patience + 1) return false;
      const steps = [...trial.intermediate.keys()].sort((a, b) => a - b);
      const cut = steps.length - patience - 1;
      const sign = study.directions[0] === "maximize" ? -1 : 1;
      const best = (from: number, to: number) => {
        let found = NaN;
        for (let i = from; i < to; i++) {
          const loss = sign * trial.intermediate.get(steps[i])!;
          if (!Number.isNaN(loss) && !(found <= loss)) found = loss;
        }
        return found;
      };
      if (!(best(0, cut) + minDelta < best(cut, steps.length))) return false;
      return inner === null || inner.shouldPrune(study, trial);
    },
    ...(inner?.viewFor ? { viewFor: inner.viewFor } : {}),
  };
}
