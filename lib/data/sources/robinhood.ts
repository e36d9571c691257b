import type { VenueOptions } from "./alpha_vantage.ts";
import type { DataSource } from "./source.ts";
import { SourceError } from "./source_error.ts";
import { keepVenue } from "./venue_fetch.ts";
import { credential, schemaError, venueNumber } from "./venue_number.ts";

const name = "robinhood";

/**
 * Robinhood's crypto API: current best bid and ask. It gives no history, so `bars()` is refused; live
 * bars are made from its quotes by the aggregator.
 *
 * Key from ROBINHOOD_API_KEY, the Ed25519 private key (base64 of 32 bytes) from ROBINHOOD_PRIVATE_KEY.
 * Each request is signed with the venue's time: a request that is refused while our clock is off is
 * signed again with the venue's Date header and tried once more.
 */
export function robinhood(options: VenueOptions = {}): DataSource {
  const { baseUrl = "https://trading.robinhood.com", env = Deno.env.get } = options;
  const venueOf = keepVenue({
    rateLimit: { requests: 100, perMs: 60_000 },
    ...options,
    source: name,
  });
  const refuse = () => {
    throw new SourceError(
      "unsupported",
      name,
      "Cannot get bars from Robinhood: its API has no history; take quotes and aggregate them",
    );
  };
  return {
    describe: () => ({
      name,
      title: "Robinhood crypto",
      capabilities: {
        bars: false,
        quotes: true,
        trades: false,
        stream: false,
        prices: "raw",
        timeframes: [],
      },
      rateLimit: { requests: 100, perMs: 60_000 },
      credentials: ["ROBINHOOD_API_KEY", "ROBINHOOD_PRIVATE_KEY"],
      documentation: "https://docs.robinhood.com/crypto/trading/",
    }),
    bars: () => Promise.resolve().then(refuse),
    // deno-lint-ignore require-yield
    async *pages() {
      refuse();
    },
    async quotes(symbols, signal) {
      const apiKey = credential(name, "ROBINHOOD_API_KEY", env);
      const secret = credential(name, "ROBINHOOD_PRIVATE_KEY", env);
      const signer = await importKey(secret);
      const venue = venueOf(apiKey, secret);
      const query = symbols.map((s) => `symbol=${encodeURIComponent(s)}`).join("&");
      const path = `/api/v1/crypto/marketdata/best_bid_ask/?${query}`;
      // The clock's correction that the last signature was made with.
      let signedSkewMs = 0;
      const ask = () =>
        venue.request(new URL(path, baseUrl).href, async () => {
          signedSkewMs = venue.skewMs;
          const timestamp = Math.floor(venue.venueTime() / 1000);
          const signature = await sign(signer, `${apiKey}${timestamp}${path}GET`);
          return {
            signal,
            headers: {
              "x-api-key": apiKey,
              "x-signature": signature,
              "x-timestamp": String(timestamp),
              "content-type": "application/json; charset=utf-8",
            },
          };
        });
      let answer = await ask();
      const refused = answer.status === 401 || answer.status === 403;
      if (refused && Math.abs(venue.skewMs - signedSkewMs) > 10_000) answer = await ask();
      if (answer.status !== 200) {
        const detail = venue.redact(answer.text.slice(0, 200));
        throw new SourceError(
          answer.status === 401 || answer.status === 403
            ? "bad-credentials"
            : answer.status === 404 || /symbol/i.test(detail)
            ? "unknown-symbol"
            : "bad-request",
          name,
          `Cannot get quotes of ${
            symbols.join(", ")
          } from Robinhood: it said ${detail} (status ${answer.status})`,
          { status: answer.status, symbol: symbols.join(",") },
        );
      }
      const results = (answer.json as { results?: Record<string, string>[] } | undefined)?.results;
      if (!Array.isArray(results)) {
        throw schemaError(name, "results", "must be a list", answer.json);
      }
      return results.map((row) => ({
        symbol: String(row.symbol),
        time: quoteTime(row.timestamp),
        bid: venueNumber(
          name,
          row.bid_inclusive_of_sell_spread ?? row.bid_price,
          "bid_inclusive_of_sell_spread",
        ),
        ask: venueNumber(
          name,
          row.ask_inclusive_of_buy_spread ?? row.ask_price,
          "ask_inclusive_of_buy_spread",
        ),
        bidSize: NaN,
        askSize: NaN,
      }));
    },
  };
}

function quoteTime(text: unknown): number {
  const time = Date.parse(String(text));
  if (time !== time) throw schemaError(name, "timestamp", "must be a time", text);
  return time;
}

/** The signing key of 32 (seed) or 64 (seed and public key) bytes in base64. */
async function importKey(base64: string): Promise<CryptoKey> {
  try {
    const raw = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    if (raw.length !== 32 && raw.length !== 64) throw new Error("length");
    // PKCS #8 around a bare Ed25519 seed (RFC 8410).
    const prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    const pkcs8 = new Uint8Array([...prefix, ...raw.subarray(0, 32)]);
    return await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, false, ["sign"]);
  } catch {
    throw new SourceError(
      "bad-credentials",
      name,
      "Cannot use robinhood: ROBINHOOD_PRIVATE_KEY must be an Ed25519 key of 32 bytes in base64",
      { field: "ROBINHOOD_PRIVATE_KEY" },
    );
  }
}

async function sign(key: CryptoKey, message: string): Promise<string> {
  const bytes = await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(message));
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
