/**
 * The log of predictions: one JSON object a line, one file a model and day. Requests do not wait
 * for the disk; lines are written in order, in batches, and all of them before `close` resolves.
 * @module
 */
import { join } from "node:path";
import type { Clock } from "../services/clock.ts";
import { flatJson, type Tensor } from "./tensor.ts";

export interface LoggedTensor {
  name: string;
  shape: number[];
  /** Row-major; left out when the tensor has more than `maxLoggedElements`. */
  data?: unknown[];
}

export interface PredictionRecord {
  id: string;
  /** Milliseconds since 1970. */
  time: number;
  model: string;
  version: string;
  /** Milliseconds from parsed tensors to results. */
  ms: number;
  caller: string;
  inputs: LoggedTensor[];
  outputs: LoggedTensor[];
}

export interface PredictionLog {
  append(record: PredictionRecord): void;
  /** The latest records of a model, newest first, from memory. */
  recent(model: string, limit?: number): PredictionRecord[];
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Tensors above this many elements are logged by name and shape only. */
export const maxLoggedElements = 4096;
const keptInMemory = 200;
const flushEveryMs = 250;

/** A tensor as the log keeps it. */
export function loggedTensor(tensor: Tensor): LoggedTensor {
  const { name, shape } = tensor;
  return tensor.data.length > maxLoggedElements
    ? { name, shape }
    : { name, shape, data: flatJson(tensor) };
}

/** A log under `dir`, or one in memory only when `dir` is null. */
export function createPredictionLog(options: {
  dir: string | null;
  clock: Clock;
  onError: (error: unknown) => void;
}): PredictionLog {
  const latest = new Map<string, PredictionRecord[]>();
  let pending: PredictionRecord[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function write(records: PredictionRecord[]): Promise<void> {
    const lines = new Map<string, string>();
    for (const record of records) {
      const day = new Date(record.time).toISOString().slice(0, 10);
      const file = join(options.dir!, encodeURIComponent(record.model), `${day}.jsonl`);
      lines.set(file, (lines.get(file) ?? "") + JSON.stringify(record) + "\n");
    }
    for (const [file, text] of lines) {
      await Deno.mkdir(join(file, ".."), { recursive: true });
      await Deno.writeTextFile(file, text, { append: true });
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const records = pending;
    pending = [];
    if (options.dir !== null && records.length > 0) {
      writing = writing.then(() => write(records)).catch(options.onError);
    }
    return writing;
  }

  return {
    append(record) {
      const list = latest.get(record.model) ?? [];
      list.push(record);
      if (list.length > 2 * keptInMemory) list.splice(0, list.length - keptInMemory);
      latest.set(record.model, list);
      pending.push(record);
      if (options.dir === null) pending = [];
      else timer ??= setTimeout(flush, flushEveryMs);
    },
    recent(model, limit = 50) {
      const list = latest.get(model) ?? [];
      return list.slice(-Math.min(limit, keptInMemory)).reverse();
    },
    flush,
    close: flush,
  };
}
