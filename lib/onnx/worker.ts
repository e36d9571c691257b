/**
 * Training and rollout off the main thread. ONNX Runtime computes on the thread that calls it; a
 * server or a notebook stays responsive when that thread is a worker.
 * @module
 */
import type { TypedData } from "./graph/dtype.ts";
import type { FeedTensor, OutputTensor } from "./load.ts";
import type { SessionOptions, TensorInfo } from "./runtime.ts";
import type {
  CallOptions,
  EpochOptions,
  Indices,
  Port,
  RunnerOptions,
  StepFeeds,
  StepProgram,
  StepState,
} from "./step_runner.ts";

/** A training step that runs in a worker. Calls are answered in order. */
export interface WorkerStep {
  step(feeds: StepFeeds, options?: CallOptions): Promise<Record<string, number>>;
  /** Losses and metrics, one a step; one native call in the worker. */
  epoch(
    data: StepFeeds,
    indices: Indices,
    options?: EpochOptions,
  ): Promise<Record<string, Float32Array>>;
  state(): Promise<StepState>;
  restore(state: StepState): Promise<void>;
  /** Ends the worker; calls that wait are rejected. */
  dispose(): void;
}

/** A model that runs in a worker. */
export interface WorkerModel {
  readonly inputs: TensorInfo[];
  readonly outputs: TensorInfo[];
  run(feeds: Record<string, FeedTensor>): Promise<Record<string, OutputTensor>>;
  /** Ends the worker; calls that wait are rejected. */
  dispose(): void;
}

/** What is posted to the worker. */
export type Request =
  | { kind: "load"; bytes: Uint8Array; options: SessionOptions }
  | { kind: "run"; feeds: Record<string, FeedTensor> }
  | {
    kind: "start";
    program: StepProgram;
    options: RunnerOptions;
    state: StepState;
    frozen: (Port & { data: TypedData })[];
  }
  | { kind: "step"; feeds: StepFeeds; options: CallOptions }
  | {
    kind: "epoch";
    data: StepFeeds;
    indices: Indices;
    options: EpochOptions;
    rest: StepProgram | null;
  }
  | { kind: "state" }
  | { kind: "restore"; state: StepState };

/** What comes back. */
export type Reply = { id: number; value: unknown } | { id: number; error: string; name: string };

/** A worker that answers requests one after another. */
class Caller {
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { resolve(value: unknown): void; reject(error: Error): void }
  >();
  #next = 0;
  #ended: Error | null = null;

  constructor() {
    this.#worker = new Worker(new URL("./_worker_main.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const call = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("error" in data) {
        const error = data.name === "RangeError"
          ? new RangeError(data.error)
          : new Error(data.error);
        call?.reject(error);
      } else call?.resolve(data.value);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(new Error(`Cannot go on: the worker failed: ${event.message}`));
    };
  }

  call<T>(request: Request): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#worker.terminate();
    for (const call of this.#waiting.values()) call.reject(this.#ended);
    this.#waiting.clear();
  }

  dispose(): void {
    this.#end(new Error("Cannot run: the worker is disposed"));
  }
}

/**
 * A model from its ONNX bytes, in a worker of its own.
 *
 * @throws {Error} If the bytes are not a model that ONNX Runtime can run.
 */
export async function loadOnnxInWorker(
  bytes: Uint8Array,
  options: SessionOptions = {},
): Promise<WorkerModel> {
  const caller = new Caller();
  try {
    const info = await caller.call<{ inputs: TensorInfo[]; outputs: TensorInfo[] }>({
      kind: "load",
      bytes,
      options,
    });
    return {
      ...info,
      run: (feeds) => caller.call({ kind: "run", feeds }),
      dispose: () => caller.dispose(),
    };
  } catch (error) {
    caller.dispose();
    throw error;
  }
}

/** Starts a worker that holds a step and its state. */
export async function startWorkerStep(setup: {
  program: StepProgram;
  options: RunnerOptions;
  state: StepState;
  frozen: (Port & { data: TypedData })[];
  programFor: (batchSize: number) => StepProgram;
}): Promise<WorkerStep> {
  const { program, options, state, frozen, programFor } = setup;
  const caller = new Caller();
  // Getters are not cloned: the programs are written out.
  const plain = (p: StepProgram): StepProgram => ({ ...p });
  await caller.call({ kind: "start", program: plain(program), options, state, frozen });
  return {
    step: (feeds, options = {}) => caller.call({ kind: "step", feeds, options }),
    epoch(data, indices, options = {}) {
      const rest = indices.length % program.batchSize;
      const last = rest > 0 ? plain(programFor(rest)) : null;
      return caller.call({ kind: "epoch", data, indices, options, rest: last });
    },
    state: () => caller.call({ kind: "state" }),
    restore: (state) => caller.call({ kind: "restore", state }),
    dispose: () => caller.dispose(),
  };
}
