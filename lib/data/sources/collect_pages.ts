import { barFields, type Bars, makeBars } from "../bars.ts";

/** One series of all pages. */
export async function collectPages(pages: AsyncIterable<Bars>): Promise<Bars> {
  const all: Bars[] = [];
  for await (const page of pages) all.push(page);
  const about = all[0] ?? {};
  return {
    ...concatBars(all),
    ...about.symbol ? { symbol: about.symbol } : {},
    ...about.timeframe ? { timeframe: about.timeframe } : {},
  };
}

/** Bars of all parts, one after the other; nothing is checked. */
export function concatBars(parts: readonly Bars[]): Bars {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const columns = Object.fromEntries(
    (["time", ...barFields] as const).map((field) => {
      const column = new Float64Array(length);
      let at = 0;
      for (const part of parts) {
        column.set(part[field], at);
        at += part.length;
      }
      return [field, column];
    }),
  );
  return makeBars(columns as unknown as Bars);
}
