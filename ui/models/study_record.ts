/** A study as its recorded runs show it: a parent run whose children are the trials. @module */
import { isCurve, metricDirection, orderMetrics } from "./metric_direction.ts";
import { isPruned, type RunRecord } from "./run_record.ts";

export interface Trial {
  number: number;
  run: RunRecord;
  /** The objective's value, null when the trial has none. */
  value: number | null;
  state: "complete" | "pruned" | "failed" | "running";
  /** Best value of this trial and those before it; null before the first. */
  bestSoFar: number | null;
}

const preferred = [
  "value",
  "objective",
  "objective_value",
  "validation_loss",
  "val_loss",
  "validation_sharpe",
  "val_sharpe",
  "sharpe",
  "loss",
];

/** Metrics that could be the objective, the most likely in front. */
export function objectiveKeys(parent: RunRecord, trials: readonly RunRecord[]): string[] {
  const keys = orderMetrics(new Set(trials.flatMap((run) => Object.keys(run.metrics))))
    .filter((key) => !isCurve(key));
  const stated = parent.tags["tapebook.study.metric"] ?? parent.params.objective ??
    parent.params["study.metric"];
  const rank = (key: string) => {
    if (key === stated) return -1;
    const at = preferred.indexOf(key);
    return at < 0 ? preferred.length : at;
  };
  return keys.sort((a, b) => rank(a) - rank(b));
}

/** 1 when more is better: as the parent run states it, else by the metric's name. */
export function studyDirection(parent: RunRecord, key: string): 1 | -1 {
  const stated = parent.tags["tapebook.study.direction"] ?? parent.params.direction ??
    parent.params["study.direction"];
  if (stated?.startsWith("max")) return 1;
  if (stated?.startsWith("min")) return -1;
  return metricDirection(key) || 1;
}

function stateOf(run: RunRecord): Trial["state"] {
  if (isPruned(run)) return "pruned";
  if (run.status === "RUNNING" || run.status === "SCHEDULED") return "running";
  if (run.status === "FAILED") return "failed";
  return run.status === "KILLED" ? "pruned" : "complete";
}

/** The trials in the order they were started. */
export function toTrials(runs: readonly RunRecord[], key: string, direction: 1 | -1): Trial[] {
  const ordered = [...runs].sort((a, b) => (a.startTime ?? 0) - (b.startTime ?? 0));
  let best: number | null = null;
  return ordered.map((run, number) => {
    const held = run.metrics[key];
    const value = held !== undefined && Number.isFinite(held) ? held : null;
    const state = stateOf(run);
    if (
      value !== null && state === "complete" &&
      (best === null || direction * value > direction * best)
    ) {
      best = value;
    }
    return { number, run, value, state, bestSoFar: best };
  });
}

/** The best complete trial, or null. */
export function bestTrial(trials: readonly Trial[]): Trial | null {
  const best = trials.at(-1)?.bestSoFar ?? null;
  return best === null
    ? null
    : trials.find((t) => t.state === "complete" && t.value === best) ?? null;
}
