import assert from "node:assert/strict";
import { Catalog } from "../catalog/catalog.ts";
import { downloadBars } from "../catalog/download.ts";
import { type MockVenue, mockVenue, patientClock, venueFaults } from "./mock_venue.ts";
import {
  alphaVantage,
  ccxtSource,
  oanda,
  openSource,
  robinhood,
  SourceError,
  yahoo,
} from "./mod.ts";

const hourMs = 3_600_000;
const dayMs = 86_400_000;
const start = Date.UTC(2024, 0, 2);

const environment: Record<string, string> = {
  ALPHAVANTAGE_API_KEY: "av-secret-1",
  OANDA_API_TOKEN: "oanda-secret-2",
  OANDA_ACCOUNT_ID: "101-004-1",
  ROBINHOOD_API_KEY: "rh-secret-3",
  ROBINHOOD_PRIVATE_KEY: btoa(String.fromCharCode(...new Uint8Array(32).fill(7))),
};
const env = (name: string) => environment[name];

/** A predictable bar number k. */
const bar = (k: number) => ({ o: 100 + k, h: 101.5 + k, l: 99.25 + k, c: 100.75 + k, v: 10 + k });

/** Asserts the fault, and that no secret is in the error. */
async function refuses(body: Promise<unknown>, fault: string, message?: RegExp): Promise<void> {
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

const options = (venue: MockVenue) => ({
  baseUrl: venue.url,
  streamUrl: venue.url,
  fetch: venue.fetch,
  env,
  ...patientClock(),
});

// --- OANDA ---

const oandaVenue = () =>
  mockVenue((url, request) => {
    if (request.headers.get("authorization") !== "Bearer oanda-secret-2") {
      return Response.json({ errorMessage: "Insufficient authorization to perform request." }, {
        status: 401,
      });
    }
    const candles = /^\/v3\/instruments\/(\w+)\/candles$/.exec(url.pathname);
    if (candles) {
      if (candles[1] !== "EUR_USD") {
        return Response.json(
          { errorMessage: "Invalid value specified for 'instrument'" },
          { status: 400 },
        );
      }
      const from = Date.parse(url.searchParams.get("from")!);
      const count = Number(url.searchParams.get("count"));
      const first = Math.max(0, Math.ceil((from - start) / hourMs));
      return Response.json({
        instrument: "EUR_USD",
        granularity: "H1",
        candles: Array.from({ length: Math.max(0, Math.min(count, 25 - first)) }, (_, k) => {
          const { o, h, l, c, v } = bar(first + k);
          return {
            complete: first + k < 24,
            volume: v,
            time: new Date(start + (first + k) * hourMs).toISOString().replace("Z", "000000Z"),
            mid: { o: String(o), h: String(h), l: String(l), c: String(c) },
          };
        }),
      });
    }
    const price = {
      type: "PRICE",
      instrument: "EUR_USD",
      time: "2024-01-02T03:04:05.678901234Z",
      bids: [{ price: "1.1", liquidity: 1000 }],
      asks: [{ price: "1.2", liquidity: 2000 }],
    };
    if (url.pathname.endsWith("/pricing")) return Response.json({ prices: [price] });
    const line = (message: unknown) => JSON.stringify(message) + "\n";
    const text = line(price) + line({ type: "HEARTBEAT", time: price.time }) + line(price);
    // Cut where a line breaks in two.
    return new Response(
      ReadableStream.from([text.slice(0, 40), text.slice(40, 300), text.slice(300)])
        .pipeThrough(new TextEncoderStream()),
    );
  });

Deno.test("OANDA: candles over several pages, stamped at their close, the one under way left out", async () => {
  await using venue = oandaVenue();
  const source = oanda({ ...options(venue), pageBars: 10 });
  const bars = await source.bars({
    symbol: "EUR_USD",
    timeframe: "1h",
    from: start + hourMs,
    to: start + 40 * hourMs,
  });
  assert.equal(bars.length, 24);
  assert.equal(bars.time[0], start + hourMs);
  assert.deepEqual([bars.open[3], bars.high[3], bars.low[3], bars.close[3], bars.volume[3]], [
    103,
    104.5,
    102.25,
    103.75,
    13,
  ]);
  assert.equal(venue.requests.length, 3);
});

Deno.test("OANDA: faults are borne or named", async () => {
  await using venue = oandaVenue();
  const source = oanda(options(venue));
  const query = { symbol: "EUR_USD", timeframe: "1h", from: start, to: start + 9 * hourMs };
  venue.faults.push(venueFaults.tooMany(), venueFaults.broken, venueFaults.truncated);
  assert.equal((await source.bars(query)).length, 9);
  await refuses(source.bars({ ...query, symbol: "EUR_XXX" }), "unknown-symbol", /EUR_XXX/);
  await refuses(
    source.bars({ ...query, timeframe: "7m" }),
    "unsupported",
    /timeframe must be one of/,
  );
  await refuses(
    oanda({ ...options(venue), env: () => undefined }).bars(query),
    "bad-credentials",
    /OANDA_API_TOKEN/,
  );
  await refuses(oanda({ ...options(venue), env: () => "wrong" }).bars(query), "bad-credentials");
  venue.faults.push(() =>
    Response.json({
      candles: [{
        time: "2024-01-02T00:00:00Z",
        volume: 1,
        complete: true,
        mid: { o: "1", h: "1", l: "1" },
      }],
    })
  );
  await refuses(
    source.bars(query),
    "schema-changed",
    /mid\.c of 2024-01-02.* must be a number, got nothing/,
  );
  venue.faults.push(() => Response.json({ bars: [] }));
  await refuses(source.bars(query), "schema-changed", /candles must be a list/);
});

Deno.test("OANDA: current prices and the price stream", async () => {
  await using venue = oandaVenue();
  const source = oanda(options(venue));
  const [quote] = await source.quotes!(["EUR_USD"]);
  assert.deepEqual([quote.bid, quote.ask, quote.bidSize, quote.askSize], [1.1, 1.2, 1000, 2000]);
  assert.equal(quote.time, Date.UTC(2024, 0, 2, 3, 4, 5, 678));
  const seen = await Array.fromAsync(source.stream!(["EUR_USD"], new AbortController().signal));
  assert.equal(seen.length, 2);
  await refuses(
    Array.fromAsync(
      oanda({ ...options(venue), env: () => "wrong" }).stream!(["X"], new AbortController().signal),
    ),
    "bad-credentials",
  );
});

Deno.test("OANDA: a stream that falls silent ends with a timeout", async () => {
  await using venue = mockVenue(() => new Response(new ReadableStream({ start() {} })));
  const stop = new AbortController();
  const source = oanda({ ...options(venue), silenceMs: 30 });
  await refuses(Array.fromAsync(source.stream!(["EUR_USD"], stop.signal)), "timeout", /heartbeat/);
  stop.abort();
});

// --- Alpha Vantage ---

const alphaVenue = () =>
  mockVenue((url) => {
    const p = url.searchParams;
    if (p.get("apikey") !== "av-secret-1") {
      return Response.json({ "Error Message": "the parameter apikey is invalid or missing." });
    }
    if (p.get("symbol") !== "IBM") {
      return Response.json({
        "Error Message": "Invalid API call. Please retry or visit the documentation",
      });
    }
    const fields = (k: number, adjusted: boolean) => {
      const { o, h, l, c, v } = bar(k);
      const [open, high, low, close] = [o, h, l, c].map((x) => x.toFixed(4));
      return adjusted
        ? {
          "1. open": open,
          "2. high": high,
          "3. low": low,
          "4. close": close,
          "5. adjusted close": (c / 2).toFixed(4),
          "6. volume": String(v),
        }
        : {
          "1. open": open,
          "2. high": high,
          "3. low": low,
          "4. close": close,
          "5. volume": String(v),
        };
    };
    if (p.get("function") === "TIME_SERIES_INTRADAY") {
      const [year, month] = p.get("month")!.split("-");
      return Response.json({
        "Meta Data": {},
        "Time Series (60min)": Object.fromEntries(
          [16, 15, 10].map((
            hour,
            k,
          ) => [`${year}-${month}-11 ${hour}:00:00`, fields(2 - k, false)]),
        ),
      });
    }
    const adjusted = p.get("function")!.endsWith("ADJUSTED");
    return Response.json({
      "Meta Data": {},
      "Time Series (Daily)": Object.fromEntries(
        [4, 3, 2].map((day) => [`2024-01-0${day}`, fields(day, adjusted)]),
      ),
    });
  });

Deno.test("Alpha Vantage: daily raw and adjusted, oldest first", async () => {
  await using venue = alphaVenue();
  const source = alphaVantage(options(venue));
  const raw = await source.bars({ symbol: "IBM", timeframe: "1d" });
  assert.deepEqual([...raw.time], [2, 3, 4].map((d) => Date.UTC(2024, 0, d)));
  assert.deepEqual([raw.close[0], raw.volume[0]], [102.75, 12]);
  const adjusted = await source.bars({
    symbol: "IBM",
    timeframe: "1d",
    adjusted: true,
    from: Date.UTC(2024, 0, 3),
  });
  assert.equal(adjusted.length, 2);
  assert.ok(
    Math.abs(adjusted.close[0] - 51.875) < 1e-9 && Math.abs(adjusted.open[0] / 103 - 0.5) < 1e-4,
  );
});

Deno.test("Alpha Vantage: within the day by month, New York's daylight saving heeded", async () => {
  await using venue = alphaVenue();
  const source = alphaVantage(options(venue));
  const bars = await source.bars({
    symbol: "IBM",
    timeframe: "1h",
    from: Date.UTC(2024, 1, 1),
    to: Date.UTC(2024, 2, 31),
  });
  // 11 February is EST (UTC-5), 11 March EDT (UTC-4): 10:00 closes at 11:00 there.
  assert.deepEqual([...bars.time], [
    ...[16, 21, 22].map((h) => Date.UTC(2024, 1, 11, h)),
    ...[15, 20, 21].map((h) => Date.UTC(2024, 2, 11, h)),
  ]);
});

Deno.test("Alpha Vantage: what it says in words becomes a named fault, without the key", async () => {
  await using venue = alphaVenue();
  const source = alphaVantage(options(venue));
  const query = { symbol: "IBM", timeframe: "1d" };
  await refuses(source.bars({ ...query, symbol: "NOPE" }), "unknown-symbol");
  await refuses(
    alphaVantage({ ...options(venue), env: () => "wrong" }).bars(query),
    "bad-credentials",
  );
  await refuses(
    alphaVantage({ ...options(venue), env: () => "" }).bars(query),
    "bad-credentials",
    /ALPHAVANTAGE_API_KEY/,
  );
  const say = (body: unknown) => venue.faults.push(() => Response.json(body));
  say({
    Information:
      "We have detected your API key as av-secret-1 and our standard API rate limit is 25 requests per day.",
  });
  await refuses(source.bars(query), "rate-limited", /\*\*\*/);
  say({ "Time Series (Daily)": { "2024-01-02": { "1. open": "1" } } });
  await refuses(source.bars(query), "schema-changed", /close of 2024-01-02 must be a number/);
  say({ "Time Series (Daily)": { yesterday: {} } });
  await refuses(
    source.bars(query),
    "schema-changed",
    /time must be a date or time, got "yesterday"/,
  );
  say([]);
  await refuses(source.bars(query), "schema-changed");
  await refuses(source.bars({ ...query, timeframe: "2d" }), "unsupported");
});

// --- Robinhood ---

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

// --- Yahoo ---

const yahooVenue = () =>
  mockVenue((url) => {
    const symbol = decodeURIComponent(url.pathname.split("/").pop()!);
    if (symbol !== "AAPL") {
      return Response.json({
        chart: {
          result: null,
          error: { code: "Not Found", description: "No data found, symbol may be delisted" },
        },
      }, { status: 404 });
    }
    const open = start + 14.5 * hourMs; // 09:30 in New York
    const days = [0, 1, 2].filter((k) => {
      const t = (open + k * dayMs) / 1000;
      return t >= Number(url.searchParams.get("period1")) &&
        t < Number(url.searchParams.get("period2"));
    });
    const of = (field: "o" | "h" | "l" | "c" | "v") =>
      days.map((k) => k === 1 ? null : bar(k)[field]);
    return Response.json({
      chart: {
        result: [{
          meta: {
            currency: "USD",
            symbol: "AAPL",
            exchangeName: "NMS",
            fullExchangeName: "NasdaqGS",
            instrumentType: "EQUITY",
            firstTradeDate: 345479400,
            regularMarketTime: (open + 2 * dayMs) / 1000,
            hasPrePostMarketData: true,
            gmtoffset: -18000,
            timezone: "EST",
            exchangeTimezoneName: "America/New_York",
            regularMarketPrice: 102.75,
            chartPreviousClose: 99,
            priceHint: 2,
            currentTradingPeriod: Object.fromEntries(
              ["pre", "regular", "post"].map((
                k,
              ) => [k, { timezone: "EST", start: 1, end: 2, gmtoffset: -18000 }]),
            ),
            dataGranularity: "1d",
            range: "",
            validRanges: ["1d", "5d"],
          },
          timestamp: days.map((k) => (open + k * dayMs) / 1000),
          indicators: {
            quote: [{
              open: of("o"),
              high: of("h"),
              low: of("l"),
              close: of("c"),
              volume: of("v"),
            }],
            adjclose: [{ adjclose: days.map((k) => k === 1 ? null : bar(k).c / 2) }],
          },
        }],
        error: null,
      },
    });
  });

Deno.test("Yahoo: daily bars by their date, rows without a price left out, adjusted when asked", async () => {
  await using venue = yahooVenue();
  const source = yahoo(options(venue));
  const query = { symbol: "AAPL", timeframe: "1d", from: start - dayMs, to: start + 5 * dayMs };
  const bars = await source.bars(query);
  assert.deepEqual([...bars.time], [start, start + 2 * dayMs]);
  assert.deepEqual([bars.open[0], bars.close[1], bars.volume[1]], [100, 102.75, 12]);
  const adjusted = await source.bars({ ...query, adjusted: true });
  assert.deepEqual([adjusted.open[0], adjusted.close[1]], [50, 51.375]);
});

Deno.test("Yahoo: faults are borne or named", async () => {
  await using venue = yahooVenue();
  const source = yahoo(options(venue));
  const query = { symbol: "AAPL", timeframe: "1d", from: start - dayMs, to: start + 5 * dayMs };
  venue.faults.push(venueFaults.tooMany(), venueFaults.broken, venueFaults.truncated);
  assert.equal((await source.bars(query)).length, 2);
  await refuses(source.bars({ ...query, symbol: "NOPE" }), "unknown-symbol");
  await refuses(source.bars({ ...query, timeframe: "7m" }), "unsupported");
  venue.faults.push(() => Response.json({ chart: { result: [{ meta: {} }], error: null } }));
  await refuses(source.bars(query), "schema-changed");
});

// --- Coinbase through ccxt ---

const coinbaseVenue = () =>
  mockVenue((url) => {
    if (url.pathname.endsWith("/market/products")) {
      return Response.json({
        products: [{
          product_id: "BTC-USD",
          price: "60000",
          base_increment: "0.00000001",
          quote_increment: "0.01",
          quote_min_size: "1",
          quote_max_size: "150000000",
          base_min_size: "0.00000001",
          base_max_size: "3400",
          base_name: "Bitcoin",
          quote_name: "US Dollar",
          status: "online",
          trading_disabled: false,
          is_disabled: false,
          product_type: "SPOT",
          quote_currency_id: "USD",
          base_currency_id: "BTC",
          base_display_symbol: "BTC",
          quote_display_symbol: "USD",
          price_increment: "0.01",
        }],
        num_products: 1,
      });
    }
    if (url.pathname.endsWith("/candles")) {
      const from = Number(url.searchParams.get("start")) * 1000;
      const to = Number(url.searchParams.get("end")) * 1000;
      const candles = [];
      for (let k = 0; k < 700; k++) {
        const time = start + k * 60_000;
        if (time < from || time >= to || k === 400) continue; // minute 400 had no trade
        const { o, h, l, c, v } = bar(k);
        candles.unshift({
          start: String(time / 1000),
          low: String(l),
          high: String(h),
          open: String(o),
          close: String(c),
          volume: String(v),
        });
      }
      return Response.json({ candles });
    }
    return Response.json({ data: [], pagination: {} });
  });

Deno.test("Coinbase: minutes over several pages, stamped at their close; unknown symbols are named", async () => {
  await using venue = coinbaseVenue();
  const source = ccxtSource("coinbase", options(venue));
  const query = {
    symbol: "BTC/USD",
    timeframe: "1m",
    from: start + 60_000,
    to: start + 650 * 60_000,
  };
  const bars = await source.bars(query);
  assert.equal(bars.length, 649);
  assert.equal(bars.time[0], start + 60_000);
  assert.equal(bars.time[bars.length - 1], start + 650 * 60_000);
  assert.equal(bars.close[10], 110.75);
  assert.equal(venue.requests.filter((r) => r.url.pathname.endsWith("/candles")).length, 3);
  await refuses(source.bars({ ...query, symbol: "XXX/USD" }), "unknown-symbol");
  await refuses(source.bars({ ...query, timeframe: "7m" }), "unsupported");
  await refuses(
    ccxtSource("nowhere", options(venue)).bars(query),
    "unsupported",
    /one that ccxt knows/,
  );
  venue.faults.push(venueFaults.broken, venueFaults.tooMany(), venueFaults.truncated);
  assert.equal((await source.bars(query)).length, 649);
});

// --- All ---

Deno.test("a download that is interrupted goes on after the last page and ends the same", async () => {
  await using venue = oandaVenue();
  const dir = await Deno.makeTempDir();
  try {
    const query = { symbol: "EUR_USD", timeframe: "1h", from: start, to: start + 24 * hourMs };
    const whole = new Catalog(`${dir}/whole`);
    const source = oanda({ ...options(venue), pageBars: 10, retries: 0 });
    assert.equal((await downloadBars(source, whole, query)).rows, 24);
    const cut = new Catalog(`${dir}/cut`);
    await assert.rejects(downloadBars(source, cut, query, {
      onProgress: () => void venue.faults.push(venueFaults.broken),
    }));
    venue.requests.length = 0;
    venue.faults.length = 0;
    const { key, rows, resumedAfter } = await downloadBars(source, cut, query);
    assert.equal(rows, 24);
    assert.ok(resumedAfter !== null);
    assert.equal(venue.requests.length, 2, "the first page is not asked for again");
    assert.deepEqual(
      (await cut.manifest(key))!.segments,
      (await whole.manifest(key))!.segments,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("every source describes itself, and an unknown one is named", () => {
  for (
    const name of [
      "sample",
      "yahoo",
      "alphavantage",
      "coinbase",
      "oanda",
      "robinhood",
      "ccxt:kraken",
    ]
  ) {
    const about = openSource(name).describe();
    assert.ok(about.title && Array.isArray(about.credentials), name);
  }
  assert.throws(
    () => openSource("bloomberg"),
    /name must be one of sample, .* or ccxt:EXCHANGE, got bloomberg/,
  );
});
