/**
 * Keeps the workers of an A3C training going: starts them, notices deaths, replaces the dead.
 * @module
 */
import type { Environment } from "../environment.ts";
import { EnvironmentError } from "../environment.ts";
import type { ResolvedA3cConfig } from "./a3c_config.ts";
import { WorkerDiedError } from "./errors.ts";
import { TrainingDivergedError } from "../trainer.ts";
import { answerRemote, type RemotePort } from "./remote_environment.ts";
import { counter, type SharedMemory, workerCounter, workerView } from "./shared_memory.ts";
import type { WorkerInit, WorkerReply } from "./worker_protocol.ts";

/** A worker that was replaced, and why. */
export interface WorkerReplacement {
  worker: number;
  /** Environment steps of all workers when it was noticed. */
  steps: number;
  reason: string;
}

interface Seat {
  worker: Worker | null;
  attempt: number;
  isReady: boolean;
  isDone: boolean;
  /** The heartbeat last seen, and when it changed. */
  heartbeat: number;
  changedAt: number;
}

/** What workers need besides their index. */
export interface SupervisorOptions {
  memory: SharedMemory;
  config: ResolvedA3cConfig;
  init: Omit<WorkerInit, "index" | "attempt" | "memory" | "config" | "environment">;
  /** How each worker gets its environment. */
  environments: (
    | { kind: "module"; address: Extract<WorkerInit["environment"], { kind: "module" }>["address"] }
    | { kind: "remote"; port: RemotePort; environment: Environment }
  )[];
  onReplace?: (replacement: WorkerReplacement) => void;
}

export class Supervisor {
  readonly replacements: WorkerReplacement[] = [];
  readonly #options: SupervisorOptions;
  readonly #seats: Seat[];
  #failure: Error | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#seats = options.environments.map(() => ({
      worker: null,
      attempt: 0,
      isReady: false,
      isDone: false,
      heartbeat: 0,
      changedAt: 0,
    }));
  }

  /** Whether all workers have ended their work. */
  get isDone(): boolean {
    return this.#seats.every((s) => s.isDone);
  }

  start(): void {
    this.#seats.forEach((_, i) => this.#seat(i));
  }

  /**
   * Looks after the workers: to be called every few milliseconds.
   *
   * @throws {EnvironmentError} If an environment gave a NaN.
   * @throws {TrainingDivergedError} If a gradient is no longer a number.
   * @throws {WorkerDiedError} If too many workers died.
   * @throws What an environment of this thread threw.
   */
  check(): void {
    const now = performance.now();
    const { stallTimeoutMs, startTimeoutMs } = this.#options.config;
    this.#seats.forEach((seat, i) => {
      if (seat.isDone || seat.worker === null) return;
      const heartbeat = Atomics.load(
        workerView(this.#options.memory, i),
        workerCounter.heartbeat,
      );
      if (heartbeat !== seat.heartbeat) {
        seat.heartbeat = heartbeat;
        seat.changedAt = now;
        seat.isReady = true;
      }
      const limit = seat.isReady ? stallTimeoutMs : startTimeoutMs;
      if (now - seat.changedAt > limit) {
        this.#replace(i, new Error(`it made no progress for ${Math.round(limit)} ms`));
      }
    });
    if (this.#failure) throw this.#failure;
  }

  /** Ends all workers at once. */
  terminate(): void {
    for (const seat of this.#seats) {
      seat.worker?.terminate();
      seat.worker = null;
      seat.isDone = true;
    }
  }

  #seat(index: number): void {
    const seat = this.#seats[index];
    const { memory, config, init, environments } = this.#options;
    const worker = new Worker(new URL("./worker_main.ts", import.meta.url), {
      type: "module",
      name: `a3c-${index}`,
    });
    seat.worker = worker;
    seat.isReady = false;
    seat.changedAt = performance.now();
    seat.heartbeat = Atomics.load(workerView(memory, index), workerCounter.heartbeat);
    worker.onerror = (event) => {
      event.preventDefault();
      if (seat.worker === worker) this.#replace(index, new Error(event.message));
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      if (seat.worker === worker) this.#receive(index, data);
    };
    const source = environments[index];
    const message: WorkerInit = {
      ...init,
      index,
      attempt: seat.attempt,
      memory,
      config,
      environment: source.kind === "module"
        ? { kind: "module", address: source.address }
        : { kind: "remote", port: source.port },
    };
    worker.postMessage(message);
  }

  #receive(index: number, reply: WorkerReply): void {
    const seat = this.#seats[index];
    if (reply.kind === "environment") {
      const source = this.#options.environments[index];
      if (source.kind !== "remote") return;
      try {
        answerRemote(source.environment, source.port);
      } catch (error) {
        // An environment of this thread fails as it would in a synchronous training.
        this.#fail(error as Error);
      }
    } else if (reply.kind === "done") {
      seat.isDone = true;
      seat.worker?.terminate();
      seat.worker = null;
    } else {
      const { name, message, environment } = reply.error;
      // What the environment or the loss did wrong, a new worker would do again.
      if (name === "EnvironmentError") this.#fail(new EnvironmentError(message, environment ?? 0));
      else if (name === "GradientError") this.#fail(new TrainingDivergedError(message, []));
      else if (reply.isFatal) this.#fail(Object.assign(new Error(message), { name }));
      else this.#replace(index, Object.assign(new Error(message), { name }));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    Atomics.store(this.#options.memory.counters, counter.stop, 1);
    this.terminate();
  }

  #replace(index: number, cause: Error): void {
    const seat = this.#seats[index];
    seat.worker?.terminate();
    seat.worker = null;
    const { maxReplacements } = this.#options.config;
    if (this.replacements.length >= maxReplacements) {
      this.#fail(
        new WorkerDiedError(
          `Cannot train A3C: at most ${maxReplacements} workers may die, got another death of worker ${index}: ${cause.message}`,
          index,
          cause,
        ),
      );
      return;
    }
    const replacement = {
      worker: index,
      steps: Atomics.load(this.#options.memory.counters, counter.steps),
      reason: cause.message,
    };
    this.replacements.push(replacement);
    this.#options.onReplace?.(replacement);
    seat.attempt++;
    this.#seat(index);
  }
}
