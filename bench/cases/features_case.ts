/**
 * One subject of the benchmark of features, in a process of its own, so that its memory is its own:
 * `features_case.ts SET SYMBOLS BARS RUNS THREADS` prints one JSON line, `Measured`.
 * @module
 */
import { type Bars, makeBars } from "../../lib/data/mod.ts";
import {
  definePipeline,
  type FeaturePanel,
  type FeatureStep,
  openFeatureWorkers,
  shareBars,
} from "../../lib/features/mod.ts";
import { createRng } from "../../lib/math/mod.ts";
import { type FeatureSet, featureSets } from "./feature_sets.ts";

export interface Measured {
  ms: number[];
  peakMiB: number;
  /** Columns that the features give together. */
  columns: number;
  /** Milliseconds of each feature alone on one series, fastest of several runs. */
  each?: Record<string, number>;
}

/** A random walk of bars, minutes apart, written into `columns`. */
function randomWalk(columns: readonly Float64Array[], length: number, seed: number): Bars {
  const rng = createRng(seed);
  const [time, open, high, low, close, volume] = columns;
  let last = 100;
  for (let i = 0; i < length; i++) {
    time[i] = 1.6e12 + i * 60_000;
    open[i] = last * Math.exp(1e-4 * rng.normal());
    close[i] = open[i] * Math.exp(1e-3 * rng.normal());
    high[i] = Math.max(open[i], close[i]) * Math.exp(1e-3 * rng.uniform());
    low[i] = Math.min(open[i], close[i]) * Math.exp(-1e-3 * rng.uniform());
    volume[i] = Math.floor(1000 * (1 + rng.uniform()));
    last = close[i];
  }
  return makeBars({ time, open, high, low, close, volume });
}

function peakMiB(): number {
  const line = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s*(\d+) kB/);
  return line ? Number(line[1]) / 1024 : NaN;
}

async function measure(
  set: FeatureSet,
  symbols: number,
  bars: number,
  runs: number,
  threads: number,
): Promise<Measured> {
  // One set of columns serves all walks, each of which is copied to shared memory.
  const columns = Array.from({ length: 6 }, () => new Float64Array(bars));
  const series = Object.fromEntries(
    Array.from({ length: symbols }, (_, k) => [`S${k}`, shareBars(randomWalk(columns, bars, k))]),
  );
  const pipeline = definePipeline({
    steps: featureSets[set].map((step, k) => ({ ...step, as: `f${k}` })),
  });
  // Python has let go of what made its bars by now, too.
  columns.length = 0;
  (globalThis as { gc?: () => void }).gc?.();
  const workers = openFeatureWorkers({ threads });
  const ms: number[] = [];
  // All symbols' features are held at once, as a training set holds them. Memory is used again from
  // run to run, as malloc does for the peers; the first run, which gets it, is measured, too.
  let panel: FeaturePanel | undefined;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    panel = await workers.computePanel(pipeline, series, { into: panel });
    ms.push(performance.now() - started);
  }
  workers.close();
  const peak = peakMiB();
  return {
    ms,
    peakMiB: peak,
    columns: pipeline.names.length,
    each: symbols === 1 && threads === 1 ? timeEach(featureSets[set], series.S0) : undefined,
  };
}

/** Each feature alone, into memory that is there already. */
function timeEach(steps: readonly FeatureStep[], bars: Bars): Record<string, number> {
  const each: Record<string, number> = {};
  for (const step of steps) {
    const pipeline = definePipeline({ steps: [{ ...step, as: "f" }] });
    let frame = pipeline.compute(bars);
    let best = Infinity;
    for (let run = 0; run < 4; run++) {
      const started = performance.now();
      frame = pipeline.compute(bars, {}, { into: frame });
      best = Math.min(best, performance.now() - started);
    }
    each[`${step.kind}${step.window ? ` ${step.window}` : ""}`] = best;
  }
  return each;
}

if (import.meta.main) {
  const [set, ...numbers] = Deno.args;
  const [symbols, bars, runs, threads] = numbers.map(Number);
  console.log(JSON.stringify(await measure(set as FeatureSet, symbols, bars, runs, threads)));
}
