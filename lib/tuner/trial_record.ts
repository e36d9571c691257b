/**
 * What is known of one trial: plain data, the same in memory, in the store and in exports.
 * @module
 */
import type { Distribution, ParamValue } from "./distributions.ts";

export type Direction = "minimize" | "maximize";

/** `waiting` trials are enqueued or requeued; the last three are final. */
export type TrialState = "waiting" | "running" | "complete" | "pruned" | "failed";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue };

export interface FrozenTrial {
  /** Counts from 0 in the study, in the order in which trials began. */
  readonly number: number;
  state: TrialState;
  /** The objective's value (the first of several); null while unknown. */
  value: number | null;
  /** All objectives' values; null unless complete (or pruned with a value). */
  values: number[] | null;
  params: Record<string, ParamValue>;
  distributions: Record<string, Distribution>;
  /** Reported values by step, in the order of reporting. */
  intermediate: Map<number, number>;
  /** Feasible when every value is <= 0. */
  constraints: Record<string, number>;
  userAttrs: Record<string, JsonValue>;
  /** Notes of samplers and pruners, shared with other workers. */
  systemAttrs: Record<string, JsonValue>;
  /** Milliseconds since 1970, UTC. */
  startTime: number | null;
  endTime: number | null;
  /** Why a trial failed. */
  error?: string;
  /** How often the trial was begun: above 1 after a lost worker. */
  attempt: number;
}

/** A trial about which nothing is known yet. */
export function emptyTrial(number: number): FrozenTrial {
  return {
    number,
    state: "waiting",
    value: null,
    values: null,
    params: {},
    distributions: {},
    intermediate: new Map(),
    constraints: {},
    userAttrs: {},
    systemAttrs: {},
    startTime: null,
    endTime: null,
    attempt: 0,
  };
}

/** True for complete, pruned and failed. */
export function isFinished(state: TrialState): boolean {
  return state === "complete" || state === "pruned" || state === "failed";
}

/** The greatest reported step, or null. */
export function lastStep(trial: FrozenTrial): number | null {
  let last = -Infinity;
  for (const step of trial.intermediate.keys()) if (step > last) last = step;
  return last === -Infinity ? null : last;
}

/** Sum of the violated constraints; 0 for a feasible trial. */
export function constraintViolation(trial: FrozenTrial): number {
  let sum = 0;
  for (const key in trial.constraints) {
    const value = trial.constraints[key];
    if (value > 0) sum += value;
  }
  return sum;
}
