/** Studies as JSON and CSV. @module */
import type { StudySpec } from "../stores/store.ts";
import type { FrozenTrial } from "../trial_record.ts";
import { type TrialJson, trialToJson } from "../wire.ts";

/** The whole study as JSON text; {@linkcode TrialJson} says what a trial looks like. */
export function exportJson(study: { spec: StudySpec; trials: readonly FrozenTrial[] }): string {
  const trials: TrialJson[] = study.trials.map(trialToJson);
  return JSON.stringify({ ...study.spec, trials }, null, 2) + "\n";
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One row per trial: number, state, values, times (ISO, UTC), params_*, user_attrs_*. RFC 4180. */
export function exportCsv(study: { spec: StudySpec; trials: readonly FrozenTrial[] }): string {
  const names = (of: (trial: FrozenTrial) => object) =>
    [...new Set(study.trials.flatMap((t) => Object.keys(of(t))))].sort();
  const params = names((t) => t.params);
  const attrs = names((t) => t.userAttrs);
  const { directions } = study.spec;
  const values = directions.length === 1 ? ["value"] : directions.map((_, i) => `values_${i}`);
  const header = [
    "number",
    "state",
    ...values,
    "datetime_start",
    "datetime_complete",
    ...params.map((p) => `params_${p}`),
    ...attrs.map((a) => `user_attrs_${a}`),
  ];
  const time = (ms: number | null) => ms === null ? null : new Date(ms).toISOString();
  const rows = study.trials.map((t) => [
    t.number,
    t.state,
    ...values.map((_, i) => t.values?.[i]),
    time(t.startTime),
    time(t.endTime),
    ...params.map((p) => t.params[p]),
    ...attrs.map((a) => t.userAttrs[a]),
  ]);
  return [header, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}
