import { z } from "zod";
import { zoneOffsetMs } from "../data/mod.ts";

/** An IANA time zone, that of the exchange for instance; UTC unless asked. */
export const timeZone = z.string().refine((zone) => {
  try {
    zoneOffsetMs(0, zone);
    return true;
  } catch {
    return false;
  }
}, { error: "must be an IANA time zone such as America/New_York" }).default("UTC");

/**
 * Writes what a clock in the zone shows at the times (ms UTC) of rows [from, to), as ms as if it were
 * UTC, into `out` from place 0 on. The offset is looked up once per quarter hour of ascending times.
 */
export function wallClock(
  zone: string,
): (time: Float64Array, from: number, to: number, out: Float64Array) => void {
  let quarter = NaN;
  let offset = 0;
  return (time, from, to, out) => {
    for (let i = from, k = 0; i < to; i++, k++) {
      const now = zone === "UTC" ? quarter : Math.floor(time[i] / 900_000);
      if (now !== quarter && zone !== "UTC") {
        quarter = now;
        offset = zoneOffsetMs(time[i], zone);
      }
      out[k] = time[i] + offset;
    }
  };
}
