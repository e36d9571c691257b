import type { Bar } from "../data/mod.ts";
import { HoleFinder } from "./kernel.ts";
import { type Plan, runOf } from "./plan_steps.ts";

/** A pipeline's live computation, bar by bar. */
export interface FeatureStream {
  /**
   * Takes the next bar and gives its row of features, in the pipeline's order of names.
   *
   * `context` holds the latest bars of the other symbols that steps read; one later than the bar is
   * refused, one left out keeps the bar before it.
   */
  update(bar: Bar, context?: Readonly<Record<string, Bar>>): Float64Array;
}

/**
 * A stream over columns that slide: when they are full, the rows that steps still read back move to
 * the front. Memory is constant, the work per bar constant on average.
 */
export function createStream(plan: Plan, visible: readonly number[]): FeatureStream {
  const keep = plan.lookback;
  const capacity = Math.max(64, 2 * (keep + 1));
  const columns = plan.columnNames.map(() => new Float64Array(capacity));
  const holes = new HoleFinder(columns.length);
  const runs = plan.steps.map((step) => runOf(step, step.create(), columns, holes));
  let at = 0;
  let lastTime = -Infinity;
  const own = plan.barColumns - plan.context.length;
  const latest: Record<string, Bar> = {};
  return {
    update(bar, context = {}) {
      if (!(bar.time > lastTime)) {
        throw new RangeError(
          `Cannot update features: time must be after ${lastTime}, got ${bar.time}`,
        );
      }
      for (const [symbol, other] of Object.entries(context)) {
        if (!(other.time <= bar.time)) {
          throw new RangeError(
            `Cannot update features: the bar of ${symbol} must not be after ${bar.time}, got ${other.time}`,
          );
        }
        latest[symbol] = other;
      }
      lastTime = bar.time;
      if (at === capacity) {
        for (const column of columns) column.copyWithin(0, at - keep, at);
        at = keep;
      }
      for (let k = 0; k < own; k++) columns[k][at] = bar[plan.columnNames[k] as keyof Bar];
      for (let k = 0; k < plan.context.length; k++) {
        const { symbol, field } = plan.context[k];
        columns[own + k][at] = latest[symbol]?.[field] ?? NaN;
      }
      holes.clear();
      for (const run of runs) run(at, at + 1);
      const row = new Float64Array(visible.length);
      for (let k = 0; k < visible.length; k++) row[k] = columns[visible[k]][at];
      at++;
      return row;
    },
  };
}
