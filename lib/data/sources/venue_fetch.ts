import { SourceError } from "./source_error.ts";
import { type Sleep, systemSleep, TokenBucket } from "./token_bucket.ts";

/** How requests to a venue are made. */
export interface VenueFetchOptions {
  /** The source's name, for errors. */
  source: string;
  /** Makes one request; the platform's fetch by default. */
  fetch?: typeof fetch;
  timeoutMs?: number;
  /** Attempts after the first. Default 4. */
  retries?: number;
  /** First pause before a retry; doubles each time, up to a minute, less up to a half by chance. */
  backoffMs?: number;
  /** The longest wait that a venue's Retry-After may ask for. Default 2 minutes. */
  maxWaitMs?: number;
  rateLimit?: { requests: number; perMs: number };
  /** Texts that must never be seen in an error. */
  secrets?: readonly string[];
  now?: () => number;
  sleep?: Sleep;
  /** In [0, 1), for jitter. */
  random?: () => number;
}

/** A venue's answer: status, text, and the JSON in it when there is some. */
export interface VenueAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

/** Statuses after which the same request may succeed later. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Requests to a venue that bear with it: throttled by a token bucket, each with a timeout, repeated
 * with backoff and jitter after 408, 425, 429, 5xx, broken connections and truncated JSON, waiting as
 * long as Retry-After says.
 */
export class VenueFetch {
  /** Venue's clock minus ours in ms, by the Date header of the last answer; whole seconds. */
  skewMs = 0;
  readonly #options: VenueFetchOptions;
  readonly #bucket: TokenBucket | null;
  readonly #now: () => number;
  readonly #sleep: Sleep;

  constructor(options: VenueFetchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#sleep = options.sleep ?? systemSleep;
    const limit = options.rateLimit;
    this.#bucket = limit
      ? new TokenBucket(limit.requests, limit.perMs, this.#now, this.#sleep)
      : null;
  }

  /** Our clock set by the venue's. */
  venueTime(): number {
    return this.#now() + this.skewMs;
  }

  /**
   * The answer, whatever its status, unless that is a passing one to the end.
   *
   * `init` may be a function, so that a signed request is signed anew for each attempt.
   *
   * @throws {SourceError} `rate-limited`, `timeout`, `unavailable`, or `schema-changed` for an answer
   * that says it is JSON and is not.
   */
  async request(
    url: string,
    init: RequestInit | (() => RequestInit | Promise<RequestInit>) = {},
  ): Promise<VenueAnswer> {
    const { retries = 4, backoffMs = 500, timeoutMs = 20_000 } = this.#options;
    const random = this.#options.random ?? Math.random;
    for (let attempt = 0;; attempt++) {
      const made = typeof init === "function" ? await init() : init;
      const outer = made.signal ?? undefined;
      await this.#bucket?.take(outer);
      let failure: SourceError;
      let waitMs = 0;
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await (this.#options.fetch ?? fetch)(url, {
          ...made,
          signal: outer ? AbortSignal.any([outer, timeout]) : timeout,
        });
        const text = await response.text();
        const date = Date.parse(response.headers.get("date") ?? "");
        if (date === date) {
          const skew = date - this.#now();
          // The header has whole seconds: less than two of them are no skew.
          this.skewMs = Math.abs(skew) < 2000 ? 0 : skew;
        }
        const { status, headers } = response;
        if (!passing.has(status)) {
          const parsed = parseJson(text);
          const isJson = /\bjson\b/.test(headers.get("content-type") ?? "");
          if (parsed !== undefined || !isJson || text === "") {
            return { status, headers, text, json: parsed };
          }
          failure = this.#error(
            "schema-changed",
            url,
            "must answer whole JSON",
            shorten(text),
            status,
          );
        } else {
          waitMs = retryAfterMs(headers, this.#now());
          failure = status === 429
            ? this.#error("rate-limited", url, "must let us through", "status 429", status)
            : this.#error("unavailable", url, "must answer", `status ${status}`, status);
        }
      } catch (error) {
        if (outer?.aborted) throw outer.reason;
        failure = timeout.aborted
          ? this.#error("timeout", url, `must answer within ${timeoutMs} ms`, "nothing")
          : this.#error("unavailable", url, "must be reachable", (error as Error).message);
      }
      if (attempt >= retries || waitMs > (this.#options.maxWaitMs ?? 120_000)) throw failure;
      const pause = Math.min(60_000, backoffMs * 2 ** attempt) * (1 - random() / 2);
      await this.#sleep(Math.max(pause, waitMs), outer);
    }
  }

  /** As `fetch`, for libraries that take one. */
  asFetch(): typeof fetch {
    return async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      const answer = await this.request(url, init as RequestInit);
      const empty = [204, 205, 304].includes(answer.status);
      return new Response(empty ? null : answer.text, {
        status: answer.status,
        headers: answer.headers,
      });
    };
  }

  /** A text without the secrets in it, plain or percent-encoded. */
  redact(text: string): string {
    for (const secret of this.#options.secrets ?? []) {
      if (secret === "") continue;
      text = text.replaceAll(secret, "***").replaceAll(encodeURIComponent(secret), "***");
    }
    return text;
  }

  #error(
    fault: SourceError["fault"],
    url: string,
    rule: string,
    got: string,
    status?: number,
  ): SourceError {
    const { source } = this.#options;
    const { host, pathname } = new URL(url);
    return new SourceError(
      fault,
      source,
      this.redact(`Cannot fetch from ${source}: ${host}${pathname} ${rule}, got ${got}`),
      { status },
    );
  }
}

/**
 * Gives one client for as long as its secrets stay the same: the token bucket and the venue's clock hold
 * across the calls of a source.
 */
export function keepVenue(
  options: Omit<VenueFetchOptions, "secrets">,
): (...secrets: string[]) => VenueFetch {
  let venue: VenueFetch | undefined;
  let kept: string[] = [];
  return (...secrets) => {
    if (!venue || secrets.some((secret, k) => secret !== kept[k])) {
      kept = secrets;
      venue = new VenueFetch({ ...options, secrets });
    }
    return venue;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 30)}...${text.slice(-25)}` : text);
}

/** Retry-After as seconds or a date, in ms from now; 0 without one. */
function retryAfterMs(headers: Headers, now: number): number {
  const value = headers.get("retry-after");
  if (value === null) return 0;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  // By the venue's clock, where it tells the time.
  const reference = Date.parse(headers.get("date") ?? "");
  return date === date ? Math.max(0, date - (reference === reference ? reference : now)) : 0;
}
