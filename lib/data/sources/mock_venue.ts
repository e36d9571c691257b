import assert from "node:assert/strict";
import { SourceError } from "./source_error.ts";

/** A venue on 127.0.0.1 for tests: answers by a handler, can be told to fail first. */
export interface MockVenue extends AsyncDisposable {
  url: string;
  /** Requests that arrived, oldest first. */
  requests: { url: URL; headers: Headers }[];
  /** Answers given before the handler's, one each. */
  faults: (() => Response | Promise<Response>)[];
  /** A fetch that sends whatever host is asked for to this server. */
  fetch: typeof fetch;
}

/** Starts a mock venue. */
export function mockVenue(
  handler: (url: URL, request: Request) => Response | Promise<Response>,
): MockVenue {
  const requests: MockVenue["requests"] = [];
  const faults: MockVenue["faults"] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      requests.push({ url, headers: request.headers });
      const fault = faults.shift();
      if (fault) {
        await request.body?.cancel();
        return await fault();
      }
      return await handler(url, request);
    },
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  return {
    url: base,
    requests,
    faults,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : String(input));
      return fetch(base + url.pathname + url.search, init);
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Faults that venues have: each must be borne or named. */
export const venueFaults = {
  tooMany: (seconds = 1) => () =>
    Response.json({ error: "slow down" }, {
      status: 429,
      headers: { "retry-after": String(seconds) },
    }),
  broken: () => new Response("Internal Server Error", { status: 500 }),
  truncated: () =>
    new Response('{"candles": [{"time": "2024-01-', {
      headers: { "content-type": "application/json" },
    }),
};

/** Options that make a source wait in no real time; `waits` tells for how long it would have. */
export function patientClock(start = Date.UTC(2024, 5, 1)) {
  let now = start;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    sleep: (ms: number) => {
      waits.push(Math.round(ms));
      now += ms;
      return Promise.resolve();
    },
    random: () => 0,
  };
}

/** The first time that mock venues have bars for. */
export const start = Date.UTC(2024, 0, 2);

/** Credentials of the tests. */
export const environment: Record<string, string> = {
  ALPHAVANTAGE_API_KEY: "av-secret-1",
  OANDA_API_TOKEN: "oanda-secret-2",
  OANDA_ACCOUNT_ID: "101-004-1",
  ROBINHOOD_API_KEY: "rh-secret-3",
  ROBINHOOD_PRIVATE_KEY: btoa(String.fromCharCode(...new Uint8Array(32).fill(7))),
};
export const env = (name: string) => environment[name];

/** A predictable bar number k. */
export const bar = (k: number) => ({
  o: 100 + k,
  h: 101.5 + k,
  l: 99.25 + k,
  c: 100.75 + k,
  v: 10 + k,
});

/** Asserts the fault, and that no secret is in the error. */
export async function refuses(
  body: Promise<unknown>,
  fault: string,
  message?: RegExp,
): Promise<void> {
  await assert.rejects(body, (error: unknown) => {
    assert.ok(error instanceof SourceError, String(error));
    assert.equal(error.fault, fault, error.message);
    if (message) assert.match(error.message, message);
    for (const [name, secret] of Object.entries(environment)) {
      if (name === "OANDA_ACCOUNT_ID") continue;
      assert.ok(!error.message.includes("another-secret"));
      assert.ok(!JSON.stringify([error.message, error.stack]).includes(secret), error.message);
    }
    return true;
  });
}

/** Options that send a source to the mock venue. */
export const venueOptions = (venue: MockVenue) => ({
  baseUrl: venue.url,
  streamUrl: venue.url,
  fetch: venue.fetch,
  env,
  ...patientClock(),
});
