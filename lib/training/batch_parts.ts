/**
 * How a large batch is computed: by several threads, each in parts that stay in the processor's cache.
 * @module
 */
import type { Model } from "../models/mod.ts";
import type { BackendName } from "./backend.ts";
import { isMeanOverSamples, type Loss } from "./losses.ts";
import { hasCompiledOptimizer, type OptimizerConfig } from "./optimizers.ts";

/** Threads of a step, and rows that a thread computes at once (all of its rows if left out). */
export interface BatchParts {
  lanes: number;
  microBatch?: number;
}

/** What decides about parts. */
export interface PartsRequest {
  model: Model;
  losses: readonly Loss[];
  optimizer: OptimizerConfig;
  backend: BackendName;
  batchSize: number;
  threads: number;
  workers: number;
  /** Cores that this training may count on. */
  cores: number;
  /** Asked for by name; automatic if left out. */
  lanes?: number;
  microBatch?: number;
}

/** Why a batch can't be computed in parts, or null. */
function obstacle(r: PartsRequest): string | null {
  if (r.backend !== "ort") return `on backend ${r.backend}`;
  if (r.workers > 1) return `with ${r.workers} workers`;
  if (!hasCompiledOptimizer(r.optimizer)) return `with optimizer ${r.optimizer.kind} in this form`;
  if (r.model.dropoutSites.length > 0) {
    return "with dropout, whose masks are drawn for a whole batch";
  }
  if (!isMeanOverSamples(r.losses)) return "with the sharpe loss, which is not a mean over samples";
  return null;
}

/**
 * The parts of a batch: what is asked for, else what pays.
 *
 * @throws {RangeError} If parts are asked for that can't be made.
 */
export function chooseParts(request: PartsRequest): BatchParts {
  const { batchSize, lanes, microBatch } = request;
  const against = obstacle(request);
  for (const [name, asked] of Object.entries({ lanes, microBatch })) {
    if (asked !== undefined && against !== null && !(name === "lanes" && asked === 1)) {
      throw new RangeError(
        `Cannot train: ${name} must be ${
          name === "lanes" ? "1" : "left out"
        } ${against}, got ${asked}`,
      );
    }
  }
  if (against !== null) return { lanes: 1 };
  if (lanes !== undefined && batchSize % lanes !== 0) {
    throw new RangeError(
      `Cannot train: lanes must divide the batch (${batchSize} samples), got ${lanes}`,
    );
  }
  const chosen = lanes ?? payingLanes(request);
  const rows = batchSize / chosen;
  if (microBatch !== undefined && rows % microBatch !== 0) {
    throw new RangeError(
      `Cannot train: microBatch must divide the ${rows} samples of a lane, got ${microBatch}`,
    );
  }
  const part = microBatch ?? payingRows(request, rows);
  return part === rows ? { lanes: chosen } : { lanes: chosen, microBatch: part };
}

/**
 * Samples whose activations stay in a core's cache, for windows of less than 48 bars and for longer
 * ones. Recurrent layers run many small operators a bar, which want more rows than caches would.
 * Measured at 24 bars x 12 features, width 32, and 64 x 32, width 64; multilayer perceptrons have
 * none: their batches fit as they are, and cutting their windows apart costs more than it gains.
 */
const cachedRows: Record<string, readonly [short: number, long: number]> = {
  cnn: [64, 32],
  lstm: [128, 64],
  gru: [64, 64],
  transformer: [64, 16],
  hybrid: [64, 32],
  ensemble: [64, 32],
};

/** Multiplications of a step, about: from where on a second thread gains more than it waits. */
const payingWork = 1e7;

/** Two threads where a step is heavy enough and two cores are there. */
function payingLanes({ model, batchSize, threads, cores }: PartsRequest): number {
  const work = batchSize * model.config.windowBars * model.parameters;
  const pays = model.kind in cachedRows && work >= payingWork && batchSize % 2 === 0;
  return pays && threads === 1 && cores >= 2 ? 2 : 1;
}

/** The largest part of a lane's rows that stays in the cache; all of them if there is no fair one. */
function payingRows({ model }: PartsRequest, rows: number): number {
  const limits = cachedRows[model.kind];
  if (!limits) return rows;
  const limit = limits[model.config.windowBars < 48 ? 0 : 1];
  if (rows <= limit) return rows;
  for (let part = limit; part > limit / 2; part--) if (rows % part === 0) return part;
  return rows;
}

/** Cores that training may count on: TAPEBOOK_CORES, else those of the machine. */
export function availableCores(): number {
  const asked = Deno.env.get("TAPEBOOK_CORES");
  if (!asked) return navigator.hardwareConcurrency;
  const cores = Number(asked);
  if (!Number.isInteger(cores) || cores < 1) {
    throw new RangeError(`Cannot train: TAPEBOOK_CORES must be an integer >= 1, got ${asked}`);
  }
  return cores;
}
