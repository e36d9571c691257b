import assert from "node:assert/strict";
import { bar, mockVenue, refuses, venueFaults, venueOptions as options } from "./mock_venue.ts";
import { alphaVantage } from "./mod.ts";

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
