/**
 * What the calling thread and a lane's thread share: words that say whose turn it is, and the
 * addresses of the memory that they compute on.
 * @module
 */
import type { TypedData } from "../graph/dtype.ts";
import type { HeadProgram } from "../head/head_kernel.ts";
import type { InputSpec } from "../input_spec.ts";
import type { SessionOptions } from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import type { MemoryAddress } from "../memory_address.ts";
import type { UpdateProgram } from "./update_kernel.ts";

/** A graph, by the names of its inputs and outputs. */
export interface GradientStage {
  model: Uint8Array;
  takes: string[];
  gives: string[];
}

/** Loss and gradient on a lane's rows, as plain data. */
export interface GradientProgram {
  /** One graph, or those before and after the head. */
  stages: [GradientStage] | [GradientStage, GradientStage];
  head: HeadProgram | null;
  /** Inputs of the step, at the rows of a part. */
  specs: Record<string, InputSpec>;
  /** Rows that a lane takes at a time, and how many times it does so in a step. */
  rows: number;
  parts: number;
  /** The variables, which lie end to end. */
  parameters: Port[];
  /** Variables that are read and never change. */
  frozen: Port[];
  /** The variables' gradients, which lie so as well. */
  gradient: Port[];
  metrics: Port[];
}

/** What a lane reads and writes in every step. The memory is the calling thread's. */
export interface LaneMemory {
  /** The two buffers that the parameters alternate between. */
  parameters: TypedData[];
  frozen: TypedData[];
  /** Of each part. */
  gradients: TypedData[];
  /** All of the first part, then of the others. */
  metrics: TypedData[];
}

/** A lane's memory as it is posted to its thread. */
export type LaneMemoryAddress = { [K in keyof LaneMemory]: MemoryAddress[] };

/** Memory over which a lane's thread is told what to do. All of it is shared. */
export interface LaneControl {
  /** The places of `Word`. */
  words: Int32Array;
  /** Data of the epoch: address and elements of the indices, then of each input of the specs. */
  data: BigInt64Array;
  /** What an update is told; what the lane's squares add up to, in the first place. */
  numbers: Float64Array;
  /** UTF-8 text of the last error. */
  error: Uint8Array;
}

/** Places in `LaneControl.words`. */
export const Word = {
  /** Number of the last request. */
  asked: 0,
  /** Number of the last answer. */
  answered: 1,
  /** What is asked: one of the commands below. */
  command: 2,
  /** Bytes of the error, or 0. */
  errorLength: 3,
  /** Number of the epoch, whose data is read again when it changes. */
  epoch: 4,
  /** Where the lane's rows begin among the indices. */
  from: 5,
  /** Which of the two sets of state is the present one. */
  set: 6,
} as const;

/** To take the gradient of the lane's rows. */
export const gradientCommand = 0;
/** To add up the squares of the lane's part of the gradient of all. */
export const squaresCommand = 1;
/** To update the lane's part of the state. */
export const updateCommand = 2;
export const endCommand = -1;

/** What starts a lane. */
export interface LaneSetup {
  lane: number;
  program: GradientProgram;
  memory: LaneMemoryAddress;
  update: UpdateProgram;
  updateMemory: WebAssembly.Memory;
  control: LaneControl;
  session: SessionOptions;
  /** File that the thread locks for as long as it lives. */
  lifeline: string;
}

/** A lane's only message: that it is ready, or why it is not. */
export type LaneReady = { error?: string };

/**
 * Longer than an update or the rest of a small step takes; a thread that sleeps is woken some 50
 * microseconds late.
 */
const spinMs = 0.3;

/** A sleeping thread looks about after this long. */
const sleepMs = 100;

/**
 * Returns once a word is no longer `seen`: looks for a while, then sleeps. A sleeper calls `check`
 * from time to time, which may throw.
 */
export function waitForChange(
  words: Int32Array,
  word: number,
  seen: number,
  check?: () => void,
): void {
  const until = performance.now() + spinMs;
  do {
    for (let i = 0; i < 100; i++) if (Atomics.load(words, word) !== seen) return;
  } while (performance.now() < until);
  while (Atomics.load(words, word) === seen) {
    const how = Atomics.wait(words, word, seen, check ? sleepMs : undefined);
    if (how === "timed-out") check?.();
  }
}

/** Sets a word and wakes whoever sleeps on it. */
export function announce(words: Int32Array, word: number, value: number): void {
  Atomics.store(words, word, value);
  Atomics.notify(words, word);
}
