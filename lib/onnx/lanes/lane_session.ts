/**
 * Sessions whose calls read and write memory that stays.
 * @module
 */
import type { Dtype, TypedData } from "../graph/dtype.ts";
import {
  createSessionSync,
  type OrtFeeds,
  ortTensor,
  type Session,
  type SessionOptions,
} from "../runtime.ts";
import { NativeSession } from "./native_session.ts";

/** A tensor over elements that stay where they are. */
export interface LaneTensor {
  name: string;
  data: TypedData;
  dtype: Dtype;
  shape: readonly number[];
}

/** What a lane computes with. */
export interface LaneSession {
  /**
   * Calls by lists of inputs, then of outputs: one for each of both. `later` are names of inputs that
   * `replace` gives.
   */
  prepare(inputs: LaneTensor[][], later: string[], outputs: LaneTensor[][]): (() => void)[][];
  replace(tensor: LaneTensor): void;
  dispose(): void;
}

/** A session of onnxruntime-node, where its library cannot be called by itself. */
export class ModuleSession implements LaneSession {
  readonly #session: Session;
  #feeds: OrtFeeds[] = [];

  constructor(model: Uint8Array, options: SessionOptions) {
    this.#session = createSessionSync(model, options);
  }

  prepare(inputs: LaneTensor[][], _: string[], outputs: LaneTensor[][]): (() => void)[][] {
    const tensors = (all: LaneTensor[]): OrtFeeds =>
      Object.fromEntries(all.map((t) => [t.name, ortTensor(t.data, t.dtype, t.shape)]));
    const fetched = outputs.map(tensors);
    this.#feeds = inputs.map(tensors);
    return this.#feeds.map((feeds) =>
      fetched.map((fetches) => () => void this.#session.run(feeds, fetches))
    );
  }

  replace({ name, data, dtype, shape }: LaneTensor): void {
    for (const feeds of this.#feeds) feeds[name] = ortTensor(data, dtype, shape);
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/**
 * The faster session that this system has.
 *
 * @throws {Error} If ONNX Runtime refuses the model.
 */
export function openLaneSession(model: Uint8Array, options: SessionOptions): LaneSession {
  return NativeSession.create(model, options) ?? new ModuleSession(model, options);
}
