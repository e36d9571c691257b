/**
 * Features: rows per second and peak memory of 40 features, over one long series of minutes and over
 * many symbols of days, beside pandas; and of TA-Lib's functions beside TA-Lib.
 *
 * Each subject runs in a process of its own on the same random walk; timed is the computation alone.
 * A row is a bar with all its features. `--case` takes pandas-minutes, pandas-symbols, talib-minutes and
 * talib-symbols.
 * @module
 */
import {
  benchCase,
  type BenchOptions,
  type BenchResult,
  chosenCases,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";
import type { Measured } from "./cases/features_case.ts";

const peers = {
  pandas: { subject: "pandas", script: "features_pandas.py", modules: ["pandas", "numpy"] },
  talib: { subject: "ta-lib", script: "features_talib.py", modules: ["talib", "numpy"] },
};
const shapes = {
  minutes: { full: { symbols: 1, bars: 1_000_000 }, quick: { symbols: 1, bars: 20_000 } },
  symbols: { full: { symbols: 500, bars: 5000 }, quick: { symbols: 5, bars: 1000 } },
};

/** Runs one subject's process. */
async function measure(set: string, sizes: number[], threads: number): Promise<Measured> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      // The peak is read from /proc, which asks for all permissions.
      "--allow-all",
      "--v8-flags=--expose-gc",
      new URL("cases/features_case.ts", import.meta.url).pathname,
      set,
      ...[...sizes, threads].map(String),
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot measure features: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { quick = false, log } = options;
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
  const known = Object.keys(peers).flatMap((set) =>
    Object.keys(shapes).map((shape) => `${set}-${shape}`)
  );
  for (const part of chosenCases("features", known, options.parts)) {
    const [set, shape] = part.split("-") as [keyof typeof peers, keyof typeof shapes];
    const { symbols, bars } = shapes[shape][quick ? "quick" : "full"];
    const { subject, script, modules } = peers[set];
    const length = bars.toLocaleString("en");
    const label = `40 features (${set} set), ${
      symbols === 1 ? `1 series of ${length} minutes` : `${symbols} symbols of ${length} days`
    }`;
    const add = (who: string, { ms, peakMiB, columns }: Measured) => {
      const rates = ms.map((t) => symbols * bars / t * 1000);
      result.cases.push(benchCase(label, who, "rows/s", rates));
      result.cases.push(benchCase(`${label}, peak memory`, who, "MiB", [peakMiB]));
      result.notes!.push(`${label}: ${who} gives ${columns} columns`);
    };
    const sizes = [symbols, bars, quick ? 1 : 5];
    log(`${label}: tapebook`);
    add("tapebook", await measure(set, sizes, threads));
    log(`${label}: tapebook on one thread`);
    const alone = await measure(set, sizes, 1);
    add("tapebook-1", alone);
    log(`${label}: ${subject}`);
    const peer = await runPythonPeer<Measured>(
      new URL(`peers/${script}`, import.meta.url),
      sizes.map(String),
      modules,
      log,
    );
    if (!peer) continue;
    add(subject, peer);
    // Feature by feature, where the peer times them: the same step, alone, on one thread.
    for (const [feature, ms] of Object.entries(peer.each ?? {})) {
      const own = alone.each?.[feature];
      if (own === undefined) continue;
      const one = `${feature} alone, ${length} rows`;
      result.cases.push(benchCase(one, "tapebook-1", "ms", [own]));
      result.cases.push(benchCase(one, subject, "ms", [ms]));
    }
  }
  return result;
}
