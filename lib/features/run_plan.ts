import { asOfColumn, type Bar, type Bars } from "../data/mod.ts";
import { HoleFinder } from "./kernel.ts";
import { type Plan, type PlannedStep, runOf } from "./plan_steps.ts";

/** Rows that pass through all steps before the next ones: a block of every column stays in cache. */
const blockRows = 2048;

/**
 * Runs steps of a plan over all bars. `output(k)` gives the memory for column number k of the plan.
 *
 * @throws {RangeError} If a symbol that a step reads is not in the context.
 */
export function runPlan(
  plan: Plan,
  steps: readonly PlannedStep[],
  bars: Bars,
  context: Readonly<Record<string, Bars>>,
  output: (column: number) => Float64Array,
): void {
  const others = contextInputs(plan, bars.time, context);
  const own = plan.barColumns - others.length;
  const columns: Float64Array[] = [];
  for (let k = 0; k < own; k++) columns.push(bars[plan.columnNames[k] as keyof Bar]);
  columns.push(...others);
  for (const step of steps) for (const k of step.columns) columns[k] = output(k);
  const holes = new HoleFinder(plan.columnNames.length);
  const kernels = steps.map((step) => step.idle.pop() ?? step.create());
  const runs = steps.map((step, k) => runOf(step, kernels[k], columns, holes));
  for (let from = 0; from < bars.length; from += blockRows) {
    const to = Math.min(bars.length, from + blockRows);
    holes.clear();
    for (const run of runs) run(from, to);
  }
  kernels.forEach((kernel, k) => {
    if (!kernel.reset) return;
    kernel.reset();
    steps[k].idle.push(kernel);
  });
}

/** The other symbols' columns as they were known at each time. */
function contextInputs(
  plan: Plan,
  times: Float64Array,
  context: Readonly<Record<string, Bars>>,
): Float64Array[] {
  return plan.context.map(({ symbol, field }) => {
    const bars = Object.hasOwn(context, symbol) ? context[symbol] : undefined;
    if (!bars) {
      throw new RangeError(
        `Cannot compute features: context must hold bars of ${symbol}, got ${
          Object.keys(context).join(", ") || "none"
        }`,
      );
    }
    return asOfColumn(times, { time: bars.time, values: bars[field] });
  });
}

/**
 * The plan's steps in at most `count` groups of about equal work that do not read each other's columns.
 */
export function independentGroups(plan: Plan, count: number): PlannedStep[][] {
  const partOf = new Map<number, PlannedStep[]>();
  let parts: PlannedStep[][] = [];
  for (const step of plan.steps) {
    const before = new Set(
      step.inputs.flatMap((k) => partOf.get(k) ?? []).map((s) => s.columns[0]),
    );
    const joined = parts.filter((part) => part.some((s) => before.has(s.columns[0])));
    const part = [...joined.flat(), step];
    parts = [...parts.filter((p) => !joined.includes(p)), part];
    for (const member of part) for (const k of member.columns) partOf.set(k, part);
  }
  const weight = (part: readonly PlannedStep[]) =>
    part.reduce((sum, step) => sum + 1 + step.columns.length, 0);
  const groups: PlannedStep[][] = Array.from({ length: count }, () => []);
  for (const part of parts.sort((a, b) => weight(b) - weight(a))) {
    groups.reduce((least, group) => weight(group) < weight(least) ? group : least).push(...part);
  }
  // Steps must come after those they read.
  return groups.filter((group) => group.length)
    .map((group) => group.sort((a, b) => a.columns[0] - b.columns[0]));
}
