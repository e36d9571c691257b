/**
 * Sweeps: thousands of parameter combinations of one strategy on one symbol.
 *
 * Indicators are computed once per window and shared by all combinations that use it; threads share
 * the columns. Memory is `rows * bars * 8` bytes and does not grow with the number of combinations.
 * @module
 */
import type { Bars } from "../../data/bars.ts";
import { movingAverage } from "../indicators/moving_average.ts";
import { resolveOptions } from "../options.ts";
import type { BacktestOptions } from "../options.ts";
import { barsPerYearOf } from "../bars_per_year.ts";
import { createPanel } from "../panel.ts";
import {
  type CrossingColumns,
  type CrossingCosts,
  type SweepMetric,
  sweepMetrics,
} from "./crossing_kernel.ts";
import { type CrossingJob, takeChunks } from "./crossing_worker.ts";

/** Options of a sweep: proportional fees, constant slippage, the whole equity at a time. */
export interface SweepOptions
  extends Pick<BacktestOptions, "cash" | "fees" | "slippage" | "spread" | "fill" | "barsPerYear"> {
  /** Threads besides the caller's; 0 computes here. Defaults to one less than there are cores. */
  workers?: number;
}

export interface SweepResult {
  /** Number of combinations. */
  count: number;
  /** One column per metric, one value per combination. */
  metrics: Record<SweepMetric, Float64Array>;
}

/**
 * Backtests crossings of indicator rows: configuration k is long from the bar after
 * `rows[pairs[2k]]` crosses above `rows[pairs[2k + 1]]` until it crosses below.
 *
 * @throws {RangeError} If rows, pairs or costs cannot be used.
 */
export async function sweepCrossings(
  bars: Bars,
  rows: readonly Float64Array[],
  pairs: Int32Array,
  options: SweepOptions = {},
): Promise<SweepResult> {
  createPanel(bars);
  const n = bars.length;
  const count = pairs.length / 2;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot sweep: pairs must hold two rows each, got ${pairs.length} numbers`,
    );
  }
  for (let i = 0; i < pairs.length; i++) {
    if (!(pairs[i] >= 0 && pairs[i] < rows.length)) {
      throw new RangeError(
        `Cannot sweep: pairs[${i}] must be a row in [0, ${rows.length}), got ${pairs[i]}`,
      );
    }
  }
  const costs = costsOf(bars, options);
  const workers = options.workers ?? Math.max(0, (navigator.hardwareConcurrency ?? 1) - 1);
  const shared = workers > 0;
  const floats = (length: number) =>
    shared ? new Float64Array(new SharedArrayBuffer(8 * length)) : new Float64Array(length);
  const columns: CrossingColumns = {
    open: floats(n),
    close: floats(n),
    rows: floats(n * rows.length),
    pairs: shared ? new Int32Array(new SharedArrayBuffer(4 * pairs.length)) : pairs,
    out: floats(count * sweepMetrics.length),
  };
  columns.open.set(bars.open);
  columns.close.set(bars.close);
  columns.pairs.set(pairs);
  rows.forEach((row, i) => {
    if (row.length !== n) {
      throw new RangeError(`Cannot sweep: row ${i} must have ${n} values, got ${row.length}`);
    }
    columns.rows.set(row, i * n);
  });
  const job: CrossingJob = {
    columns,
    costs,
    next: new Int32Array(shared ? new SharedArrayBuffer(4) : new ArrayBuffer(4)),
    chunk: Math.max(8, Math.min(256, Math.ceil(count / (8 * (workers + 1))))),
  };
  const others = Array.from({ length: workers }, () => startWorker(job));
  // This thread works, too; a worker that starts late finds less to do.
  takeChunks(job);
  await Promise.all(others);
  const width = sweepMetrics.length;
  const metrics = Object.fromEntries(
    sweepMetrics.map((name, m) => [
      name,
      Float64Array.from({ length: count }, (_, k) => columns.out[k * width + m]),
    ]),
  ) as Record<SweepMetric, Float64Array>;
  return { count, metrics };
}

/**
 * Backtests moving-average crosses of every pair of windows, `fast[k]` against `slow[k]`.
 *
 * @throws {RangeError} If the windows are not positive integers with `fast[k] < slow[k]`.
 */
export function sweepSmaCross(
  bars: Bars,
  windows: { fast: ArrayLike<number>; slow: ArrayLike<number> },
  options: SweepOptions = {},
): Promise<SweepResult> {
  const { fast, slow } = windows;
  if (fast.length !== slow.length) {
    throw new RangeError(
      `Cannot sweep: fast and slow must agree in length, got ${fast.length} and ${slow.length}`,
    );
  }
  const rowOf = new Map<number, number>();
  const pairs = new Int32Array(2 * fast.length);
  const row = (window: number) => {
    let i = rowOf.get(window);
    if (i === undefined) rowOf.set(window, i = rowOf.size);
    return i;
  };
  for (let k = 0; k < fast.length; k++) {
    if (!(fast[k] < slow[k])) {
      throw new RangeError(
        `Cannot sweep: fast must be smaller than slow, got ${fast[k]} and ${slow[k]} at ${k}`,
      );
    }
    pairs[2 * k] = row(fast[k]);
    pairs[2 * k + 1] = row(slow[k]);
  }
  const rows = [...rowOf.keys()].map((window) => movingAverage(bars.close, window));
  return sweepCrossings(bars, rows, pairs, options);
}

/** Workers that have run before; starting one costs more than a small sweep. */
const idle: Worker[] = [];

function startWorker(job: CrossingJob): Promise<void> {
  const worker = idle.pop() ??
    new Worker(new URL("./crossing_worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = () => {
      idle.push(worker);
      resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error(`Cannot sweep: a worker failed: ${event.message}`));
    };
    worker.postMessage(job);
  });
}

/** Ends the threads that sweeps keep for the next one. */
export function closeSweepWorkers(): void {
  for (const worker of idle.splice(0)) worker.terminate();
}

function costsOf(bars: Bars, options: SweepOptions): CrossingCosts {
  const resolved = resolveOptions(options);
  if (!resolved.commission.isProportional || Number.isNaN(resolved.constantShift)) {
    throw new RangeError(
      "Cannot sweep: fees and slippage must be proportional; use backtest() for the best ones",
    );
  }
  return {
    cash: resolved.cash,
    feeRate: resolved.commission.rate,
    shift: resolved.constantShift,
    fill: resolved.fill === "nextOpen" ? 0 : resolved.fill === "nextClose" ? 1 : 2,
    barsPerYear: options.barsPerYear ?? barsPerYearOf(bars.time),
  };
}
