/**
 * The lanes of a step beside the calling thread's: each a worker that computes the gradient of its
 * share of the rows.
 * @module
 */
import { makeData, sizeOf, type TypedData } from "../graph/dtype.ts";
import type { SessionOptions } from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import {
  announce,
  endCommand,
  type GradientProgram,
  type LaneMemory,
  type LaneReady,
  type LaneSetup,
  waitForChange,
  Word,
} from "./lane_protocol.ts";

/** One lane, seen from the calling thread. */
export class Lane {
  readonly memory: LaneMemory;
  readonly #worker: Worker;
  #request = 0;

  private constructor(program: GradientProgram, readonly number: number) {
    this.memory = laneMemory(program);
    this.#worker = new Worker(new URL("./lane_worker.ts", import.meta.url), { type: "module" });
  }

  /** @throws {Error} If the lane's thread cannot run the program. */
  static async start(
    program: GradientProgram,
    session: SessionOptions,
    number: number,
  ): Promise<Lane> {
    const lane = new Lane(program, number);
    const worker = lane.#worker;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string) =>
          reject(new Error(`Cannot compile step: lane ${number} failed: ${why}`));
        worker.onmessage = ({ data }: MessageEvent<LaneReady>) =>
          data.error === undefined ? resolve() : fail(data.error);
        worker.onerror = (event) => {
          event.preventDefault();
          fail(event.message);
        };
        const setup: LaneSetup = { program, memory: lane.memory, session };
        worker.postMessage(setup);
      });
    } catch (error) {
      worker.terminate();
      throw error;
    }
    return lane;
  }

  /** Lets the lane compute on one of its two sets of rows. */
  ask(rows: 0 | 1): void {
    this.#send(rows);
  }

  /** Waits for the answer. @throws {Error} If the lane failed. */
  wait(): void {
    const { control, error } = this.memory;
    waitForChange(control, Word.answered, this.#request - 1);
    const length = Atomics.exchange(control, Word.errorLength, 0);
    if (length > 0) {
      const text = new TextDecoder().decode(error.slice(0, length));
      throw new Error(`Cannot train: lane ${this.number} failed: ${text}`);
    }
  }

  setFrozen(values: { name: string; data: TypedData }[]): void {
    const { frozen, control } = this.memory;
    for (const { name, data } of values) {
      (frozen[name] as Float32Array | undefined)?.set(data as Float32Array);
    }
    Atomics.add(control, Word.frozenVersion, 1);
  }

  /** Ends the lane's thread. */
  dispose(): void {
    this.#send(endCommand);
    waitForChange(this.memory.control, Word.answered, this.#request - 1);
    this.#worker.terminate();
  }

  #send(command: number): void {
    const { control } = this.memory;
    Atomics.store(control, Word.command, command);
    announce(control, Word.asked, ++this.#request);
  }
}

function laneMemory(program: GradientProgram): LaneMemory {
  const arrays = (ports: Port[]) => Object.fromEntries(ports.map((p) => [p.name, sharedData(p)]));
  return {
    control: new Int32Array(new SharedArrayBuffer(4 * Object.keys(Word).length)),
    rows: [arrays(program.inputs), arrays(program.inputs)],
    parameters: sharedData(program.parameters) as Float32Array,
    frozen: arrays(program.frozen),
    gradient: sharedData(program.gradient) as Float32Array,
    metrics: new Float64Array(new SharedArrayBuffer(8 * program.metrics.length)),
    error: new Uint8Array(new SharedArrayBuffer(2048)),
  };
}

function sharedData({ dtype, shape }: Port): TypedData {
  const type = makeData(dtype, 0).constructor as Float32ArrayConstructor;
  return new type(new SharedArrayBuffer(type.BYTES_PER_ELEMENT * sizeOf(shape)));
}
