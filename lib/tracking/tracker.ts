/**
 * The client's entry: `connect()` gives a tracker, a tracker starts runs and speaks to the registry.
 * @module
 */
import { join } from "node:path";
import { type ConnectionOptions, readEnv, resolveConnection } from "./connection.ts";
import { ensureExperiment, RunDirectory } from "./deliver.ts";
import { TrackingError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Outbox } from "./outbox.ts";
import { type ModelVersion, type RegisterOptions, Registry } from "./registry.ts";
import { Run } from "./run.ts";
import { RunReader, type RunRecord } from "./run_reader.ts";
import { Session } from "./session.ts";
import type { RunStatus } from "./operation.ts";
import { captureSource } from "./capture.ts";
import { logSystemMetrics, type SystemMetricsOptions } from "./system_metrics.ts";
import { Transport, type TransportOptions } from "./transport.ts";

export interface ConnectOptions extends ConnectionOptions, TransportOptions {
  /**
   * Folder where operations wait while the server is away. Default `spool` under TAPEBOOK_HOME
   * (`.tapebook`); `null` keeps them in memory.
   */
  spoolDir?: string | null;
  /** How long logged values gather before they leave. Default 200 ms. */
  flushIntervalMs?: number;
  /** Longest pause between tries while the server is away. Default 10 s. */
  maxBackoffMs?: number;
  /** How long `startRun` waits for an absent server before it goes on offline. Default 5 s. */
  offlineAfterMs?: number;
  /** Whether `startRun` may go on without the server (`spool`, default) or must not (`fail`). */
  offline?: "spool" | "fail";
  /** Batches of a metric column that may be on their way at once. Default 4. */
  window?: number;
  /** Time between signs of life of active runs; 0 sends none. Default 30 s. */
  heartbeatMs?: number;
  /** Where one-line warnings go. Default `console.warn`. */
  warn?: (message: string) => void;
}

export interface StartRunOptions {
  /** Name of the experiment, made when missing. Default MLFLOW_EXPERIMENT_NAME or `Default`. */
  experiment?: string;
  experimentId?: string;
  /** Default `run-` and the time. */
  name?: string;
  tags?: Record<string, unknown>;
  /** The run that this one belongs to (tag `mlflow.parentRunId`). */
  parentRunId?: string;
  description?: string;
  /** Default: the program's user. */
  user?: string;
  /** Logs processor, memory, network and GPU while the run goes on. Default off. */
  systemMetrics?: boolean | SystemMetricsOptions;
  /** Set false to leave out source, commit and lock hash. */
  capture?: boolean;
}

/** A client of one tracking server. Make it with `connect`. */
export class Tracker {
  readonly uri: string;
  /** Reads runs, metrics and artifacts back. */
  readonly reader: RunReader;
  /** Registered models, their versions and aliases. */
  readonly registry: Registry;
  /** For calls that have no method here. */
  readonly transport: Transport;
  readonly #session: Session;
  readonly #options: ConnectOptions;
  readonly #heartbeat: Heartbeat;
  readonly #onUnload = () => {
    this.#session.sendAll();
    this.#session.outbox.spoolAll();
  };

  constructor(uri?: string, options: ConnectOptions = {}) {
    const connection = resolveConnection(uri, options);
    this.uri = connection.uri;
    this.#options = options;
    this.transport = new Transport(connection, options);
    const warn = options.warn ?? ((message) => console.warn(message));
    const directory = new RunDirectory();
    const outbox = new Outbox(this.transport, directory, {
      spoolDir: options.spoolDir === null
        ? null
        : join(options.spoolDir ?? defaultSpoolDir(), serverFolder(this.uri)),
      window: options.window ?? 4,
      maxBackoffMs: options.maxBackoffMs ?? 10_000,
      backoffBaseMs: options.backoffBaseMs ?? 200,
      memoryBytes: 64 * 2 ** 20,
      warn,
    });
    this.#session = new Session({
      uri: this.uri,
      outbox,
      directory,
      flushIntervalMs: options.flushIntervalMs ?? 200,
      warn,
    });
    this.#heartbeat = new Heartbeat(this.#session, this.transport, options.heartbeatMs ?? 30_000);
    this.registry = new Registry(this.transport);
    this.reader = new RunReader(this.transport);
    outbox.adoptLeftovers();
    globalThis.addEventListener("unload", this.#onUnload);
  }

  /** Runs that were started here and have not ended. */
  get activeRuns(): readonly Run[] {
    return [...this.#session.activeRuns];
  }

  /** Operations that the server does not have yet. */
  get waiting(): number {
    return this.#session.outbox.waiting;
  }

  /**
   * Starts a run. When the server cannot be reached within `offlineAfterMs`, the run goes on with a
   * provisional id and everything it logs waits in the spool.
   *
   * @throws {TrackingError} If the server refuses the run (a deleted experiment, credentials).
   */
  async startRun(options: StartRunOptions = {}): Promise<Run> {
    const name = options.name ?? `run-${new Date().toISOString().slice(0, 19).replace(/:/g, "")}`;
    const handle = `pending-${crypto.randomUUID()}`;
    const user = options.user ?? readEnv("USER") ?? readEnv("LOGNAME") ?? "unknown";
    const tags: Record<string, unknown> = {
      "mlflow.user": user,
      ...(options.capture === false ? {} : await captureSource()),
      ...(options.description === undefined ? {} : { "mlflow.note.content": options.description }),
      ...options.tags,
    };
    const ticket = this.#session.outbox.enqueue({
      kind: "create",
      run: handle,
      experiment: options.experimentId !== undefined
        ? { id: options.experimentId }
        : { name: options.experiment ?? readEnv("MLFLOW_EXPERIMENT_NAME") ?? "Default" },
      name,
      tags: Object.entries(tags).map(([k, v]) => [k, typeof v === "string" ? v : String(v)]),
      startTime: Date.now(),
      user,
      parent: options.parentRunId ?? null,
    }, true);
    const waitMs = this.#options.offlineAfterMs ?? 5_000;
    const isCreated = await within(waitMs, ticket.delivered);
    if (!isCreated) {
      const reason = this.#session.outbox.away?.message ??
        `Cannot reach tracking server at ${this.uri}: no answer within ${waitMs} ms`;
      if (this.#options.offline === "fail") {
        ticket.cancel();
        throw new TrackingError(`Cannot start run "${name}": ${reason}`, {
          status: 0,
          errorCode: "UNREACHABLE",
          endpoint: "POST runs/create",
          cause: this.#session.outbox.away,
        });
      }
      ticket.release();
      this.#session.warnAway(`run "${name}"`);
    }
    const run = new Run(this.#session, handle, name);
    this.#session.activeRuns.add(run);
    this.#heartbeat.start();
    if (options.systemMetrics) {
      logSystemMetrics(run, options.systemMetrics === true ? {} : options.systemMetrics);
    }
    return run;
  }

  /** Goes on logging to a run that exists on the server; its status becomes RUNNING again. */
  async resumeRun(runId: string): Promise<Run> {
    const record = await this.reader.getRun(runId);
    this.#session.directory.set(runId, {
      runId,
      artifactUri: record.artifactUri,
      experimentId: record.experimentId,
    });
    const run = new Run(
      this.#session,
      runId,
      record.name,
      new Map(Object.entries(record.params)),
    );
    if (record.status !== "RUNNING") {
      this.#session.outbox.enqueue({
        kind: "update",
        run: runId,
        status: "RUNNING",
        endTime: null,
      });
    }
    this.#session.activeRuns.add(run);
    this.#heartbeat.start();
    return run;
  }

  /**
   * Starts a run, calls `body` with it, and ends it: FINISHED, or FAILED when `body` throws.
   */
  async withRun<T>(
    options: StartRunOptions,
    body: (run: Run) => T | Promise<T>,
  ): Promise<T> {
    const run = await this.startRun(options);
    let result: T;
    try {
      result = await body(run);
    } catch (error) {
      run.setTags({ "tapebook.error": String(error).slice(0, 1000) });
      await run.end("FAILED");
      throw error;
    }
    await run.end();
    return result;
  }

  /** The id of an experiment, made when it is missing. */
  ensureExperiment(name: string): Promise<string> {
    return ensureExperiment(this.transport, this.#session.directory, name);
  }

  /** The run with its params, latest metrics and tags. */
  getRun(runId: string): Promise<RunRecord> {
    return this.reader.getRun(runId);
  }

  /** Makes a model version; the model is made when missing. */
  registerModel(options: RegisterOptions): Promise<ModelVersion> {
    return this.registry.registerModel(options);
  }

  /** Points `alias` at a version of a model. */
  setAlias(name: string, alias: string, version: string | number): Promise<void> {
    return this.registry.setAlias(name, alias, version);
  }

  /**
   * Waits until the server has all that was logged here.
   *
   * @throws {RejectedError} If the server refused something.
   * @throws {TrackingUnavailableError} If it is still away after `timeoutMs` (default 60 s).
   */
  async flush(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#session.sendAll();
    await this.#session.settle(options.timeoutMs ?? 60_000);
  }

  /** Ends every active run with `status`, children before their parents' order of start. */
  async endAll(
    status: RunStatus = "FINISHED",
    options: { timeoutMs?: number } = {},
  ): Promise<void> {
    const runs = [...this.#session.activeRuns].reverse();
    await Promise.all(runs.map((run) => run.end(status, options)));
  }

  /** Stops without waiting; what the server does not have yet stays in the spool. */
  async close(): Promise<void> {
    globalThis.removeEventListener("unload", this.#onUnload);
    this.#session.sendAll();
    this.#session.stopTimer();
    await Promise.all([this.#session.outbox.close(), this.#heartbeat.stop()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush().finally(() => this.close());
  }
}

/**
 * A tracker for the server at `uri` (default TAPEBOOK_TRACKING_URI, MLFLOW_TRACKING_URI, or
 * http://127.0.0.1:5000). Nothing is sent before the first call, except what an earlier program
 * left in the spool for this server.
 */
export function connect(uri?: string, options: ConnectOptions = {}): Tracker {
  return new Tracker(uri, options);
}

function defaultSpoolDir(): string {
  return join(readEnv("TAPEBOOK_HOME") ?? ".tapebook", "spool");
}

/** A folder name for a server's address: `http://127.0.0.1:5000` gives `127.0.0.1_5000`. */
function serverFolder(uri: string): string {
  return uri.replace(/^http:\/\//, "").replace(/[^\w.-]+/g, "_");
}

async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), ms));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
