import type { Bars } from "../data/mod.ts";
import type { FeaturePanel } from "./cross_section.ts";
import { barColumns, type FeatureJob, type SharedBars, viewBars, workOn } from "./feature_job.ts";
import type { FeaturePipeline } from "./pipeline.ts";

/** Threads that compute features together with the one that asks. */
export interface FeatureWorkers {
  /** Threads that compute, the asking one included. */
  readonly threads: number;
  /**
   * The features of each symbol, the same bits as `computePanel()`; columns lie in shared memory. A few
   * symbols are cut by steps, many by symbol; what is too small to be worth it is computed alone.
   *
   * `into`: a panel of an earlier call with the same pipeline and lengths, whose memory is used again.
   */
  computePanel(
    pipeline: FeaturePipeline,
    series: Readonly<Record<string, Bars>>,
    options?: { into?: FeaturePanel },
  ): Promise<FeaturePanel>;
  /** Ends the threads. */
  close(): void;
}

/** Numbers (rows x columns) below which handing out work costs more than it saves. */
const worthSharing = 500_000;

const shared = new WeakMap<Bars, SharedBars>();
const outputs = new WeakMap<FeaturePanel, { output: SharedArrayBuffer; layout: string }>();

/**
 * The bars as columns in shared memory, where workers read them without a copy. Bars that are not
 * shared are copied at each call.
 */
export function shareBars(bars: Bars): Bars {
  if (shared.has(bars)) return bars;
  const { length } = bars;
  const place = { buffer: new SharedArrayBuffer(8 * 6 * length), byteOffset: 0, length };
  const copy: Bars = { ...viewBars(place), symbol: bars.symbol, timeframe: bars.timeframe };
  for (const name of barColumns) copy[name].set(bars[name]);
  shared.set(copy, place);
  return copy;
}

/**
 * Starts threads for features: as many as there are cores, the asking one included, unless told.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../data/mod.ts";
 * import { openFeatureWorkers } from "./feature_workers.ts";
 * import { definePipeline } from "./pipeline.ts";
 *
 * const workers = openFeatureWorkers({ threads: 2 });
 * const pipeline = definePipeline({ steps: [{ kind: "rsi" }, { kind: "atr" }] });
 * const bars = await sampleBars();
 * const panel = await workers.computePanel(pipeline, { A: bars, B: bars });
 * assert.deepEqual([...panel.B.columns[1].slice(-3)], [...pipeline.compute(bars).columns[1].slice(-3)]);
 * workers.close();
 * ```
 * @throws {RangeError} If `threads` is no whole number from 1 to 64.
 */
export function openFeatureWorkers(
  { threads = navigator.hardwareConcurrency }: { threads?: number } = {},
): FeatureWorkers {
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new RangeError(
      `Cannot start feature workers: threads must be a whole number from 1 to 64, got ${threads}`,
    );
  }
  const workers = Array.from(
    { length: threads - 1 },
    () => new Worker(new URL("./feature_worker.ts", import.meta.url), { type: "module" }),
  );
  let busy: Promise<unknown> = Promise.resolve();
  return {
    threads,
    computePanel(pipeline, series, { into } = {}) {
      const run = busy.then(() => compute(workers, pipeline, series, into));
      busy = run.catch(() => {});
      return run;
    },
    close() {
      for (const worker of workers) worker.terminate();
    },
  };
}

async function compute(
  workers: readonly Worker[],
  pipeline: FeaturePipeline,
  series: Readonly<Record<string, Bars>>,
  into: FeaturePanel | undefined,
): Promise<FeaturePanel> {
  const symbols = Object.keys(series);
  const lengths = symbols.map((symbol) => series[symbol].length);
  const rows = lengths.reduce((a, b) => a + b, 0);
  const layout = `${pipeline.hash} ${symbols.join()} ${lengths.join()}`;
  const kept = into && outputs.get(into);
  if (into && kept?.layout !== layout) {
    throw new RangeError(
      "Cannot compute features: into must be a panel of the same pipeline, symbols and lengths, got another",
    );
  }
  const output = kept?.output ?? new SharedArrayBuffer(8 * rows * pipeline.names.length);
  const job: FeatureJob = {
    config: pipeline.config,
    symbols,
    bars: symbols.map((symbol) => shared.get(shareBars(series[symbol]))!),
    output,
    groups: symbols.length >= 4 * (workers.length + 1) ? 1 : 2 * (workers.length + 1),
    next: new SharedArrayBuffer(4),
  };
  if (workers.length && rows * pipeline.names.length >= worthSharing) {
    const answers = workers.map((worker) => answerOf(worker));
    for (const worker of workers) worker.postMessage(job);
    workOn(job);
    await Promise.all(answers);
  } else workOn({ ...job, groups: 1 });
  let start = 0;
  const panel: FeaturePanel = {};
  for (const [k, symbol] of symbols.entries()) {
    const length = lengths[k];
    // Thousands of symbols have many thousands of views: those that are there serve again.
    const columns = kept
      ? into[symbol].columns
      : pipeline.names.map((_, c) =>
        new Float64Array(output, 8 * (start + c * length), length) as Float64Array
      );
    panel[symbol] = { names: [...pipeline.names], columns, time: series[symbol].time, length };
    start += length * columns.length;
  }
  outputs.set(panel, { output, layout });
  return panel;
}

/** The worker's next answer. */
function answerOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ error?: string }>) =>
      data.error === undefined ? resolve() : reject(new RangeError(data.error));
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot compute features in a worker: ${event.message}`));
    };
  });
}
