/**
 * Spans as MLflow's own trace files have them: attributes as an object of JSON texts, times as
 * whole numbers. Spans are kept as OpenTelemetry has them.
 * @module
 */

interface AnyValue {
  string_value?: string;
  bool_value?: boolean;
  int_value?: string | number;
  double_value?: number | string;
  bytes_value?: string;
  array_value?: { values?: AnyValue[] };
  kvlist_value?: { values?: Attribute[] };
}

interface Attribute {
  key: string;
  value?: AnyValue;
}

interface Attributed {
  attributes?: Attribute[];
}

/** A value as Python's `json.dumps(ensure_ascii=False)` writes it. */
function jsonText(value: AnyValue | undefined): string {
  if (value?.string_value !== undefined) return JSON.stringify(value.string_value);
  if (value?.bool_value !== undefined) return String(value.bool_value);
  if (value?.int_value !== undefined) return String(value.int_value);
  if (value?.bytes_value !== undefined) return JSON.stringify(value.bytes_value);
  if (value?.double_value !== undefined) {
    const text = String(value.double_value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
  if (value?.array_value) {
    return `[${(value.array_value.values ?? []).map(jsonText).join(", ")}]`;
  }
  if (value?.kvlist_value) {
    const pairs = (value.kvlist_value.values ?? []).map((pair) =>
      `${JSON.stringify(pair.key)}: ${jsonText(pair.value)}`
    );
    return `{${pairs.join(", ")}}`;
  }
  return "null";
}

/** `{key: value}` with each value written by `text`. */
function objectText({ attributes = [] }: Attributed, text: (value?: AnyValue) => string): string {
  return `{${attributes.map((a) => `${JSON.stringify(a.key)}:${text(a.value)}`).join(",")}}`;
}

const nanoText = (nano: unknown) => /^\d+$/.test(String(nano)) ? String(nano) : "null";

const codes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/** The JSON of a span; nanoseconds are beyond JavaScript's numbers, hence a text. */
export function spanDictionaryText(span: Record<string, any>): string {
  const { code = 0, message = "" } = span.status ?? {};
  const events = (span.events ?? []).map((event: Record<string, unknown> & Attributed) =>
    `{"name":${JSON.stringify(event.name ?? "")},"time_unix_nano":${
      nanoText(event.time_unix_nano)
    },"attributes":${objectText(event, jsonText)}}`
  );
  const links = (span.links ?? []).map((link: Record<string, unknown> & Attributed) =>
    `{"trace_id":${JSON.stringify(link.trace_id)},"span_id":${
      JSON.stringify(link.span_id)
    },"attributes":${objectText(link, jsonText)}}`
  );
  const rest = {
    trace_id: span.trace_id,
    span_id: span.span_id,
    parent_span_id: span.parent_span_id || null,
    name: span.name ?? "",
    status: { code: typeof code === "number" ? codes[code] : code, message },
  };
  return `${JSON.stringify(rest).slice(0, -1)},"start_time_unix_nano":${
    nanoText(span.start_time_unix_nano)
  },"end_time_unix_nano":${nanoText(span.end_time_unix_nano)},"attributes":${
    objectText(span, (value) => JSON.stringify(jsonText(value)))
  },"events":[${events.join(",")}],"links":[${links.join(",")}]}`;
}
