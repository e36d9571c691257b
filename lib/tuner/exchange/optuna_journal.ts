/**
 * Optuna's journal file, written and read: optuna and optuna-dashboard open an exported study, and a
 * study that was begun there goes on here.
 * @module
 */
import { type Distribution, type ParamValue, toExternal, toInternal } from "../distributions.ts";
import type { StudySpec } from "../stores/store.ts";
import {
  type Direction,
  emptyTrial,
  type FrozenTrial,
  isFinished,
  type JsonValue,
  type TrialState,
} from "../trial_record.ts";

/** A study as a file holds it. */
export interface ExchangedStudy {
  name: string;
  directions: Direction[];
  userAttrs: Record<string, JsonValue>;
  trials: FrozenTrial[];
}

const stateNumbers: Record<TrialState, number> = {
  running: 0,
  complete: 1,
  pruned: 2,
  failed: 3,
  waiting: 4,
};
const stateNames: TrialState[] = ["running", "complete", "pruned", "failed", "waiting"];
const constraintPrefix = "constraints:";
const errorKey = "tapebook:error";

/** JSON with NaN and infinities as bare tokens, as Python's json module writes it. */
function pythonJson(value: unknown): string {
  const marked = JSON.stringify(
    value,
    (_key, v) => typeof v === "number" && !Number.isFinite(v) ? `\u0001${v}\u0001` : v,
  );
  return marked.replace(/"\\u0001(NaN|-?Infinity)\\u0001"/g, "$1");
}

function parsePythonJson(text: string): unknown {
  const marked = text.replace(
    /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g,
    (token) => token.startsWith('"') ? token : `"\\u0001${token}\\u0001"`,
  );
  return JSON.parse(
    marked,
    (_key, v) => typeof v === "string" && v.startsWith("\u0001") ? Number(v.slice(1, -1)) : v,
  );
}

function distributionToJson(d: Distribution): string {
  if (d.kind === "categorical") {
    return JSON.stringify({ name: "CategoricalDistribution", attributes: { choices: d.choices } });
  }
  const name = d.kind === "float" ? "FloatDistribution" : "IntDistribution";
  const { low, high, log, step } = d;
  return JSON.stringify({ name, attributes: { log, step, low, high } });
}

function distributionFromJson(text: string): Distribution {
  const { name, attributes: a } = JSON.parse(text);
  switch (name) {
    case "FloatDistribution":
      return { kind: "float", low: a.low, high: a.high, log: a.log ?? false, step: a.step ?? null };
    case "IntDistribution":
      return { kind: "int", low: a.low, high: a.high, log: a.log ?? false, step: a.step ?? 1 };
    case "CategoricalDistribution":
      return { kind: "categorical", choices: a.choices };
    // The names of Optuna 2.
    case "UniformDistribution":
      return { kind: "float", low: a.low, high: a.high, log: false, step: null };
    case "LogUniformDistribution":
      return { kind: "float", low: a.low, high: a.high, log: true, step: null };
    case "DiscreteUniformDistribution":
      return { kind: "float", low: a.low, high: a.high, log: false, step: a.q };
    case "IntUniformDistribution":
      return { kind: "int", low: a.low, high: a.high, log: false, step: a.step ?? 1 };
    case "IntLogUniformDistribution":
      return { kind: "int", low: a.low, high: a.high, log: true, step: a.step ?? 1 };
  }
  throw new SyntaxError(`Cannot read journal: distribution must be one of Optuna's, got ${name}`);
}

const isoTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000+00:00");

/**
 * A journal of one study: one JSON object a line, as optuna 5.0's JournalFileBackend reads it.
 * Running trials are written as running; running ones that will never end should be told first.
 */
export function exportOptunaJournal(study: {
  spec: Pick<StudySpec, "name" | "directions" | "userAttrs">;
  trials: readonly FrozenTrial[];
}): string {
  const worker_id = "tapebook";
  const lines: unknown[] = [{
    op_code: 0,
    worker_id,
    study_name: study.spec.name,
    directions: study.spec.directions.map((d) => d === "minimize" ? 1 : 2),
  }];
  for (const [key, value] of Object.entries(study.spec.userAttrs)) {
    lines.push({ op_code: 2, worker_id, study_id: 0, user_attr: { [key]: value } });
  }
  for (const trial of study.trials) {
    const system = { ...trial.systemAttrs };
    for (const [key, value] of Object.entries(trial.constraints)) {
      system[constraintPrefix + key] = value;
    }
    if (trial.error !== undefined) system[errorKey] = trial.error;
    const { values } = trial;
    const many = values !== null && values.length > 1;
    lines.push({
      op_code: 4,
      worker_id,
      study_id: 0,
      datetime_start: trial.startTime === null ? null : isoTime(trial.startTime),
      state: stateNumbers[trial.state],
      value: many ? null : values?.[0] ?? null,
      values: many ? values : null,
      ...(isFinished(trial.state)
        ? { datetime_complete: isoTime(trial.endTime ?? trial.startTime ?? 0) }
        : {}),
      distributions: Object.fromEntries(
        Object.entries(trial.distributions).map(([name, d]) => [name, distributionToJson(d)]),
      ),
      params: Object.fromEntries(
        Object.entries(trial.params).map((
          [name, value],
        ) => [name, toInternal(trial.distributions[name], value)]),
      ),
      user_attrs: trial.userAttrs,
      system_attrs: system,
      intermediate_values: Object.fromEntries(trial.intermediate),
    });
  }
  return lines.map((line) => pythonJson(line) + "\n").join("");
}

function readTime(text: unknown): number | null {
  return typeof text === "string" ? Date.parse(text.replace(/(\.\d{3})\d+/, "$1")) : null;
}

/** Notes of Optuna that mean something here: constraints, and our own errors. */
function takeSystemAttr(trial: FrozenTrial, key: string, value: JsonValue): void {
  if (key.startsWith(constraintPrefix)) {
    trial.constraints[key.slice(constraintPrefix.length)] = Number(value);
  } else if (key === "constraints" && Array.isArray(value)) {
    value.forEach((v, i) => trial.constraints[String(i)] = Number(v));
  } else if (key === errorKey) trial.error = String(value);
  else trial.systemAttrs[key] = value;
}

// deno-lint-ignore no-explicit-any
type Op = Record<string, any>;

/**
 * All studies of a journal that are not deleted. A last line that was cut off in writing is left out.
 *
 * @throws {SyntaxError} If another line is no record of a journal; the message names the line.
 */
export function importOptunaJournal(text: string): ExchangedStudy[] {
  const studies: (ExchangedStudy | null)[] = [];
  const trials: FrozenTrial[] = [];
  const lines = text.split("\n");
  const lastLine = lines.findLastIndex((line) => line.trim() !== "");
  lines.forEach((line, at) => {
    if (line.trim() === "") return;
    let op: Op;
    try {
      op = parsePythonJson(line) as Op;
      if (typeof op !== "object" || op === null || typeof op.op_code !== "number") {
        throw new Error();
      }
    } catch {
      if (at === lastLine && !text.endsWith("\n")) return;
      throw new SyntaxError(
        `Cannot read journal: line ${at + 1} must be a record with op_code, got ${
          JSON.stringify(line.slice(0, 80))
        }`,
      );
    }
    apply(op, studies, trials);
  });
  return studies.filter((study) => study !== null);
}

function apply(op: Op, studies: (ExchangedStudy | null)[], trials: FrozenTrial[]): void {
  const study = () => studies[op.study_id];
  const trial = trials[op.trial_id];
  switch (op.op_code) {
    case 0:
      if (studies.some((s) => s?.name === op.study_name)) return;
      studies.push({
        name: op.study_name,
        directions: op.directions.map((d: number) => d === 2 ? "maximize" : "minimize"),
        userAttrs: {},
        trials: [],
      });
      return;
    case 1:
      studies[op.study_id] = null;
      return;
    case 2: {
      const s = study();
      if (s) Object.assign(s.userAttrs, op.user_attr);
      return;
    }
    case 4: {
      const s = study();
      if (!s) return;
      const made = createTrial(op, s.trials.length);
      s.trials.push(made);
      trials.push(made);
      return;
    }
  }
  if (!trial || isFinished(trial.state) && op.op_code !== 8 && op.op_code !== 9) return;
  switch (op.op_code) {
    case 5: {
      const distribution = distributionFromJson(op.distribution);
      trial.distributions[op.param_name] = distribution;
      trial.params[op.param_name] = externalOf(distribution, op.param_value_internal);
      return;
    }
    case 6:
      trial.state = stateNames[op.state];
      if (op.values) {
        trial.values = op.values;
        trial.value = op.values[0];
      }
      if (op.datetime_start) trial.startTime = readTime(op.datetime_start);
      if (op.datetime_complete) trial.endTime = readTime(op.datetime_complete);
      return;
    case 7:
      trial.intermediate.set(op.step, op.intermediate_value);
      return;
    case 8:
      Object.assign(trial.userAttrs, op.user_attr);
      return;
    case 9:
      for (const key in op.system_attr) takeSystemAttr(trial, key, op.system_attr[key]);
  }
}

function externalOf(distribution: Distribution, internal: number): ParamValue {
  return toExternal(distribution, distribution.kind === "float" ? internal : Math.round(internal));
}

function createTrial(op: Op, number: number): FrozenTrial {
  const trial = emptyTrial(number);
  trial.state = stateNames[op.state ?? 0];
  trial.attempt = trial.state === "waiting" ? 0 : 1;
  trial.startTime = readTime(op.datetime_start);
  trial.endTime = readTime(op.datetime_complete);
  trial.values = op.values ?? (op.value === null || op.value === undefined ? null : [op.value]);
  trial.value = trial.values?.[0] ?? null;
  for (const name in op.distributions ?? {}) {
    const distribution = distributionFromJson(op.distributions[name]);
    trial.distributions[name] = distribution;
    trial.params[name] = externalOf(distribution, op.params[name]);
  }
  trial.userAttrs = { ...op.user_attrs };
  for (const key in op.system_attrs ?? {}) takeSystemAttr(trial, key, op.system_attrs[key]);
  const steps = Object.entries(op.intermediate_values ?? {}) as [string, number][];
  trial.intermediate = new Map(steps.map(([step, value]) => [Number(step), value]));
  return trial;
}
