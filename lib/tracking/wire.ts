/**
 * MLflow's JSON, written and read without loss: NaN and infinities travel as strings.
 *
 * Metric points are written straight into text, without an object per point: a column of a million
 * points allocates no million objects.
 * @module
 */

/** Limits of one log-batch request (MLflow's server refuses more). */
export const batchLimits = {
  metrics: 1000,
  params: 100,
  tags: 100,
  total: 1000,
  /** A margin below 1 MB for the run id and the braces. */
  bytes: 1_000_000 - 1_000,
} as const;

export const keyLimit = 250;
export const paramValueLimit = 6000;
export const tagValueLimit = 8000;

/** JSON for one number: NaN and infinities as MLflow's strings, -0 as 0. */
export function encodeNumber(value: number): string {
  if (value - value === 0) return String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}

/** The number that MLflow's JSON holds: a number, or one of its strings. */
export function decodeNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === null || value === undefined) return NaN;
  return Number(value);
}

/** `{"key":…,"value":…,"timestamp":…,"step":…}`; `jsonKey` is the key as JSON already. */
export function encodeMetric(
  jsonKey: string,
  value: number,
  timestamp: number,
  step: number,
): string {
  return `{"key":${jsonKey},"value":${
    encodeNumber(value)
  },"timestamp":${timestamp},"step":${step}}`;
}

/** `{"key":…,"value":…}` of a param or tag. */
export function encodePair(key: string, value: string): string {
  return `{"key":${JSON.stringify(key)},"value":${JSON.stringify(value)}}`;
}

/**
 * Text for a param: strings as they are, numbers and booleans printed, arrays and other values as
 * JSON with NaN and infinities printed by name.
 */
export function paramText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return String(value);
  }
  if (value === null || value === undefined) return String(value);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return paramText(Array.from(value as Float64Array));
  }
  return JSON.stringify(
    value,
    (_, v) => typeof v === "number" && !Number.isFinite(v) ? String(v) : v,
  );
}

/** Nested plain objects become dotted keys: `{model: {units: 8}}` gives `model.units`. */
export function flattenParams(params: object): [string, string][] {
  const pairs: [string, string][] = [];
  const visit = (prefix: string, value: unknown) => {
    const prototype = typeof value === "object" && value !== null
      ? Object.getPrototypeOf(value)
      : undefined;
    const isPlain = prototype === Object.prototype || prototype === null;
    if (isPlain && prefix !== "" && Object.keys(value as object).length === 0) {
      pairs.push([prefix, "{}"]);
    } else if (isPlain) {
      for (const [k, v] of Object.entries(value as object)) {
        visit(prefix === "" ? k : `${prefix}.${k}`, v);
      }
    } else pairs.push([prefix, paramText(value)]);
  };
  visit("", { ...params });
  return pairs;
}

/**
 * Throws unless `key` is one that MLflow takes: letters, digits, `_ - . / : ` and blanks, no empty
 * or relative path parts, at most 250 characters.
 */
export function checkKey(kind: "metric" | "param" | "tag", key: string): void {
  const fail = (reason: string) => {
    throw new RangeError(`Cannot log ${kind}: key must ${reason}, got ${JSON.stringify(key)}`);
  };
  if (typeof key !== "string" || key === "") fail("be a non-empty string");
  if (key.length > keyLimit) fail(`have at most ${keyLimit} characters`);
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key)) {
    fail("contain only letters, digits, underscores, dashes, periods, blanks, colons and slashes");
  }
  if (/^\/|\/$|\/\/|(^|\/)\.{1,2}(\/|$)/.test(key)) {
    fail("be a plain path without empty, . or .. parts");
  }
}
