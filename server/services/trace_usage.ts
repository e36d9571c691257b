/** Keeps what a trace's spans report of tokens and costs with the trace, as MLflow's server does. @module */
import type { Sql } from "../db/database.ts";
import { knownMetadata, readSpanTree, type SpanRow, upsertTraceMetadata } from "../db/traces.ts";
import { type Numbers, totalCost, totalUsage, type UsageNode, usageNode } from "./span_usage.ts";

/** Of a trace whose client has told all of it; what it told is not changed by spans. */
export const finalizedKey = "mlflow.trace.infoFinalized";
const usageKey = "mlflow.trace.tokenUsage";
const costKey = "mlflow.trace.cost";

const nodeOf = (spanId: string, parentSpanId: string | null, content: string | null): UsageNode =>
  usageNode({
    spanId,
    parentSpanId,
    attributes: content === null ? [] : JSON.parse(content).attributes,
  });

/** As Python's json writes it: filters compare the text. */
const jsonOf = (numbers: Numbers) =>
  `{${Object.entries(numbers).map(([key, value]) => `"${key}": ${value}`).join(", ")}}`;

/**
 * Adds up tokens and costs over all spans of the trace, where the spans that have just come, and are
 * kept already, report any: a parent and its children may arrive apart.
 */
export async function keepUsage(
  tx: Sql,
  traceId: string,
  come: readonly SpanRow[],
): Promise<void> {
  const fresh = come.map((span) => nodeOf(span.spanId, span.parentSpanId, span.content));
  const hasUsage = fresh.some((node) => node.usage);
  const hasCost = fresh.some((node) => node.cost);
  if (!hasUsage && !hasCost) return;
  const known = await knownMetadata(tx, traceId, [finalizedKey, usageKey, costKey]);
  const isTold = (key: string) => known.has(finalizedKey) && known.has(key);
  const nodes = (await readSpanTree(tx, traceId))
    .map((span) => nodeOf(span.span_id, span.parent_span_id, span.content));
  const usage = hasUsage && !isTold(usageKey) ? totalUsage(nodes) : null;
  const cost = hasCost && !isTold(costKey) ? totalCost(nodes) : null;
  await upsertTraceMetadata(tx, traceId, {
    ...usage && { [usageKey]: jsonOf(usage) },
    ...cost && { [costKey]: jsonOf(cost) },
  });
}
