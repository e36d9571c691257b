/** Curves of metrics over steps or time, loaded once per run and metric. @module */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { MetricPoint } from "../api.ts";
import type { Curve } from "../charts/smoothing.ts";
import type { RunRecord } from "./run_record.ts";

export interface MetricCurve {
  steps: Float64Array;
  /** Milliseconds since 1970. */
  timestamps: Float64Array;
  values: Float64Array;
}

/** Points in the order of their steps. */
export function toCurve(points: readonly MetricPoint[]): MetricCurve {
  const ordered = [...points].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp);
  return {
    steps: Float64Array.from(ordered, (p) => p.step),
    timestamps: Float64Array.from(ordered, (p) => p.timestamp),
    values: Float64Array.from(ordered, (p) => p.value),
  };
}

const dayMs = 86_400_000;

/**
 * Whether the points carry the times of the bars they belong to rather than the time at which they
 * were logged: they span more than a day and start well before the run did.
 */
export function hasBarTimes(curve: MetricCurve, run: RunRecord): boolean {
  const { timestamps } = curve;
  if (timestamps.length < 2 || run.startTime === null) return false;
  const first = timestamps[0], last = timestamps[timestamps.length - 1];
  return last - first > dayMs && first < run.startTime - dayMs;
}

/** The curve over its x axis. */
export function overAxis(curve: MetricCurve, axis: "step" | "time"): Curve {
  return { x: axis === "time" ? curve.timestamps : curve.steps, y: curve.values };
}

export interface CurveStore {
  /** The curve, null while it is loading; asking for it starts that. */
  get(runId: string, key: string): MetricCurve | null;
  readonly error: ReadonlySignal<Error | null>;
  /** Loads every curve again that was asked for, for runs that go on. */
  reload(runIds?: ReadonlySet<string>): Promise<void>;
}

/** Curves by run and metric. Reading one inside a component makes the component follow it. */
export function createCurveStore(
  load: (runId: string, key: string) => Promise<MetricPoint[]>,
): CurveStore {
  const curves = new Map<string, ReturnType<typeof signal<MetricCurve | null>>>();
  const error = signal<Error | null>(null);
  const split = "\n";
  async function fill(id: string): Promise<void> {
    const [runId, key] = id.split(split);
    try {
      const curve = toCurve(await load(runId, key));
      const held = curves.get(id)!;
      const old = held.peek();
      const isSame = old && old.values.length === curve.values.length &&
        old.values.at(-1) === curve.values.at(-1);
      if (!isSame) held.value = curve;
    } catch (caught) {
      error.value = caught as Error;
    }
  }
  return {
    error,
    get(runId, key) {
      const id = runId + split + key;
      let held = curves.get(id);
      if (!held) {
        held = signal<MetricCurve | null>(null);
        curves.set(id, held);
        void fill(id);
      }
      return held.value ?? null;
    },
    async reload(runIds) {
      const ids = [...curves.keys()].filter((id) => !runIds || runIds.has(id.split(split)[0]));
      await Promise.all(ids.map(fill));
    },
  };
}
