import assert from "node:assert/strict";
import { env, mockVenue, refuses, venueFaults, venueOptions as options } from "./mock_venue.ts";
import { robinhood } from "./mod.ts";

const robinhoodVenue = (clockOff = 0) =>
  mockVenue(async (url, request) => {
    const date = new Date(Date.UTC(2024, 5, 1) + clockOff).toUTCString();
    const timestamp = request.headers.get("x-timestamp")!;
    const headers = { date };
    if (Math.abs(Number(timestamp) * 1000 - Date.parse(date)) > 30_000) {
      return Response.json({ detail: "Timestamp is expired" }, { status: 401, headers });
    }
    const key = await crypto.subtle.importKey(
      "raw",
      publicKey,
      { name: "Ed25519" },
      false,
      ["verify"],
    );
    const signature = Uint8Array.from(
      atob(request.headers.get("x-signature")!),
      (c) => c.charCodeAt(0),
    );
    const message = `${
      request.headers.get("x-api-key")
    }${timestamp}${url.pathname}${url.search}GET`;
    const valid = await crypto.subtle.verify(
      "Ed25519",
      key,
      signature,
      new TextEncoder().encode(message),
    );
    if (!valid || request.headers.get("x-api-key") !== "rh-secret-3") {
      return Response.json(
        { detail: `Invalid signature for ${request.headers.get("x-api-key")}` },
        {
          status: 401,
          headers,
        },
      );
    }
    if (url.searchParams.get("symbol") !== "BTC-USD") {
      return Response.json({ errors: [{ attr: "symbol", detail: "Invalid symbol" }] }, {
        status: 400,
        headers,
      });
    }
    return Response.json({
      results: [{
        symbol: "BTC-USD",
        price: "60000.5",
        bid_inclusive_of_sell_spread: "60000",
        ask_inclusive_of_buy_spread: "60001",
        timestamp: "2024-06-01T00:00:00.123456Z",
      }],
    }, { headers });
  });

// The public key of the seed of 32 sevens, from a JWK export.
const publicKey = await (async () => {
  const prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
  const key = await crypto.subtle.importKey(
    "pkcs8",
    new Uint8Array([...prefix, ...new Uint8Array(32).fill(7)]),
    { name: "Ed25519" },
    true,
    ["sign"],
  );
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return Uint8Array.from(atob(x!.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
})();

Deno.test("Robinhood: signed quotes, also when our clock is wrong", async () => {
  for (const clockOff of [0, 10 * 60_000, -10 * 60_000]) {
    await using venue = robinhoodVenue(clockOff);
    const [quote] = await robinhood(options(venue)).quotes!(["BTC-USD"]);
    assert.deepEqual([quote.symbol, quote.bid, quote.ask], ["BTC-USD", 60000, 60001]);
    assert.equal(venue.requests.length, clockOff === 0 ? 1 : 2);
  }
});

Deno.test("Robinhood: faults are named without the key; history is refused", async () => {
  await using venue = robinhoodVenue();
  const source = robinhood(options(venue));
  await refuses(source.quotes!(["NOPE"]), "unknown-symbol");
  await refuses(source.bars({ symbol: "BTC-USD", timeframe: "1d" }), "unsupported", /no history/);
  const other = (name: string) => name === "ROBINHOOD_API_KEY" ? "another-secret" : env(name);
  await refuses(
    robinhood({ ...options(venue), env: other }).quotes!(["BTC-USD"]),
    "bad-credentials",
  );
  const broken = (name: string) => name === "ROBINHOOD_PRIVATE_KEY" ? "short" : env(name);
  await refuses(
    robinhood({ ...options(venue), env: broken }).quotes!(["BTC-USD"]),
    "bad-credentials",
    /32 bytes in base64/,
  );
  venue.faults.push(() =>
    Response.json({ results: [{ symbol: "BTC-USD", timestamp: "2024-06-01T00:00:00Z" }] })
  );
  await refuses(
    source.quotes!(["BTC-USD"]),
    "schema-changed",
    /bid_inclusive_of_sell_spread must be a number/,
  );
  venue.faults.push(venueFaults.broken, venueFaults.tooMany());
  assert.equal((await source.quotes!(["BTC-USD"])).length, 1);
});

Deno.test("a source keeps to its rate over all of its calls", async () => {
  await using venue = robinhoodVenue();
  const own = options(venue);
  const source = robinhood({ ...own, rateLimit: { requests: 2, perMs: 1000 } });
  for (let k = 0; k < 4; k++) await source.quotes!(["BTC-USD"]);
  assert.deepEqual(own.waits, [500, 500]);
});
