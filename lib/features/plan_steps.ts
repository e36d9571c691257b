import { type BarField, barFields } from "../data/mod.ts";
import type { FeatureDefinition } from "./feature_definition.ts";
import { type HoleFinder, type Kernel, runOverHoles } from "./kernel.ts";
import type { FeatureStep, PipelineConfig } from "./pipeline.ts";
import { features } from "./registry.ts";

/** A step whose names are resolved to numbers of columns. */
export interface PlannedStep {
  hidden: boolean;
  inputs: number[];
  columns: number[];
  lookback: number;
  create(): Kernel;
  /** Kernels of earlier batches, reset: the next ones use their memory again. */
  idle: Kernel[];
}

/** A pipeline ready to run: bar columns first, then the steps' columns in order. */
export interface Plan {
  config: PipelineConfig;
  steps: PlannedStep[];
  columnNames: string[];
  /** How many of the columns are given: the bars' own, then those of other symbols. */
  barColumns: number;
  /** The columns of other symbols, in order, from column 6 on. */
  context: { symbol: string; field: BarField }[];
  warmup: number;
  /** The most rows that any step reads back. */
  lookback: number;
}

/** A step's kernel, bound to its columns. */
export function runOf(
  step: PlannedStep,
  kernel: Kernel,
  columns: readonly Float64Array[],
  holes: HoleFinder,
): (from: number, to: number) => void {
  const inputs = step.inputs.map((k) => columns[k]);
  const outputs = step.columns.map((k) => columns[k]);
  return (from, to) => runOverHoles(kernel, inputs, outputs, step.inputs, holes, from, to);
}

const fieldNames = ["time", ...barFields];

/** Checks a configuration, fills in defaults and resolves names. @throws {RangeError} */
export function planSteps(config: PipelineConfig): Plan {
  if (!Array.isArray(config?.steps) || config.steps.length === 0) {
    throw new RangeError(
      `Cannot define pipeline: steps must be a list of at least one step, got ${
        JSON.stringify(config?.steps)
      }`,
    );
  }
  const context = contextColumns(config.steps);
  const columnNames = [...fieldNames, ...context.map((c) => `${c.symbol}.${c.field}`)];
  const warmups = columnNames.map(() => 0);
  const steps: PlannedStep[] = [];
  const normalised: FeatureStep[] = [];
  config.steps.forEach((step, k) => {
    const { kind, as, hidden = false, ...given } = step;
    const where = `steps[${k}]`;
    if (!Object.hasOwn(features, kind)) {
      throw new RangeError(
        `Cannot define pipeline: ${where}.kind must be one of ${
          Object.keys(features).join(", ")
        }, got ${JSON.stringify(kind)}`,
      );
    }
    if (as !== undefined && (typeof as !== "string" || !/^[A-Za-z_]\w*$/.test(as))) {
      throw new RangeError(
        `Cannot define pipeline: ${where}.as must be letters, digits and underscores, got ${
          JSON.stringify(as)
        }`,
      );
    }
    const definition: FeatureDefinition = features[kind as keyof typeof features];
    const params = parseParams(definition, given, `${where} (${kind})`);
    const inputs = definition.inputs(params).map((name) => {
      const at = columnNames.indexOf(name);
      if (at < 0) {
        throw new RangeError(
          `Cannot define pipeline: ${where} (${kind}) reads ${
            JSON.stringify(name)
          }, which must be one of ${columnNames.join(", ")}`,
        );
      }
      return at;
    });
    const base = as ?? defaultName(kind, params);
    const suffixes = definition.outputs?.(params);
    const names = suffixes ? suffixes.map((suffix) => `${base}_${suffix}`) : [base];
    const warmup = definition.warmup(params) + Math.max(0, ...inputs.map((at) => warmups[at]));
    const columns = names.map((name) => {
      if (columnNames.includes(name)) {
        throw new RangeError(
          `Cannot define pipeline: ${where} (${kind}) must have a name of its own, got ${name} a second time; set "as"`,
        );
      }
      warmups.push(warmup);
      return columnNames.push(name) - 1;
    });
    steps.push({
      hidden,
      inputs,
      columns,
      lookback: definition.lookback(params),
      create: () => definition.create(params),
      idle: [],
    });
    normalised.push({ kind, as: base, ...hidden ? { hidden } : {}, ...params });
  });
  if (steps.every((step) => step.hidden)) {
    throw new RangeError(
      "Cannot define pipeline: at least one step must not be hidden, got only hidden ones",
    );
  }
  return {
    config: { steps: normalised },
    steps,
    columnNames,
    barColumns: fieldNames.length + context.length,
    context,
    warmup: Math.max(0, ...steps.flatMap((s) => s.hidden ? [] : s.columns.map((c) => warmups[c]))),
    lookback: Math.max(0, ...steps.map((step) => step.lookback)),
  };
}

/** Columns `SYMBOL.field` that any step's text parameter names. */
function contextColumns(steps: readonly FeatureStep[]): { symbol: string; field: BarField }[] {
  const found = new Map<string, { symbol: string; field: BarField }>();
  for (const step of steps) {
    for (const value of Object.values(step ?? {})) {
      const match = typeof value === "string" && contextName.exec(value);
      if (match) found.set(value, { symbol: match[1], field: match[2] as BarField });
    }
  }
  return [...found.values()];
}

const contextName = new RegExp(`^(.+)\\.(${barFields.join("|")})$`);

/** The kind, its source unless that is the close, and its numbers: `ema_volume_20`. */
function defaultName(kind: string, params: Record<string, unknown>): string {
  const parts: unknown[] = [kind];
  for (const [key, value] of Object.entries(params)) {
    if (key === "source" && value !== "close") parts.push(String(value).replace(/\W+/g, "_"));
    else if (typeof value === "number" && key !== "barsPerYear") {
      parts.push(String(value).replace(/[^\w]/g, "_"));
    } else if (value === true) parts.push(key);
  }
  return parts.join("_");
}

function parseParams(
  definition: FeatureDefinition,
  given: Record<string, unknown>,
  where: string,
): Record<string, unknown> {
  const parsed = definition.params.safeParse(given);
  if (parsed.success) return parsed.data as Record<string, unknown>;
  const issue = parsed.error.issues[0];
  if (issue.code === "unrecognized_keys") {
    const allowed = Object.keys(definition.params.safeParse({}).data ?? {});
    throw new RangeError(
      `Cannot define pipeline: ${where} must have no parameter ${issue.keys[0]}; it takes ${
        allowed.join(", ") || "none"
      }`,
    );
  }
  const value = issue.path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  throw new RangeError(
    `Cannot define pipeline: ${where} ${issue.path.join(".")} is not allowed: ${
      issue.message.replace(/^Invalid input: /, "").replace(/^[A-Z]/, (c) => c.toLowerCase())
    }, got ${JSON.stringify(value) ?? String(value)}`,
  );
}
