/** A pair of currencies or coins as every source means it, or a stock's ticker. */
export interface NormalSymbol {
  /** `BTC/USD`, `EUR/USD`, `AAPL`. */
  symbol: string;
  base: string;
  /** The quote currency; absent where a ticker alone does not say it. */
  quote?: string;
}

/** Longer names first, so that USDT is not read as a coin quoted in T. */
const quotes = [
  "USDT",
  "USDC",
  "USD",
  "EUR",
  "GBP",
  "JPY",
  "CHF",
  "CAD",
  "AUD",
  "NZD",
  "BTC",
  "ETH",
];

/** Names of one thing among venues. */
const aliases: Record<string, string> = { XBT: "BTC", XDG: "DOGE" };

/**
 * The one name of a symbol that venues write as `BTC-USD`, `BTC/USD`, `EUR_USD`, `EURUSD=X` or
 * `XBTUSD`. A ticker without a known quote currency stays as it is, in capitals.
 *
 * @throws {RangeError} For an empty symbol.
 */
export function normalizeSymbol(text: string): NormalSymbol {
  const plain = text.trim().toUpperCase();
  if (plain === "") throw new RangeError("Cannot normalize symbol: it must not be empty");
  const alias = (name: string) => aliases[name] ?? name;
  const pair = /^([A-Z0-9]{2,10})[-/_:]([A-Z]{3,5})$/.exec(plain.replace(/=X$/, ""));
  if (pair && quotes.includes(alias(pair[2]))) return pairOf(alias(pair[1]), alias(pair[2]));
  const joined = plain.replace(/=X$/, "");
  const isPair = plain.endsWith("=X") || /^[A-Z]{6,9}$/.test(plain);
  const quote = isPair
    ? quotes.find((q) => joined.endsWith(q) && joined.length - q.length >= 3)
    : undefined;
  if (quote) {
    const base = alias(joined.slice(0, -quote.length));
    // Six letters are a pair only between known currencies: GOOGLE stays a ticker.
    if (plain.endsWith("=X") || quotes.includes(base)) return pairOf(base, quote);
  }
  return { symbol: plain, base: plain };
}

function pairOf(base: string, quote: string): NormalSymbol {
  return { symbol: `${base}/${quote}`, base, quote };
}

/** A normal symbol as a source writes it. */
export function symbolFor(source: string, symbol: string): string {
  const { base, quote } = normalizeSymbol(symbol);
  if (!quote) return base;
  switch (source) {
    case "oanda":
      return `${base}_${quote}`;
    case "robinhood":
      return `${base}-${quote}`;
    case "yahoo":
      return quotes.slice(2, 10).includes(base) ? `${base}${quote}=X` : `${base}-${quote}`;
    default:
      return `${base}/${quote}`;
  }
}
