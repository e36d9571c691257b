/**
 * What the calling thread and a lane's thread share: memory, and words that say whose turn it is.
 *
 * ONNX Runtime takes no tensors over shared memory, so each side copies between this memory and
 * tensors of its own.
 * @module
 */
import type { TypedData } from "../graph/dtype.ts";
import type { SessionOptions } from "../runtime.ts";
import type { Port } from "../step_runner.ts";

/** Loss and gradient on a lane's rows, as plain data. */
export interface GradientProgram {
  model: Uint8Array;
  /** Inputs of the step at a lane's number of rows. */
  inputs: Port[];
  /** Name and shape of the flat parameters. */
  parameters: Port;
  /** Variables that are read and never change. */
  frozen: Port[];
  /** Name and shape of the flat gradient. */
  gradient: Port;
  metrics: Port[];
}

/** Memory of one lane. All of it is shared. */
export interface LaneMemory {
  /** The words of `Word`. */
  control: Int32Array;
  /** Elements of the inputs, twice: one set is filled while the other is computed on. */
  rows: [Record<string, TypedData>, Record<string, TypedData>];
  parameters: Float32Array;
  frozen: Record<string, TypedData>;
  gradient: Float32Array;
  /** First element of each metric. */
  metrics: Float64Array;
  /** UTF-8 text of the last error. */
  error: Uint8Array;
}

/** Places in `LaneMemory.control`. */
export const Word = {
  /** Number of the last request. */
  asked: 0,
  /** Number of the last answer. */
  answered: 1,
  /** What is asked: 0 or 1 compute on these rows, -1 end. */
  command: 2,
  /** Bytes of the error, or 0. */
  errorLength: 3,
  /** How often the frozen variables were written. */
  frozenVersion: 4,
} as const;

export const endCommand = -1;

/** What starts a lane. */
export interface LaneSetup {
  program: GradientProgram;
  memory: LaneMemory;
  session: SessionOptions;
}

/** A lane's only message: that it is ready, or why it is not. */
export type LaneReady = { error?: string };

/**
 * Longer than an update or the rest of a small step takes; a thread that sleeps is woken some 50
 * microseconds late.
 */
const spinMs = 0.3;

/** Returns once a word is no longer `seen`: looks for a while, then sleeps. */
export function waitForChange(control: Int32Array, word: number, seen: number): void {
  const until = performance.now() + spinMs;
  do {
    for (let i = 0; i < 100; i++) if (Atomics.load(control, word) !== seen) return;
  } while (performance.now() < until);
  while (Atomics.load(control, word) === seen) Atomics.wait(control, word, seen);
}

/** Sets a word and wakes whoever sleeps on it. */
export function announce(control: Int32Array, word: number, value: number): void {
  Atomics.store(control, word, value);
  Atomics.notify(control, word);
}
