/**
 * Arrays as PostgreSQL's own text, so that a thousand rows travel as a few parameters. Both drivers
 * pass text through untouched: `$1::text::float8[]`.
 * @module
 */

/** `{1,2.5,NaN}`. */
export function numberArray(values: ArrayLike<number>): string {
  return `{${Array.prototype.join.call(values, ",")}}`;
}

/** `{"a","b \"c\"",NULL}`. */
export function textArray(values: readonly (string | null | undefined)[]): string {
  return `{${
    values.map((v) => v === null || v === undefined ? "NULL" : `"${v.replace(/["\\]/g, "\\$&")}"`)
      .join(",")
  }}`;
}

/** Text that PostgreSQL can hold: it has no character zero. */
export function storableText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
}
