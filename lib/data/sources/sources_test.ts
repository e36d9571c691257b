import assert from "node:assert/strict";
import { openSource } from "./mod.ts";

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
