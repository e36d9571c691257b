import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Bars } from "../data/mod.ts";
import type { FeatureFrame } from "./feature_frame.ts";
import { planSteps } from "./plan_steps.ts";
import { runPlan } from "./run_plan.ts";
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
   * The features of all bars. Columns are fresh memory, or with `into` those of a frame of this pipeline
   * and length that is no longer needed: memory that was used before costs nothing to get.
   *
   * `context` holds the bars of the other symbols that steps read: each row sees their last bar at or
   * before its time, never a later one, and NaN before the first.
   *
   * @throws {RangeError} If a symbol that a step reads is not in the context.
   */
  compute(
    bars: Bars,
    context?: Readonly<Record<string, Bars>>,
    options?: { into?: FeatureFrame },
  ): FeatureFrame;
  /** A live computation that starts with no history: feed it at least `warmupBars` bars first. */
  stream(): FeatureStream;
}

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
    compute(bars, context = {}, { into } = {}) {
      const kept = into ? checkFrame(into, names, bars.length).columns : undefined;
      const columns = visible.map((_, k) => kept?.[k] ?? new Float64Array(bars.length));
      runPlan(
        plan,
        plan.steps,
        bars,
        context,
        (k) => columns[visible.indexOf(k)] ?? new Float64Array(bars.length),
      );
      return { names: [...names], columns, time: bars.time, length: bars.length };
    },
    stream: () => createStream(plan, visible),
  };
}

/** The frame, if its memory fits. */
function checkFrame(frame: FeatureFrame, names: readonly string[], length: number): FeatureFrame {
  if (frame.length !== length || frame.names.join() !== names.join()) {
    throw new RangeError(
      `Cannot compute features: into must be a frame of ${length} rows of ${
        names.join(", ")
      }, got ${frame.length} of ${frame.names.join(", ")}`,
    );
  }
  return frame;
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
