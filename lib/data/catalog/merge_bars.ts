import { barFields, type Bars, makeBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { formatTime } from "../validate_bars.ts";

/** Which bar stays where two have the same time: the new one, the old one, or neither (an error). */
export type ConflictPolicy = "replace" | "keep" | "reject";

/**
 * Old and new bars in one ascending series. Equal bars of the same time are no conflict.
 *
 * @throws {DataError} `duplicate-time` if they differ under `reject`.
 */
export function mergeBars(old: Bars, fresh: Bars, policy: ConflictPolicy): Bars {
  if (old.length === 0) return fresh;
  if (fresh.length === 0) return old;
  const fields = ["time", ...barFields] as const;
  const room = old.length + fresh.length;
  const out = fields.map(() => new Float64Array(room));
  let a = 0;
  let b = 0;
  let n = 0;
  const take = (from: Bars, i: number) => {
    for (let k = 0; k < fields.length; k++) out[k][n] = from[fields[k]][i];
    n++;
  };
  while (a < old.length || b < fresh.length) {
    const ta = a < old.length ? old.time[a] : Infinity;
    const tb = b < fresh.length ? fresh.time[b] : Infinity;
    if (ta < tb) take(old, a++);
    else if (tb < ta) take(fresh, b++);
    else {
      if (policy === "reject") {
        for (const field of barFields) {
          if (!Object.is(old[field][a], fresh[field][b])) {
            throw new DataError(
              "duplicate-time",
              `Cannot write the catalog: ${field} at ${formatTime(ta)} must equal the stored ${
                old[field][a]
              }, got ${fresh[field][b]}`,
              { field, value: fresh[field][b], row: b + 1 },
            );
          }
        }
      }
      if (policy === "keep") take(old, a);
      else take(fresh, b);
      a++;
      b++;
    }
  }
  const [time, open, high, low, close, volume] = out.map((column) => column.subarray(0, n));
  return makeBars({ time, open, high, low, close, volume });
}
