import { DataError } from "../data_error.ts";

const unitMs: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Length of a timeframe such as `15m` or `1d` in ms. @throws {DataError} `bad-request` */
export function timeframeMs(timeframe: string): number {
  const match = /^([1-9]\d{0,3})([smhdw])$/.exec(timeframe);
  if (!match) {
    throw new DataError(
      "bad-request",
      `Cannot use timeframe: it must be a number and one of s, m, h, d, w, got ${
        JSON.stringify(timeframe)
      }`,
      { field: "timeframe", value: timeframe },
    );
  }
  return Number(match[1]) * unitMs[match[2]];
}
