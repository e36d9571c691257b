/** A run as the pages use it: lookups by name instead of the protocol's lists. @module */
import type { DatasetInput, Run, RunStatus } from "../../lib/contracts/mlflow/mod.ts";

export interface RunRecord {
  id: string;
  name: string;
  experimentId: string;
  user: string;
  status: RunStatus;
  /** Milliseconds since 1970, or null. */
  startTime: number | null;
  endTime: number | null;
  /** Id of the run this one belongs to, or null. */
  parentId: string | null;
  /** Latest value of each metric; NaN and infinities are numbers here. */
  metrics: Record<string, number>;
  /** Step of each metric's latest value: above 0 where there is a curve to draw. */
  lastSteps: Record<string, number>;
  params: Record<string, string>;
  tags: Record<string, string>;
  datasets: DatasetInput[];
}

const timeOf = (value: number | undefined) =>
  value === undefined || value === 0 ? null : Number(value);

/** The record of a run in the protocol's form. */
export function toRunRecord(run: Run): RunRecord {
  const { info, data } = run;
  const tags = Object.fromEntries((data?.tags ?? []).map((tag) => [tag.key, tag.value]));
  return {
    id: info.run_id,
    name: info.run_name || tags["mlflow.runName"] || info.run_id.slice(0, 8),
    experimentId: info.experiment_id,
    user: info.user_id || tags["mlflow.user"] || "",
    status: info.status,
    startTime: timeOf(info.start_time),
    endTime: timeOf(info.end_time),
    parentId: tags["mlflow.parentRunId"] ?? null,
    metrics: Object.fromEntries((data?.metrics ?? []).map((m) => [m.key, Number(m.value)])),
    lastSteps: Object.fromEntries((data?.metrics ?? []).map((m) => [m.key, Number(m.step ?? 0)])),
    params: Object.fromEntries((data?.params ?? []).map((param) => [param.key, param.value])),
    tags,
    datasets: run.inputs?.dataset_inputs ?? [],
  };
}

/** Tags that people set, without those that programs keep for themselves. */
export function userTags(run: RunRecord): [string, string][] {
  return Object.entries(run.tags).filter(([key]) => !key.startsWith("mlflow."));
}

/** Whether the run is a trial that its study ended early. */
export function isPruned(run: RunRecord): boolean {
  return /^pruned$/i.test(run.tags["tapebook.trial.state"] ?? "");
}

/** How long the run took or has been running, in milliseconds; null before it starts. */
export function durationMs(run: RunRecord, now: number): number | null {
  if (run.startTime === null) return null;
  return Math.max(0, (run.endTime ?? now) - run.startTime);
}
