/** Pruners by name. @module */
import { hyperbandPruner } from "./hyperband.ts";
import { patientPruner } from "./patient.ts";
import { medianPruner, percentilePruner } from "./percentile.ts";
import type { Pruner } from "./pruner.ts";
import { successiveHalvingPruner } from "./successive_halving.ts";
import { thresholdPruner } from "./threshold.ts";
import { wilcoxonPruner } from "./wilcoxon.ts";

/** Never prunes. */
export function noPruner(): Pruner {
  return { kind: "none", shouldPrune: () => false };
}

export { hyperbandPruner, medianPruner, patientPruner, percentilePruner };
export { successiveHalvingPruner, thresholdPruner, wilcoxonPruner };
export type { Pruner } from "./pruner.ts";
