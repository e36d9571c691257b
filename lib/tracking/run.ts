/**
 * One run, as the program that makes it sees it.
 * @module
 */
import { BatchBuffer } from "./batch_buffer.ts";
import { RejectedError } from "./errors.ts";
import type { DatasetInput, RunStatus } from "./operation.ts";
import type { Session } from "./session.ts";
import { batchLimits, encodeMetric, flattenParams, paramText } from "./wire.ts";

export interface MetricOptions {
  /** Default: one more than the last step logged under this key, starting at 0. */
  step?: number;
  /** Milliseconds since 1970. Default now. */
  timestamp?: number;
}

/**
 * Records params, metrics, tags, datasets and artifacts of one run. Logging returns at once; a timer
 * sends what gathered in batches. `flush()` and `end()` wait until the server has it all.
 */
export class Run {
  readonly name: string;
  readonly #session: Session;
  readonly #handle: string;
  readonly #buffer: BatchBuffer;
  readonly #params: Map<string, string>;
  readonly #nextStep = new Map<string, number>();
  #status: RunStatus = "RUNNING";
  #ending: Promise<void> | null = null;

  /** Made by `tracker.startRun` and `tracker.resumeRun`. */
  constructor(session: Session, handle: string, name: string, params?: Map<string, string>) {
    this.#session = session;
    this.#handle = handle;
    this.name = name;
    this.#params = params ?? new Map();
    this.#buffer = new BatchBuffer((fragment, commutes) =>
      session.outbox.enqueue({ kind: "batch", run: handle, fragment, commutes })
    );
  }

  /** The server's run id; while the server never answered, a provisional one (`pending-…`). */
  get id(): string {
    return this.#session.directory.idOf(this.#handle);
  }

  /** The run's experiment, once the server made the run. */
  get experimentId(): string | null {
    return this.#session.directory.get(this.#handle)?.experimentId ?? null;
  }

  /** Where the server keeps its artifacts, once it made the run. */
  get artifactUri(): string | null {
    return this.#session.directory.get(this.#handle)?.artifactUri ?? null;
  }

  get status(): RunStatus {
    return this.#status;
  }

  /** Address of the run's page in Tapebook's UI. */
  get url(): string {
    return `${this.#session.uri}/runs/${this.id}`;
  }

  /**
   * Records params. Nested objects become dotted keys. A param cannot change: the same value again
   * is fine, another one is an error.
   *
   * @throws {TypeError} If a param was logged before with another value.
   */
  logParams(params: object): void {
    this.#assertActive("params");
    const pairs = flattenParams(params);
    for (const [key, value] of pairs) {
      const before = this.#params.get(key);
      if (before !== undefined && before !== value) {
        throw new TypeError(
          `Cannot log param "${key}": its value must stay ${JSON.stringify(before)}, got ${
            JSON.stringify(value)
          } (params never change; use a tag, or another run)`,
        );
      }
    }
    for (const [key, value] of pairs) {
      if (this.#params.has(key)) continue;
      this.#buffer.addParam(key, value);
      this.#params.set(key, value);
    }
    this.#session.touch();
  }

  /** Records one param. */
  logParam(key: string, value: unknown): void {
    this.logParams({ [key]: value });
  }

  /** Records one point of a metric. NaN and infinities are kept as they are. */
  logMetric(key: string, value: number, options: MetricOptions = {}): void {
    this.#assertActive(`metric "${key}"`);
    const step = options.step ?? this.#nextStep.get(key) ?? 0;
    this.#buffer.addMetric(key, value, options.timestamp ?? Date.now(), step);
    this.#nextStep.set(key, step + 1);
    this.#session.touch();
  }

  /** Records one point of each of several metrics. */
  logMetrics(metrics: Record<string, number>, options: MetricOptions = {}): void {
    const timestamp = options.timestamp ?? Date.now();
    for (const key in metrics) this.logMetric(key, metrics[key], { step: options.step, timestamp });
  }

  /**
   * Records a whole column of a metric, for instance an equity curve. `steps` default to 0, 1, 2, …
   * and `timestamps` (ms) to now for every point. Resolves when the points are at the server or in
   * the spool: a long column does not pile up in memory.
   *
   * @throws {RangeError} If the columns differ in length.
   */
  async logMetricColumn(
    key: string,
    values: Float64Array | Float32Array | readonly number[],
    options: {
      steps?: ArrayLike<number>;
      timestamps?: ArrayLike<number>;
    } = {},
  ): Promise<void> {
    this.#assertActive(`metric "${key}"`);
    const { steps, timestamps } = options;
    for (const [name, column] of [["steps", steps], ["timestamps", timestamps]] as const) {
      if (column && column.length !== values.length) {
        throw new RangeError(
          `Cannot log metric column "${key}": ${name} must have ${values.length} entries, got ${column.length}`,
        );
      }
    }
    for (let i = 0; i < values.length; i++) {
      if (steps && !Number.isSafeInteger(steps[i])) {
        throw new RangeError(
          `Cannot log metric column "${key}": steps[${i}] must be an integer, got ${steps[i]}`,
        );
      }
      if (timestamps && !(Number.isFinite(timestamps[i]) && timestamps[i] >= 0)) {
        throw new RangeError(
          `Cannot log metric column "${key}": timestamps[${i}] must be milliseconds since 1970, got ${
            timestamps[i]
          }`,
        );
      }
    }
    const jsonKey = this.#buffer.jsonKey(key);
    const now = Date.now();
    const underway: Promise<void>[] = [];
    for (let from = 0; from < values.length; from += batchLimits.metrics) {
      const to = Math.min(values.length, from + batchLimits.metrics);
      let text = '"metrics":[';
      for (let i = from; i < to; i++) {
        if (i > from) text += ",";
        text += encodeMetric(
          jsonKey,
          values[i],
          timestamps ? Math.trunc(timestamps[i]) : now,
          steps ? steps[i] : i,
        );
      }
      const ticket = this.#session.outbox.enqueue({
        kind: "batch",
        run: this.#handle,
        fragment: text + "]",
        commutes: true,
      });
      underway.push(ticket.settled);
      if (underway.length >= 16) await underway.shift();
    }
    if (values.length > 0) {
      this.#nextStep.set(key, (steps ? steps[values.length - 1] : values.length - 1) + 1);
    }
    await Promise.all(underway);
  }

  /** Sets tags; a tag may change. */
  setTags(tags: Record<string, unknown>): void {
    this.#assertActive("tags");
    for (const [key, value] of Object.entries(tags)) this.#buffer.addTag(key, paramText(value));
    this.#session.touch();
  }

  setTag(key: string, value: unknown): void {
    this.setTags({ [key]: value });
  }

  /** Says which datasets the run read. */
  logInputs(datasets: DatasetInput | DatasetInput[]): void {
    this.#assertActive("datasets");
    const list = Array.isArray(datasets) ? datasets : [datasets];
    for (const { name, digest } of list) {
      if (!name || name.length > 500) {
        throw new RangeError(
          `Cannot log dataset: name must have 1 to 500 characters, got ${JSON.stringify(name)}`,
        );
      }
      if (!digest) throw new RangeError(`Cannot log dataset "${name}": digest must not be empty`);
    }
    this.#session.outbox.enqueue({ kind: "inputs", run: this.#handle, datasets: list });
  }

  /**
   * Uploads an artifact: text, bytes, or a value written as JSON. `path` is its place below the
   * run's artifacts, for instance `model/model.onnx`. Resolves when the server has it, or when it is
   * safe in the spool.
   */
  async logArtifact(
    path: string,
    content: string | Uint8Array | object,
    options: { contentType?: string } = {},
  ): Promise<void> {
    checkArtifactPath(path);
    const bytes = content instanceof Uint8Array ? content.slice() : new TextEncoder().encode(
      typeof content === "string" ? content : JSON.stringify(content, null, 2),
    );
    await this.#upload(path, bytes, options.contentType);
  }

  /** Uploads a file, streamed. `path` defaults to the file's name. */
  async logArtifactFile(
    file: string | URL,
    path?: string,
    options: { contentType?: string } = {},
  ): Promise<void> {
    const local = file instanceof URL ? decodeURIComponent(file.pathname) : file;
    const target = path ?? local.split("/").at(-1)!;
    checkArtifactPath(target);
    const info = await Deno.stat(local).catch(() => null);
    if (!info?.isFile) {
      throw new TypeError(`Cannot log artifact: file must exist, got "${local}"`);
    }
    await this.#upload(target, { file: local, owned: false }, options.contentType);
  }

  async #upload(
    path: string,
    content: Uint8Array | { file: string; owned: boolean },
    contentType?: string,
  ): Promise<void> {
    this.#assertActive(`artifact "${path}"`);
    const ticket = this.#session.outbox.enqueue({
      kind: "artifact",
      run: this.#handle,
      path,
      content,
      contentType: contentType ?? contentTypeOf(path),
    });
    await ticket.settled;
  }

  #assertActive(what: string): void {
    if (this.#ending === null) return;
    throw new TypeError(
      `Cannot log ${what}: run "${this.name}" must be active, got one that ended as ${this.#status}`,
    );
  }

  /** Sends off what is buffered, without waiting. */
  send(): void {
    this.#buffer.cut();
  }

  /**
   * Waits until the server has all that this run logged.
   *
   * @throws {RejectedError} If the server refused something of it.
   * @throws {TrackingUnavailableError} If the server is still away after `timeoutMs` (default 60 s);
   * what was logged is in the spool then.
   */
  async flush(options: { timeoutMs?: number } = {}): Promise<void> {
    this.send();
    await this.#session.settle(options.timeoutMs ?? 60_000, this.#handle);
  }

  /**
   * Ends the run and waits until the server knows. When the server is away, the end goes to the
   * spool after `timeoutMs` (default 15 s) and one line says so. A second call does nothing more.
   *
   * @throws {RejectedError} If the server refused something that was logged; the run is ended.
   */
  end(status: RunStatus = "FINISHED", options: { timeoutMs?: number } = {}): Promise<void> {
    this.#ending ??= this.#end(status, options.timeoutMs ?? 15_000);
    return this.#ending;
  }

  async #end(status: RunStatus, timeoutMs: number): Promise<void> {
    this.send();
    this.#status = status;
    const { outbox } = this.#session;
    outbox.enqueue({ kind: "update", run: this.#handle, status, endTime: Date.now() });
    this.#session.activeRuns.delete(this);
    if (!(await outbox.idle(timeoutMs, this.#handle))) {
      outbox.spoolAll();
      this.#session.warnAway(`run "${this.name}"`);
    }
    const rejections = outbox.takeRejections(this.#handle);
    if (rejections.length > 0) throw new RejectedError(rejections, outbox.deadLetterPath);
  }
}

function checkArtifactPath(path: string): void {
  if (path === "" || path.startsWith("/") || path.split("/").some((p) => p === ".." || p === ".")) {
    throw new RangeError(
      `Cannot log artifact: path must be relative and without . or .. parts, got ${
        JSON.stringify(path)
      }`,
    );
  }
}

const contentTypes: Record<string, string> = {
  csv: "text/csv",
  html: "text/html; charset=utf-8",
  json: "application/json",
  md: "text/markdown; charset=utf-8",
  onnx: "application/octet-stream",
  parquet: "application/vnd.apache.parquet",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

function contentTypeOf(path: string): string {
  return contentTypes[path.split(".").at(-1)!.toLowerCase()] ?? "application/octet-stream";
}
