/**
 * Reads OpenTelemetry's trace exports (OTLP over HTTP, protobuf or JSON) into spans.
 * @see https://opentelemetry.io/docs/specs/otlp/
 * @module
 */
import type { SpanRow } from "../db/traces.ts";
import { invalid } from "../errors.ts";
import { type Attribute, type AttributeValue, objectOf, plainValue } from "./otlp_attributes.ts";

/** The messages of opentelemetry-proto 1.x that an export of traces is made of. */
const proto = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6;
    bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  bytes parent_span_id = 4;
  string name = 5;
  int32 kind = 6;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10;
  repeated Event events = 11;
  uint32 dropped_events_count = 12;
  repeated Link links = 13;
  uint32 dropped_links_count = 14;
  Status status = 15;
  fixed32 flags = 16;
}
message Event {
  fixed64 time_unix_nano = 1;
  string name = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message Link {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  repeated KeyValue attributes = 4;
  uint32 dropped_attributes_count = 5;
  fixed32 flags = 6;
}
message Status { string message = 2; int32 code = 3; }
`;

interface Span extends Record<string, unknown> {
  trace_id?: string;
  span_id?: string;
  parent_span_id?: string;
  name?: string;
  start_time_unix_nano?: string | number;
  end_time_unix_nano?: string | number;
  attributes?: Attribute[];
  status?: { code?: number | string; message?: string };
}

interface Export {
  resource_spans?: { scope_spans?: { spans?: Span[] }[] }[];
}

type Reader = (bytes: Uint8Array) => Export;
let reader: Promise<Reader> | undefined;

async function makeReader(): Promise<Reader> {
  const { default: protobuf } = await import("protobufjs");
  const type = protobuf.parse(proto, { keepCase: true }).root.lookupType("Request");
  return (bytes) =>
    type.toObject(type.decode(bytes), { longs: String, bytes: String, defaults: false }) as Export;
}

const hexOfBase64 = (text: string) =>
  Array.from(atob(text), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");

const base64OfHex = (hex: string) =>
  btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((h) => parseInt(h, 16))));

const idFields = new Set(["traceId", "spanId", "parentSpanId"]);

/** OTLP's JSON: lowerCamelCase names, and ids in hexadecimal where protobuf has base64. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      idFields.has(key) && typeof v === "string" ? base64OfHex(v) : snakeCase(v),
    ]),
  );
}

const statusNames = ["UNSET", "OK", "ERROR"];

const longestModelName = 500;

/** A name that a client wrote plainly or as JSON. */
function modelText(value: AttributeValue | undefined): string | null {
  const name = plainValue(value);
  return typeof name === "string" ? name.slice(0, longestModelName) : null;
}

/** Costs as the attribute has them; what is no finite number is absent. */
function costsOf(
  value: AttributeValue | undefined,
): Pick<SpanRow, "inputCost" | "outputCost" | "totalCost"> {
  const costs = objectOf(plainValue(value)) ?? {};
  const cost = (name: string) => {
    const amount = costs[name];
    return typeof amount === "number" && Number.isFinite(amount) ? amount : null;
  };
  return {
    inputCost: cost("input_cost"),
    outputCost: cost("output_cost"),
    totalCost: cost("total_cost"),
  };
}

function toRow(span: Span): SpanRow {
  const { trace_id = "", span_id = "", parent_span_id } = span;
  const traceHex = hexOfBase64(trace_id);
  const spanHex = hexOfBase64(span_id);
  if (traceHex.length !== 32 || spanHex.length !== 16) {
    throw invalid("Invalid OpenTelemetry format: trace_id needs 16 bytes and span_id 8");
  }
  const code = span.status?.code ?? 0;
  const status = typeof code === "number"
    ? statusNames[code] ?? "UNSET"
    : code.replace("STATUS_CODE_", "");
  const nano = (value: string | number | undefined) =>
    /^\d{1,19}$/.test(String(value)) ? String(value) : "0";
  const end = nano(span.end_time_unix_nano);
  const attribute = (key: string) => span.attributes?.find((a) => a.key === key)?.value;
  return {
    traceId: `tr-${traceHex}`,
    spanId: spanHex,
    parentSpanId: parent_span_id ? hexOfBase64(parent_span_id) : null,
    name: span.name ?? "",
    spanType: attribute("mlflow.spanType")?.string_value ?? null,
    status,
    startNano: nano(span.start_time_unix_nano),
    endNano: end === "0" ? null : end,
    content: JSON.stringify(span),
    modelName: modelText(attribute("mlflow.llm.model")),
    modelProvider: modelText(attribute("mlflow.llm.provider")),
    ...costsOf(attribute("mlflow.llm.cost")),
  };
}

/**
 * The spans of an export.
 *
 * @throws {ApiError} If the body is not an export, or has no spans.
 */
export async function readOtlp(body: Uint8Array, isJson: boolean): Promise<SpanRow[]> {
  let message: Export;
  try {
    message = isJson
      ? snakeCase(JSON.parse(new TextDecoder().decode(body))) as Export
      : (await (reader ??= makeReader()))(body);
  } catch {
    throw invalid("Invalid OpenTelemetry format");
  }
  if (!message?.resource_spans?.length) {
    throw invalid("Invalid OpenTelemetry format - no spans found");
  }
  try {
    return message.resource_spans.flatMap((r) => r.scope_spans ?? [])
      .flatMap((s) => s.spans ?? []).map(toRow);
  } catch (error) {
    throw error instanceof DOMException ? invalid("Invalid OpenTelemetry format") : error;
  }
}
