import assert from "node:assert/strict";
import {
  bar,
  mockVenue,
  refuses,
  start,
  venueFaults,
  venueOptions as options,
} from "./mock_venue.ts";
import { ccxtSource } from "./mod.ts";

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
    if (url.pathname.endsWith("/products/BTC-USD/ticker")) {
      const from = Number(url.searchParams.get("start") ?? 0) * 1000;
      const trade = (id: number, second: number, price: string) => ({
        trade_id: String(id),
        product_id: "BTC-USD",
        price,
        size: "0.25",
        time: new Date(start + second * 1000).toISOString(),
        side: "BUY",
        bid: "",
        ask: "",
      });
      return Response.json({
        trades: [trade(3, 30, "60002.5"), trade(2, 20, "60001"), trade(1, 10, "60000")]
          .filter((t) => Date.parse(t.time) >= from),
        best_bid: "60001.5",
        best_ask: "60002.5",
      });
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

Deno.test("Coinbase: best bid and ask, and trades from a time on, oldest first", async () => {
  await using venue = coinbaseVenue();
  const source = ccxtSource("coinbase", options(venue));
  const [quote] = await source.quotes!(["BTC/USD"]);
  assert.deepEqual([quote.symbol, quote.bid, quote.ask], ["BTC/USD", 60001.5, 60002.5]);
  const trades = await source.trades!({ symbol: "BTC/USD" });
  assert.deepEqual(trades.map((t) => [t.time - start, t.price, t.size]), [
    [10_000, 60000, 0.25],
    [20_000, 60001, 0.25],
    [30_000, 60002.5, 0.25],
  ]);
  const late = await source.trades!({ symbol: "BTC/USD", from: start + 15_000 });
  assert.deepEqual(late.map((t) => t.price), [60001, 60002.5]);
  await refuses(source.quotes!(["XXX/USD"]), "unknown-symbol");
});

Deno.test("Coinbase: an answer without a field is named, keys stay out of errors", async () => {
  await using venue = coinbaseVenue();
  const keys: Record<string, string> = {
    COINBASE_API_KEY: "cb-another-secret",
    COINBASE_API_SECRET: "cb-another-secret-2",
  };
  const source = ccxtSource("coinbase", { ...options(venue), env: (name) => keys[name] });
  const query = { symbol: "BTC/USD", timeframe: "1m", from: start, to: start + 10 * 60_000 };
  await source.bars(query); // the markets are known now
  const { open: _open, ...rest } = { open: "1", high: "2", low: "1", close: "1", volume: "1" };
  venue.faults.push(() =>
    Response.json({ candles: [{ start: String(start / 1000 + 60), ...rest }] })
  );
  await refuses(source.bars(query), "schema-changed", /open of candle .* must be a number/);
  venue.faults.push(() => Response.json({ trades: [], best_bid: "60001.5" }));
  await refuses(source.quotes!(["BTC/USD"]), "schema-changed", /ask must be a number/);
  venue.faults.push(() =>
    Response.json({ error: "Unauthorized", message: "key cb-another-secret is revoked" }, {
      status: 401,
    })
  );
  await refuses(source.bars(query), "bad-credentials");
});
