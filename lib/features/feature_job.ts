import type { Bars } from "../data/mod.ts";
import { type Plan, planSteps } from "./plan_steps.ts";
import type { PipelineConfig } from "./pipeline.ts";
import { independentGroups, runPlan } from "./run_plan.ts";

/** Where one symbol's bars lie: six columns of `length` numbers in a row, time first. */
export interface SharedBars {
  buffer: SharedArrayBuffer;
  byteOffset: number;
  length: number;
}

/** Work on shared memory that several threads take pieces of. */
export interface FeatureJob {
  config: PipelineConfig;
  symbols: string[];
  bars: SharedBars[];
  /** The features: per symbol, its columns in the pipeline's order. */
  output: SharedArrayBuffer;
  /** In how many groups the steps of a symbol are cut. */
  groups: number;
  /** One number: the next piece that nobody has taken. */
  next: SharedArrayBuffer;
}

export const barColumns = ["time", "open", "high", "low", "close", "volume"] as const;

/** Bars as views of shared memory. */
export function viewBars({ buffer, byteOffset, length }: SharedBars): Bars {
  const column = (k: number) => new Float64Array(buffer, byteOffset + 8 * k * length, length);
  const [time, open, high, low, close, volume] = barColumns.map((_, k) => column(k));
  return { time, open, high, low, close, volume, length } as Bars;
}

/** The numbers of the plan's columns that a frame shows. */
export function visibleColumns(plan: Plan): number[] {
  return plan.steps.flatMap((step) => step.hidden ? [] : step.columns);
}

/** Takes pieces of the job, a symbol and a group of steps each, until none are left. */
export function workOn(job: FeatureJob): void {
  const plan = planSteps(job.config);
  const visible = visibleColumns(plan);
  const groups = job.groups === 1 ? [plan.steps] : independentGroups(plan, job.groups);
  const series = job.bars.map(viewBars);
  const context: Record<string, Bars> = {};
  if (plan.context.length) job.symbols.forEach((symbol, k) => context[symbol] = series[k]);
  const starts: number[] = [];
  let rows = 0;
  for (const { length } of series) {
    starts.push(rows * visible.length);
    rows += length;
  }
  const next = new Int32Array(job.next);
  const pieces = series.length * groups.length;
  for (let piece; (piece = Atomics.add(next, 0, 1)) < pieces;) {
    const k = Math.floor(piece / groups.length);
    const { length } = series[k];
    runPlan(plan, groups[piece % groups.length], series[k], context, (column) => {
      const at = visible.indexOf(column);
      return at < 0
        ? new Float64Array(length)
        : new Float64Array(job.output, 8 * (starts[k] + at * length), length);
    });
  }
}
