import { createRequire } from "node:module";
import type { Bars } from "../bars.ts";
import { readBars } from "../read_bars.ts";

/** Path of the S&P 500 file inside the installed npm package `vega-datasets`. */
export function samplePath(): string {
  // The package exports its index alone, so the data file is found beside it.
  const index = createRequire(import.meta.url).resolve("vega-datasets");
  return index.replace(/[\\/]build[\\/][^\\/]*$/, "/data/sp500-2000.csv");
}

/**
 * The S&P 500's daily bars from 2000-01-03 to 2020-04-17, 5,105 rows, from the npm package
 * `vega-datasets`: source `sample`, no network and no key.
 *
 * An index: no dividends. Until 2013 the open often repeats the close before it, so that fills at
 * the next open mean nothing there; `checkQuality()` says in which years.
 */
export async function sampleBars(): Promise<Bars> {
  return await readBars(samplePath(), { symbol: "^GSPC", timeframe: "1d" });
}
