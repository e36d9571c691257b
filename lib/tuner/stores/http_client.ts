/**
 * How the studies of a server are asked: JSON over HTTP, repeated while the server is away.
 * @module
 */
import { StudyStoreError } from "../errors.ts";

export interface ClientOptions {
  /** Address of the server; default TAPEBOOK_TRACKING_URI, else http://127.0.0.1:5000. */
  url?: string;
  /** How long a request is repeated while the server is away. Default 300,000. */
  retryForMs?: number;
  /** Replaces `fetch`, for instance by `app.request` in tests. */
  fetch?: (url: string, init: RequestInit) => Response | Promise<Response>;
}

/** The error answer of the server, with its code. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

function credentials(): Record<string, string> {
  const read = (name: string) => {
    try {
      return Deno.env.get(name);
    } catch {
      return undefined; // No permission to read the environment: no credentials.
    }
  };
  const token = read("MLFLOW_TRACKING_TOKEN");
  if (token) return { authorization: `Bearer ${token}` };
  const user = read("MLFLOW_TRACKING_USERNAME");
  if (user === undefined) return {};
  return { authorization: `Basic ${btoa(`${user}:${read("MLFLOW_TRACKING_PASSWORD") ?? ""}`)}` };
}

function defaultUrl(): string {
  try {
    return Deno.env.get("TAPEBOOK_TRACKING_URI") ?? "http://127.0.0.1:5000";
  } catch {
    return "http://127.0.0.1:5000";
  }
}

/** Sleeps, or returns early when the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) return done();
    signal?.addEventListener("abort", done);
  });
}

/** JSON over HTTP, repeated while the server is away. */
export class Client {
  readonly #base: string;
  readonly #retryForMs: number;
  readonly #fetch: NonNullable<ClientOptions["fetch"]>;
  /** Address of the server. */
  readonly address: string;
  constructor(options: ClientOptions) {
    this.address = (options.url ?? defaultUrl()).replace(/\/$/, "");
    this.#base = `${this.address}/api/tapebook/v1/studies`;
    this.#retryForMs = options.retryForMs ?? 300_000;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  async send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const deadline = Date.now() + this.#retryForMs;
    for (let attempt = 0;; attempt++) {
      let failure: Error;
      try {
        const response = await this.#fetch(`${this.#base}${path}`, {
          method,
          headers: { "content-type": "application/json", ...credentials() },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (response.ok) return JSON.parse(text) as T;
        const { error_code = "", message = text } = parseOrEmpty(text);
        failure = new Refusal(response.status, error_code, message);
        const isPassing = response.status >= 500 || response.status === 429 ||
          response.status === 408;
        if (!isPassing) throw failure;
      } catch (error) {
        if (error instanceof Refusal && error.status < 500 && ![408, 429].includes(error.status)) {
          throw error;
        }
        failure = error as Error;
      }
      const pause = Math.min(5000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
      if (signal?.aborted || Date.now() + pause > deadline) {
        throw new StudyStoreError(
          `Cannot reach the study store at ${this.#base}: ${failure.message}`,
          { cause: failure },
        );
      }
      await sleep(pause, signal);
    }
  }
}

function parseOrEmpty(text: string): { error_code?: string; message?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
