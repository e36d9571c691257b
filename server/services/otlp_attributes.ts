/** Attributes of spans as OpenTelemetry's messages have them, and what they say. @module */

export interface AttributeValue {
  string_value?: string;
  bool_value?: boolean;
  double_value?: number;
  int_value?: string | number;
  array_value?: { values?: AttributeValue[] };
  kvlist_value?: { values?: Attribute[] };
}

export interface Attribute {
  key: string;
  value?: AttributeValue;
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The plain value: clients write text, numbers and objects as they are or as JSON. */
export function plainValue(value: AttributeValue | undefined): unknown {
  if (value === undefined) return undefined;
  if (value.string_value !== undefined) return parsedOrText(value.string_value);
  if (value.int_value !== undefined) return Number(value.int_value);
  if (value.kvlist_value) return plainValues(value.kvlist_value.values);
  if (value.array_value) return value.array_value.values?.map(plainValue) ?? [];
  return value.double_value ?? value.bool_value;
}

/** The plain values by their keys. */
export function plainValues(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

/** The object that a value is, or none. */
export function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : null;
}
