import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { asOfColumn, type Bar, type Bars } from "../data/mod.ts";
import type { FeatureFrame } from "./feature_frame.ts";
import { HoleFinder } from "./kernel.ts";
import { type Plan, planSteps, runOf } from "./plan_steps.ts";
import { createStream, type FeatureStream } from "./stream.ts";

/** One step: a feature's kind, its parameters, and optionally the name of its columns. */
export interface FeatureStep {
  /** A key of `features`. */
  kind: string;
  /** Name of the column, or start of the names of several. */
  as?: string;
  /** Computed for later steps to read, but left out of the frame. */
  hidden?: boolean;
  [parameter: string]: unknown;
}

/** What a pipeline computes, in order: plain JSON, saved whole with a run. */
export interface PipelineConfig {
  steps: readonly FeatureStep[];
}

/**
 * A declared set of features: the same object in training and in serving.
 *
 * Every column is causal: row t depends on bars 0..t alone, and the live `stream()` gives the same
 * bits as `compute()` on the whole history.
 */
export interface FeaturePipeline {
  /** The configuration with all defaults written out. */
  readonly config: PipelineConfig;
  /** SHA-256 (hex) of the configuration: equal for equal features. */
  readonly hash: string;
  /** Rows at the start in which some column is not defined yet, bars without holes provided. */
  readonly warmupBars: number;
  /** Names of the frame's columns, in order. */
  readonly names: string[];
  /** Symbols beside the bars' own that steps read, as `SYMBOL.close`. */
  readonly contextSymbols: string[];
  /**
   * The features of all bars. Columns are fresh memory.
   *
   * `context` holds the bars of the other symbols that steps read: each row sees their last bar at or
   * before its time, never a later one, and NaN before the first.
   *
   * @throws {RangeError} If a symbol that a step reads is not in the context.
   */
  compute(bars: Bars, context?: Readonly<Record<string, Bars>>): FeatureFrame;
  /** A live computation that starts with no history: feed it at least `warmupBars` bars first. */
  stream(): FeatureStream;
}

/** Rows that pass through all steps before the next ones: a block of every column stays in cache. */
const blockRows = 4096;

/**
 * A pipeline of the named steps. A step reads bar columns or columns of the steps before it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../data/mod.ts";
 * import { definePipeline } from "./pipeline.ts";
 *
 * const pipeline = definePipeline({
 *   steps: [{ kind: "logReturn" }, { kind: "rsi", window: 14 }, { kind: "ema", source: "rsi_14", window: 5 }],
 * });
 * const frame = pipeline.compute(await sampleBars());
 * assert.deepEqual(frame.names, ["logReturn_1", "rsi_14", "ema_rsi_14_5"]);
 * assert.equal(pipeline.warmupBars, 18);
 * ```
 * @throws {RangeError} Naming the step and parameter: unknown kind, parameter or source, a value that
 * is not allowed, or a name used twice.
 */
export function definePipeline(config: PipelineConfig): FeaturePipeline {
  const plan = planSteps(config);
  const visible = plan.steps.flatMap((step) => step.hidden ? [] : step.columns);
  const names = visible.map((column) => plan.columnNames[column]);
  return {
    config: plan.config,
    hash: bytesToHex(sha256(new TextEncoder().encode(canonicalJson(plan.config)))),
    warmupBars: plan.warmup,
    names,
    contextSymbols: [...new Set(plan.context.map((c) => c.symbol))],
    compute(bars, context = {}) {
      const others = contextInputs(plan, bars.time, context);
      const own = plan.barColumns - others.length;
      const columns = plan.columnNames.map((name, k) =>
        k < own
          ? bars[name as keyof Bar]
          : k < plan.barColumns
          ? others[k - own]
          : new Float64Array(bars.length)
      );
      const holes = new HoleFinder(columns.length);
      const runs = plan.steps.map((step) => runOf(step, columns, holes));
      for (let from = 0; from < bars.length; from += blockRows) {
        const to = Math.min(bars.length, from + blockRows);
        holes.clear();
        for (const run of runs) run(from, to);
      }
      return {
        names: [...names],
        columns: visible.map((column) => columns[column]),
        time: bars.time,
        length: bars.length,
      };
    },
    stream: () => createStream(plan, visible),
  };
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

/** JSON with sorted keys: one text for one value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, part) =>
      part !== null && typeof part === "object" && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
        : part,
  );
}
