/** Numbers as MLflow's JSON carries them. @module */
import { z } from "zod";

/**
 * A double: a number, or one of the strings "NaN", "Infinity", "-Infinity" that JSON numbers
 * cannot say. Parses to a number.
 */
export const double = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number),
]);

/** An int64: a number, or its decimal digits in a string. Parses to a number. */
export const int64 = z.union([z.int(), z.string().regex(/^-?\d+$/).transform(Number)]);

/** How a double is written to JSON. */
export function writeDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A pair as tags and params are. */
export const keyValue = z.object({ key: z.string(), value: z.string() });
export type KeyValue = z.infer<typeof keyValue>;
