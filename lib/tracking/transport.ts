/**
 * One HTTP conversation with a tracking server: JSON calls with MLflow's errors, retries with
 * back-off that honour `Retry-After`, a time limit per attempt.
 * @module
 */
import { backoffMs, parseRetryAfter } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { isRetryable, TrackingError } from "./errors.ts";

export interface TransportOptions {
  /** Time limit of one attempt of a JSON call. Default 30 s. */
  timeoutMs?: number;
  /** Attempts after the first one, where asking again may help. Default 5. */
  retries?: number;
  /** First wait between attempts. Default 200 ms. */
  backoffBaseMs?: number;
  /** For tests: stands in for the global fetch. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  query?: Record<string, string | number | undefined>;
  /** A value to be written as JSON, or JSON text already. */
  body?: unknown;
  jsonText?: string;
  /** Attempts after the first; default the transport's. */
  retries?: number;
  timeoutMs?: number;
  /** Called before every attempt after the first; a result other than undefined is the answer. */
  beforeRetry?: () => Promise<unknown>;
}

export class Transport {
  readonly connection: Connection;
  readonly #options: Required<Omit<TransportOptions, "fetch">>;
  readonly #fetch: typeof fetch;
  readonly #underway = new Set<AbortController>();

  constructor(connection: Connection, options: TransportOptions = {}) {
    this.connection = connection;
    this.#options = {
      timeoutMs: options.timeoutMs ?? 30_000,
      retries: options.retries ?? 5,
      backoffBaseMs: options.backoffBaseMs ?? 200,
    };
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Breaks off what is on its way. */
  close(): void {
    for (const controller of this.#underway) controller.abort();
  }

  /** A call below `/api/2.0/mlflow/`: the answer's JSON. */
  mlflow<T = Record<string, unknown>>(
    method: string,
    endpoint: string,
    options: CallOptions = {},
  ): Promise<T> {
    return this.json<T>(method, `/api/2.0/mlflow/${endpoint}`, options);
  }

  /** A JSON call to any path of the server. */
  async json<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<T> {
    const retries = options.retries ?? this.#options.retries;
    for (let attempt = 0;; attempt++) {
      try {
        if (attempt > 0 && options.beforeRetry) {
          const known = await options.beforeRetry();
          if (known !== undefined) return known as T;
        }
        return await this.#once<T>(method, path, options);
      } catch (error) {
        if (attempt >= retries || !isRetryable(error)) throw error;
        const waitMs = backoffMs(attempt, {
          baseMs: this.#options.backoffBaseMs,
          retryAfterMs: error.retryAfterMs,
        });
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  async #once<T>(method: string, path: string, options: CallOptions): Promise<T> {
    const text = options.jsonText ??
      (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers: Record<string, string> = text === undefined
      ? {}
      : { "content-type": "application/json" };
    const response = await this.raw(method, path, {
      query: options.query,
      headers,
      body: text,
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
    });
    const answer = await response.text();
    if (answer === "") return {} as T;
    try {
      return JSON.parse(answer) as T;
    } catch (cause) {
      throw new TrackingError(
        `Cannot read answer of ${method} ${path}: it must be JSON, got ${
          JSON.stringify(answer.slice(0, 200))
        }`,
        { status: response.status, errorCode: "MALFORMED_ANSWER", endpoint: path, cause },
      );
    }
  }

  /**
   * One request, no retry. The answer's body is still to be read. `timeoutMs` covers the time until
   * the whole answer of an error, or the headers of a good one, are there; 0 is no limit.
   *
   * @throws {TrackingError} With status 0 when no answer came, else with the answer's status.
   */
  async raw(
    method: string,
    path: string,
    options: {
      query?: Record<string, string | number | undefined>;
      headers?: Record<string, string>;
      body?: BodyInit;
      timeoutMs?: number;
    } = {},
  ): Promise<Response> {
    const url = new URL(this.connection.uri + path);
    for (const [key, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.append(key, String(value));
    }
    const headers: Record<string, string> = { ...options.headers };
    if (this.connection.authorization !== null) {
      headers.authorization = this.connection.authorization;
    }
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    const controller = new AbortController();
    this.#underway.add(controller);
    const timer = timeoutMs > 0 ? setTimeout(() => controller.abort(), timeoutMs) : undefined;
    const endpoint = `${method} ${path.replace(/^\/api\/2\.0\/mlflow\//, "")}`;
    try {
      const response = await this.#fetch(url, {
        method,
        headers,
        body: options.body,
        signal: controller.signal,
        redirect: "follow",
      });
      if (response.ok) return response;
      throw await readError(response, endpoint);
    } catch (error) {
      if (error instanceof TrackingError) throw error;
      const reason = controller.signal.aborted
        ? `no answer within ${timeoutMs} ms`
        : rootMessage(error);
      throw new TrackingError(
        `Cannot reach tracking server at ${this.connection.uri} (${endpoint}): ${reason}`,
        { status: 0, errorCode: "UNREACHABLE", endpoint, cause: error },
      );
    } finally {
      clearTimeout(timer);
      this.#underway.delete(controller);
    }
  }
}

/** The innermost reason: fetch wraps it. */
function rootMessage(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  const text = at instanceof Error ? at.message : String(at);
  return text.replace(/^error sending request for url \(.*?\): /, "");
}

async function readError(response: Response, endpoint: string): Promise<TrackingError> {
  const text = await response.text().catch(() => "");
  let errorCode = `HTTP_${response.status}`;
  let message = text.slice(0, 500) || response.statusText;
  try {
    const body = JSON.parse(text);
    if (typeof body?.error_code === "string") errorCode = body.error_code;
    if (typeof body?.message === "string") message = body.message;
  } catch { /* not MLflow's error shape: the text says what it can */ }
  if (response.status === 401 || response.status === 403) {
    message +=
      ` (set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD)`;
  }
  return new TrackingError(message, {
    status: response.status,
    errorCode,
    endpoint,
    retryAfterMs: parseRetryAfter(response.headers.get("retry-after")),
  });
}
