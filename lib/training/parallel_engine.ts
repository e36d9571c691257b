/**
 * Data-parallel training: worker processes compute gradients of parts of each batch, which are
 * averaged here. The result is that of one process on the whole batch, up to the rounding of sums.
 * @module
 */
import { loadTf, type Model } from "../models/mod.ts";
import type { BackendName } from "./backend.ts";
import {
  eagerEngine,
  type EncodedBatch,
  type EngineOptions,
  readWeights,
  type TrainingEngine,
} from "./engine.ts";
import { isMeanOverSamples, type Loss } from "./losses.ts";
import { FrameReader, writeFrame } from "./worker_frames.ts";

/** What a worker is told first. */
export interface WorkerTask {
  config: Model["config"];
  losses: readonly Loss[];
  backend: BackendName;
  batchSize: number;
}

/** The part of a batch that a worker is sent: shapes of the floats that follow. */
export interface WorkerBatch {
  n: number;
  /** Lengths of weights of the model, x, y, sample weights and each dropout mask. */
  lengths: number[];
}

/** A worker process and its streams. */
class GradientWorker {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #frames: FrameReader;

  constructor(task: WorkerTask) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-env",
        "--allow-ffi",
        "--allow-sys",
        new URL("./gradient_worker.ts", import.meta.url).href,
      ],
      cwd: new URL("../..", import.meta.url),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#frames = new FrameReader(this.#child.stdout.getReader());
    this.#ready = writeFrame(this.#writer, task, []);
    this.#ready.catch(() => {});
  }
  readonly #ready: Promise<void>;

  async gradients(
    weights: Float32Array,
    batch: EncodedBatch,
    masks: readonly Float32Array[],
  ): Promise<{ loss: number; gradient: Float32Array }> {
    await this.#ready;
    const parts = [weights, batch.x, batch.y, batch.weights, ...masks];
    const header: WorkerBatch = { n: batch.n, lengths: parts.map((p) => p.length) };
    await writeFrame(this.#writer, header, parts);
    const answer = await this.#frames.next<{ loss: number | null; error?: string }>();
    if (answer === null) {
      const { code } = await this.#child.status;
      throw new Error(`Cannot train: a gradient worker ended with code ${code}`);
    }
    if (answer.header.error) throw new Error(answer.header.error);
    // JSON has no NaN: null stands for it.
    return { loss: answer.header.loss ?? NaN, gradient: answer.floats };
  }

  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#frames.cancel();
    await this.#child.status;
  }
}

/** @throws {RangeError} If the loss of a batch is not the mean of its samples' losses. */
export async function parallelEngine(
  backend: BackendName,
  options: EngineOptions,
): Promise<TrainingEngine> {
  const { model, losses, batchSize } = options;
  const workers = options.workers!;
  if (!isMeanOverSamples(losses)) {
    throw new RangeError(
      `Cannot train: workers must be 1 for the sharpe loss, which is not a mean over samples, got ${workers}`,
    );
  }
  if (workers > batchSize) {
    throw new RangeError(
      `Cannot train: workers must be at most the batch's ${batchSize} samples, got ${workers}`,
    );
  }
  await loadTf();
  const task: WorkerTask = {
    config: model.config,
    losses,
    backend,
    batchSize: Math.ceil(batchSize / workers),
  };
  const pool = Array.from({ length: workers }, () => new GradientWorker(task));
  const rows = (values: Float32Array, n: number, from: number, to: number) => {
    const width = values.length / n;
    return values.subarray(from * width, to * width);
  };
  return await eagerEngine(backend, options, {
    async gradients(batch, masks) {
      const { n } = batch;
      const flat = readWeights(model);
      const shares = pool.map((worker, k) => {
        const from = Math.floor(k * n / workers);
        const to = Math.floor((k + 1) * n / workers);
        if (to === from) return null;
        const part: EncodedBatch = {
          n: to - from,
          x: rows(batch.x, n, from, to),
          y: rows(batch.y, n, from, to),
          weights: batch.weights.subarray(from, to),
        };
        let weight = 0;
        for (const w of part.weights) weight += w;
        // A share without weight has no mean; it adds nothing.
        if (weight === 0) return null;
        return worker.gradients(flat, part, masks.map((m) => rows(m, n, from, to)))
          .then((result) => ({ ...result, weight }));
      });
      const results = (await Promise.all(shares)).filter((r) => r !== null);
      const total = results.reduce((sum, r) => sum + r.weight, 0);
      const gradient = new Float32Array(flat.length);
      let loss = 0;
      for (const r of results) {
        const share = r.weight / total;
        loss += share * r.loss;
        for (let i = 0; i < gradient.length; i++) gradient[i] += share * r.gradient[i];
      }
      return { loss, gradient };
    },
    dispose() {
      for (const worker of pool) worker.close().catch(() => {});
    },
  });
}
