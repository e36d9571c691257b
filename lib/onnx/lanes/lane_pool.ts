/**
 * The lanes of a step beside the calling thread's: each a worker that computes the gradient of its
 * share of the rows.
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Dtype, TypedData } from "../graph/dtype.ts";
import type { SessionOptions } from "../runtime.ts";
import {
  announce,
  endCommand,
  gradientCommand,
  type GradientProgram,
  type LaneControl,
  type LaneMemory,
  type LaneReady,
  type LaneSetup,
  squaresCommand,
  updateCommand,
  waitForChange,
  Word,
} from "./lane_protocol.ts";
import { Lifeline } from "./lifeline.ts";
import { addressOf, type MemoryAddress } from "../memory_address.ts";
import type { UpdateProgram } from "./update_kernel.ts";

/** What a lane is made of. */
export interface LaneOptions {
  program: GradientProgram;
  memory: LaneMemory;
  update: UpdateProgram;
  updateMemory: WebAssembly.Memory;
  session: SessionOptions;
  /** The calling thread's is 0. */
  number: number;
}

/** One lane, seen from the calling thread. */
export class Lane {
  readonly #control: LaneControl;
  readonly #worker: Worker;
  readonly #lifeline = new Lifeline();
  readonly number: number;
  /** Kept alive: its thread knows this memory by address. */
  readonly #memory: LaneMemory;
  /** What it was told of last, kept alive as well. */
  #data: TypedData[] = [];
  #request = 0;
  /** Why the thread has ended, if it has. */
  #ended: Error | null = null;

  private constructor({ program, memory, update, updateMemory, session, number }: LaneOptions) {
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    this.#control = {
      words: new Int32Array(shared(4 * Object.keys(Word).length)),
      data: new BigInt64Array(shared(16 * (1 + Object.keys(program.specs).length))),
      numbers: new Float64Array(shared(8 * update.numbers)),
      error: new Uint8Array(shared(2048)),
    };
    this.number = number;
    this.#memory = memory;
    const { frozen, metrics } = program;
    const at = (data: TypedData, dtype: Dtype): MemoryAddress => ({
      dtype,
      address: addressOf(data),
      length: data.length,
    });
    const setup: LaneSetup = {
      lane: number,
      program,
      memory: {
        parameters: memory.parameters.map((data) => at(data, "float32")),
        frozen: memory.frozen.map((data, i) => at(data, frozen[i].dtype)),
        gradients: memory.gradients.map((data) => at(data, "float32")),
        metrics: memory.metrics.map((data, i) => at(data, metrics[i % metrics.length].dtype)),
      },
      update,
      updateMemory,
      control: this.#control,
      session,
      lifeline: this.#lifeline.path,
    };
    this.#worker = new Worker(new URL("./lane_worker.ts", import.meta.url), { workerData: setup });
  }

  /** @throws {Error} If the lane's thread cannot run the program. */
  static async start(options: LaneOptions): Promise<Lane> {
    const lane = new Lane(options);
    const { number } = options;
    const worker = lane.#worker;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string) => {
          lane.#ended = new Error(`Cannot train: lane ${number} failed: ${why}`);
          reject(new Error(`Cannot compile step: lane ${number} failed: ${why}`));
        };
        worker.on(
          "message",
          ({ error }: LaneReady) => error === undefined ? resolve() : fail(error),
        );
        worker.on("error", (error: Error) => fail(error.message));
        worker.on("exit", () => fail("its thread ended"));
      });
    } catch (error) {
      lane.#lifeline.close();
      await worker.terminate();
      throw error;
    } finally {
      lane.#lifeline.unlink();
    }
    // Lanes that were not disposed must not keep the process alive.
    worker.unref();
    return lane;
  }

  /** The data that the next requests take rows of; `data` in the order of the program's specs. */
  from(indices: Int32Array, data: TypedData[]): void {
    const before = this.#data;
    this.#data = [indices, ...data];
    if (this.#data.every((d, i) => d === before[i])) return;
    this.#data.forEach((d, i) => {
      this.#control.data[2 * i] = addressOf(d);
      this.#control.data[2 * i + 1] = BigInt(d.length);
    });
    Atomics.add(this.#control.words, Word.epoch, 1);
  }

  /** Asks for the gradient of the lane's rows, which begin at `from` among the indices. */
  askGradient(from: number, set: number): void {
    Atomics.store(this.#control.words, Word.from, from);
    Atomics.store(this.#control.words, Word.set, set);
    this.#ask(gradientCommand);
  }

  /** Asks for the sum of squares of the lane's part of the gradient, which is then in `squares`. */
  askSquares(): void {
    this.#ask(squaresCommand);
  }

  get squares(): number {
    return this.#control.numbers[0];
  }

  /** Asks for the update of the lane's part of a set of state. */
  askUpdate(set: number, numbers: number[]): void {
    Atomics.store(this.#control.words, Word.set, set);
    this.#control.numbers.set(numbers);
    this.#ask(updateCommand);
  }

  #ask(command: number): void {
    if (this.#ended) throw this.#ended;
    this.#send(command);
  }

  /** Waits for the answer. @throws {Error} If the lane failed or its thread has ended. */
  wait(): void {
    const { words, error } = this.#control;
    waitForChange(words, Word.answered, this.#request - 1, () => this.#checkAlive());
    const length = Atomics.exchange(words, Word.errorLength, 0);
    if (length > 0) {
      const text = new TextDecoder().decode(error.slice(0, length));
      throw new Error(`Cannot train: lane ${this.number} failed: ${text}`);
    }
  }

  #checkAlive(): void {
    if (!this.#ended && this.#lifeline.isCut()) {
      this.#ended = new Error(`Cannot train: lane ${this.number} failed: its thread ended`);
    }
    if (this.#ended) throw this.#ended;
  }

  /** Ends the thread at once, whatever it does: what dispose() must not do to native code. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Ends the lane's thread, which must have answered. */
  dispose(): void {
    if (!this.#ended) {
      this.#send(endCommand);
      try {
        waitForChange(
          this.#control.words,
          Word.answered,
          this.#request - 1,
          () => this.#checkAlive(),
        );
      } catch { /* It ended by itself. */ }
      this.#ended = new Error(`Cannot train: lane ${this.number} failed: it is disposed`);
    }
    this.#lifeline.close();
    this.#worker.terminate();
  }

  #send(command: number): void {
    const { words } = this.#control;
    Atomics.store(words, Word.command, command);
    announce(words, Word.asked, ++this.#request);
  }
}
