import assert from "node:assert/strict";
import {
  bar,
  mockVenue,
  refuses,
  start,
  venueFaults,
  venueOptions as options,
} from "./mock_venue.ts";
import { yahoo } from "./mod.ts";

const hourMs = 3_600_000;
const dayMs = 86_400_000;

const yahooVenue = () =>
  mockVenue((url) => {
    if (url.pathname === "/quote/AAPL") {
      // A page that sets the cookie without which there is no crumb.
      const expires = "Expires=Sun, 21 Nov 2027 21:44:00 GMT; Max-Age=31557600";
      return new Response("<html></html>", {
        headers: {
          "content-type": "text/html",
          "set-cookie": `A3=d=abc; ${expires}; Domain=.yahoo.com; Path=/; Secure; HttpOnly`,
        },
      });
    }
    if (url.pathname === "/v1/test/getcrumb") return new Response("a-crumb");
    if (url.pathname === "/v7/finance/quote") {
      const known = url.searchParams.get("symbols")!.split(",").filter((s) => s === "AAPL");
      return Response.json({
        quoteResponse: {
          result: known.map((symbol) => ({
            symbol,
            language: "en-US",
            region: "US",
            quoteType: "EQUITY",
            quoteSourceName: "Nasdaq Real Time Price",
            currency: "USD",
            marketState: "REGULAR",
            exchange: "NMS",
            fullExchangeName: "NasdaqGS",
            market: "us_market",
            exchangeTimezoneName: "America/New_York",
            exchangeTimezoneShortName: "EST",
            gmtOffSetMilliseconds: -18000000,
            esgPopulated: false,
            triggerable: true,
            tradeable: false,
            priceHint: 2,
            sourceInterval: 15,
            exchangeDataDelayedBy: 0,
            regularMarketPrice: 100.5,
            regularMarketTime: start / 1000 + 60,
            bid: 100.25,
            ask: 100.75,
            bidSize: 3,
            askSize: 4,
          })),
          error: null,
        },
      });
    }
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

Deno.test("Yahoo: best bid and ask, with the cookie and crumb that it wants; unknown symbols are named", async () => {
  await using venue = yahooVenue();
  const source = yahoo(options(venue));
  assert.deepEqual(await source.quotes!(["AAPL"]), [{
    symbol: "AAPL",
    time: start + 60_000,
    bid: 100.25,
    ask: 100.75,
    bidSize: 3,
    askSize: 4,
  }]);
  assert.equal(venue.requests.at(-1)!.url.searchParams.get("crumb"), "a-crumb");
  await refuses(source.quotes!(["AAPL", "NOPE"]), "unknown-symbol", /NOPE/);
  venue.faults.push(() =>
    Response.json({ quoteResponse: { result: [{ symbol: "AAPL" }], error: null } })
  );
  await refuses(source.quotes!(["AAPL"]), "schema-changed");
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
