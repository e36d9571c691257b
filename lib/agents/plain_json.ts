/**
 * JSON that keeps typed arrays, and the numbers that JSON lacks.
 * @module
 */

const kinds = { Float64Array, Float32Array, Int32Array, Uint8Array };
const isPlain = (x: number): boolean => Number.isFinite(x) && !Object.is(x, -0);
const spell = (x: number): string => Object.is(x, -0) ? "-0" : String(x);

/** The text of plain data; {@linkcode fromJson} gives back the same bits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, v) => {
    if (typeof v === "number") return isPlain(v) ? v : { $number: spell(v) };
    for (const [name, kind] of Object.entries(kinds)) {
      if (v instanceof kind) {
        return {
          $array: name,
          values: Array.from(v, (x) => isPlain(x) ? x : spell(x)),
        };
      }
    }
    return v;
  });
}

/** The data that {@linkcode toJson} wrote. @throws {SyntaxError} If it is no JSON. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, v) => {
    if (v === null || typeof v !== "object") return v;
    if ("$number" in v) return Number(v.$number);
    if ("$array" in v) return kinds[v.$array as keyof typeof kinds].from(v.values.map(Number));
    return v;
  });
}
