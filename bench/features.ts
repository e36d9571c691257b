/**
 * Features: rows per second and peak memory of 40 features, over one long series of minutes and over
 * many symbols of days, beside pandas; and of TA-Lib's functions beside TA-Lib.
 *
 * Each subject runs in a process of its own on the same random walk; timed is the computation alone.
 * A row is a bar with all its features.
 * @module
 */
import { type Bars, makeBars } from "../lib/data/mod.ts";
import {
  definePipeline,
  type FeaturePanel,
  type FeatureStep,
  openFeatureWorkers,
  shareBars,
} from "../lib/features/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import {
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";

/** 40 features that pandas computes without a Python loop per row. */
const pandasSteps: FeatureStep[] = [
  { kind: "return" },
  { kind: "logReturn" },
  { kind: "return", window: 5 },
  { kind: "difference", window: 10 },
  { kind: "sma", window: 20 },
  { kind: "sma", window: 50 },
  { kind: "ema", window: 12 },
  { kind: "ema", window: 26 },
  { kind: "wilder", window: 14 },
  { kind: "wma", window: 20 },
  { kind: "dema", window: 20 },
  { kind: "tema", window: 20 },
  { kind: "rsi" },
  { kind: "macd" },
  { kind: "ppo" },
  { kind: "cmo" },
  { kind: "tsi" },
  { kind: "stochastic" },
  { kind: "williamsR" },
  { kind: "mfi" },
  { kind: "awesomeOscillator" },
  { kind: "ultimateOscillator" },
  { kind: "balanceOfPower" },
  { kind: "trueRange" },
  { kind: "atr" },
  { kind: "natr" },
  { kind: "bollinger" },
  { kind: "keltner" },
  { kind: "donchian" },
  { kind: "ichimoku" },
  { kind: "adx" },
  { kind: "vortex" },
  { kind: "realizedVolatility" },
  { kind: "parkinson" },
  { kind: "garmanKlass" },
  { kind: "yangZhang" },
  { kind: "obv" },
  { kind: "chaikinMoneyFlow" },
  { kind: "vwap" },
  { kind: "zScore" },
];

/** TA-Lib's functions, one step each. */
const talibSteps: FeatureStep[] = [
  { kind: "sma", window: 20 },
  { kind: "ema", window: 20 },
  { kind: "wma", window: 20 },
  { kind: "dema", window: 20 },
  { kind: "tema", window: 20 },
  { kind: "trima", window: 20 },
  { kind: "kama", window: 10 },
  { kind: "t3", window: 5 },
  { kind: "rsi" },
  { kind: "macd" },
  { kind: "cmo" },
  { kind: "apo" },
  { kind: "ppo" },
  { kind: "trix" },
  { kind: "stochastic" },
  { kind: "williamsR" },
  { kind: "cci" },
  { kind: "mfi" },
  { kind: "ultimateOscillator" },
  { kind: "balanceOfPower" },
  { kind: "adx" },
  { kind: "aroon" },
  { kind: "parabolicSar" },
  { kind: "linearRegression" },
  { kind: "bollinger" },
  { kind: "trueRange" },
  { kind: "atr" },
  { kind: "natr" },
  { kind: "obv" },
  { kind: "accumulation" },
  { kind: "chaikinOscillator" },
  { kind: "difference", window: 10 },
  { kind: "typicalPrice" },
  { kind: "medianPrice" },
  { kind: "weightedClose" },
  { kind: "averagePrice" },
  { kind: "maximum", window: 20 },
  { kind: "minimum", window: 20 },
  { kind: "standardDeviation", window: 20 },
  { kind: "correlation", other: "open", window: 30 },
];

const sets = { pandas: pandasSteps, talib: talibSteps };

interface Measured {
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

/** One subject's process: `features.ts SET SYMBOLS BARS RUNS THREADS`. */
async function measure(
  set: keyof typeof sets,
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
    steps: sets[set].map((step, k) => ({ ...step, as: `f${k}` })),
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
    each: symbols === 1 && threads === 1 ? timeEach(sets[set], series.S0) : undefined,
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

async function measureInChild(args: string[]): Promise<Measured> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      // The peak is read from /proc, which asks for all permissions.
      "--allow-all",
      "--v8-flags=--expose-gc",
      new URL(import.meta.url).pathname,
      ...args,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot measure features: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { quick = false, log } = options;
  const runs = quick ? 1 : 5;
  const shapes = [
    { name: "1 series of 1,000,000 minutes", symbols: 1, bars: quick ? 20_000 : 1_000_000 },
    { name: "500 symbols of 5,000 days", symbols: quick ? 5 : 500, bars: quick ? 1000 : 5000 },
  ];
  const peers = [
    {
      set: "pandas",
      subject: "pandas",
      script: "features_pandas.py",
      modules: ["pandas", "numpy"],
    },
    { set: "talib", subject: "ta-lib", script: "features_talib.py", modules: ["talib", "numpy"] },
  ];
  const threads = navigator.hardwareConcurrency;
  const result: BenchResult = {
    name: "features",
    machine: describeMachine(),
    cases: [],
    notes: [
      "a row is one bar with all features of the set; the peak is of the whole process, inputs included",
      `tapebook: ${threads} threads on shared memory; tapebook-1: one thread; peers compute on one`,
      "memory for the results is used again from run to run by all; the first of the runs gets it",
      "pandas: the same 40 features by rolling, ewm and shift, no Python loop per row, intermediate columns shared by hand",
    ],
  };
  for (const { set, subject, script, modules } of peers) {
    for (const { name, symbols, bars } of shapes) {
      const label = `40 features (${set} set), ${name}`;
      const add = (who: string, { ms, peakMiB, columns }: Measured) => {
        const rates = ms.map((t) => symbols * bars / t * 1000);
        result.cases.push(benchCase(label, who, "rows/s", rates));
        result.cases.push(benchCase(`${label}, peak memory`, who, "MiB", [peakMiB]));
        result.notes!.push(`${label}: ${who} gives ${columns} columns`);
      };
      const args = [String(symbols), String(bars), String(runs)];
      log(`${label}: tapebook`);
      add("tapebook", await measureInChild([set, ...args, String(threads)]));
      log(`${label}: tapebook on one thread`);
      const alone = await measureInChild([set, ...args, "1"]);
      add("tapebook-1", alone);
      log(`${label}: ${subject}`);
      const peer = await runPythonPeer<Measured>(
        new URL(`peers/${script}`, import.meta.url),
        args,
        modules,
        log,
      );
      if (!peer) continue;
      add(subject, peer);
      // Feature by feature, where the peer times them: the same step, alone, on one thread.
      for (const [feature, ms] of Object.entries(peer.each ?? {})) {
        const own = alone.each?.[feature];
        if (own === undefined) continue;
        const one = `${feature} alone, ${bars.toLocaleString("en")} rows`;
        result.cases.push(benchCase(one, "tapebook-1", "ms", [own]));
        result.cases.push(benchCase(one, subject, "ms", [ms]));
      }
    }
  }
  return result;
}

if (import.meta.main) {
  const [set, symbols, bars, runs, threads] = Deno.args;
  console.log(
    JSON.stringify(
      await measure(
        set as keyof typeof sets,
        Number(symbols),
        Number(bars),
        Number(runs),
        Number(threads),
      ),
    ),
  );
}
