import assert from "node:assert/strict";
import { Catalog } from "../catalog/catalog.ts";
import { downloadBars } from "../catalog/download.ts";
import {
  bar,
  environment,
  mockVenue,
  refuses,
  start,
  venueFaults,
  venueOptions as options,
} from "./mock_venue.ts";
import { alphaVantage, oanda, robinhood } from "./mod.ts";

const hourMs = 3_600_000;

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
