import assert from "node:assert/strict";
import { Catalog } from "../catalog/catalog.ts";
import { downloadBars } from "../catalog/download.ts";
import {
  bar,
  env,
  environment,
  mockVenue,
  refuses,
  start,
  venueFaults,
  venueOptions as options,
} from "./mock_venue.ts";
import { alphaVantage, oanda, openSource, robinhood, yahoo } from "./mod.ts";

const hourMs = 3_600_000;
const dayMs = 86_400_000;

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
  venue.faults.push(venueFaults.tooMany(), venueFaults.broken, venueFaults.truncated);
  assert.equal((await source.bars(query)).length, 3);
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

Deno.test("a source keeps to its rate over all of its calls", async () => {
  await using venue = robinhoodVenue();
  const own = options(venue);
  const source = robinhood({ ...own, rateLimit: { requests: 2, perMs: 1000 } });
  for (let k = 0; k < 4; k++) await source.quotes!(["BTC-USD"]);
  assert.deepEqual(own.waits, [500, 500]);
});

Deno.test("no credential is printed, put into a description or kept with the data, whatever fails", async () => {
  const printed: unknown[] = [];
  const methods = ["log", "info", "warn", "error", "debug"] as const;
  const before = methods.map((method) => console[method]);
  for (const method of methods) console[method] = (...parts: unknown[]) => void printed.push(parts);
  const dir = await Deno.makeTempDir();
  try {
    await using venue = mockVenue((_url, request) =>
      // A venue that repeats what it was sent, in an answer that is refused.
      Response.json(
        { errorMessage: JSON.stringify([...request.headers]), url: request.url },
        { status: 401 },
      )
    );
    const catalog = new Catalog(dir);
    const query = { symbol: "EUR_USD", timeframe: "1h", from: start, to: start + 9 * hourMs };
    for (const open of [oanda, alphaVantage, robinhood]) {
      const source = open(options(venue));
      printed.push(source.describe());
      if (source.describe().capabilities.bars) {
        await assert.rejects(downloadBars(source, catalog, query), (e) => !!printed.push(e));
      }
      if (source.quotes) {
        await assert.rejects(source.quotes(["BTC-USD"]), (e) => !!printed.push(e));
      }
      if (source.stream) {
        const { signal } = new AbortController();
        await assert.rejects(
          Array.fromAsync(source.stream(["EUR_USD"], signal)),
          (e) => !!printed.push(e),
        );
      }
    }
    for await (const { name, isFile } of Deno.readDir(dir)) {
      if (isFile) printed.push(await Deno.readTextFile(`${dir}/${name}`));
    }
    await using good = oandaVenue();
    await downloadBars(oanda(options(good)), catalog, query);
    printed.push(await catalog.list());
  } finally {
    methods.forEach((method, k) => console[method] = before[k]);
    await Deno.remove(dir, { recursive: true });
  }
  const text = Deno.inspect(printed, { depth: 20, strAbbreviateSize: 1e6, iterableLimit: 1e4 });
  assert.match(text, /bad-credentials/);
  for (const [name, secret] of Object.entries(environment)) {
    if (name !== "OANDA_ACCOUNT_ID") assert.ok(!text.includes(secret), name);
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
