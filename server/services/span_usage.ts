/**
 * Tokens and costs that spans report, under MLflow's names or those of other instrumentations, and
 * their sum over the tree of a trace. Rules and order of the names are those of MLflow 3.17.
 * @module
 */
import { type Attribute, objectOf, plainValues } from "./otlp_attributes.ts";

export type Numbers = Record<string, number>;

/** A span of a trace's tree. */
export interface UsageNode {
  spanId: string;
  parentSpanId: string | null;
  usage: Numbers | null;
  cost: Numbers | null;
}

const tokenKeys = {
  always: ["input_tokens", "output_tokens", "total_tokens"],
  whenGiven: [
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
  ],
};
const costKeys = { always: ["input_cost", "output_cost", "total_cost"], whenGiven: [] };

type Attributes = Record<string, unknown>;

/** Names under which an instrumentation counts tokens; the first that is there says how many. */
interface Names {
  input: string[];
  output: string[];
  total?: string[];
  cacheRead?: string[];
  cacheCreation?: string[];
  /** Whether the names mean tokens in this span; else they do wherever they stand. */
  applies?(attributes: Attributes): boolean;
  /** Its input leaves out what was read from caches or written to them. */
  inputWithoutCache?: boolean;
}

const instrumentations: readonly Names[] = [
  // OpenInference.
  {
    input: ["llm.token_count.prompt"],
    output: ["llm.token_count.completion"],
    total: ["llm.token_count.total"],
    cacheRead: ["llm.token_count.prompt_details.cache_read"],
    cacheCreation: ["llm.token_count.prompt_details.cache_write"],
  },
  // OpenTelemetry's own conventions.
  {
    input: ["gen_ai.usage.input_tokens"],
    output: ["gen_ai.usage.output_tokens"],
    cacheRead: ["gen_ai.usage.cache_read.input_tokens"],
    cacheCreation: [
      "gen_ai.usage.cache_write.input_tokens",
      "gen_ai.usage.cache_creation.input_tokens",
    ],
  },
  // Claude Code, whose names are plain words elsewhere.
  {
    input: ["input_tokens"],
    output: ["output_tokens"],
    cacheRead: ["cache_read_tokens"],
    cacheCreation: ["cache_creation_tokens"],
    applies: (attributes) => /^(claude_code\.)?llm_request$/.test(String(attributes["span.type"])),
    inputWithoutCache: true,
  },
  // Traceloop.
  {
    input: ["gen_ai.usage.prompt_tokens"],
    output: ["gen_ai.usage.completion_tokens"],
    total: ["llm.usage.total_tokens"],
  },
  // VoltAgent.
  {
    input: ["usage.prompt_tokens", "llm.usage.prompt_tokens"],
    output: ["usage.completion_tokens", "llm.usage.completion_tokens"],
    total: ["usage.total_tokens", "llm.usage.total_tokens"],
  },
];

/** A whole number, also as text. */
function count(value: unknown): number | undefined {
  if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}

function counted(attributes: Attributes, names: readonly string[] = []): number | undefined {
  for (const name of names) {
    const found = count(attributes[name]);
    if (found !== undefined) return found;
  }
}

/** Tokens as the first instrumentation whose names are there counts them. */
function countTokens(attributes: Attributes): Numbers | null {
  for (const names of instrumentations) {
    if (names.applies && !names.applies(attributes)) continue;
    let input = counted(attributes, names.input);
    const output = counted(attributes, names.output);
    const read = counted(attributes, names.cacheRead);
    const created = counted(attributes, names.cacheCreation);
    if (names.inputWithoutCache && input !== undefined) input += (read ?? 0) + (created ?? 0);
    const total = counted(attributes, names.total) ??
      (input === undefined || output === undefined ? undefined : input + output);
    if (input === undefined && output === undefined && total === undefined) continue;
    return numbersOf({
      input_tokens: input,
      output_tokens: output,
      total_tokens: total,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: created,
    });
  }
  return null;
}

/** The finite numbers of an object. */
function numbersOf(values: Record<string, unknown> | null): Numbers | null {
  return values && Object.fromEntries(
    Object.entries(values).filter(([, value]) => Number.isFinite(value)),
  ) as Numbers;
}

/** What the span reports of itself; a parent may report what its children do, too. */
export function usageNode(
  span: { spanId: string; parentSpanId: string | null; attributes?: readonly Attribute[] },
): UsageNode {
  const attributes = plainValues(span.attributes);
  const own = attributes["mlflow.chat.tokenUsage"];
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    usage: own === undefined ? countTokens(attributes) : numbersOf(objectOf(own)),
    cost: numbersOf(objectOf(attributes["mlflow.llm.cost"])),
  };
}

/** The sum over the topmost spans that have data: what is below them is counted in them. */
function sumOverTree(
  nodes: readonly UsageNode[],
  dataOf: (node: UsageNode) => Numbers | null,
  keys: { always: string[]; whenGiven: string[] },
): Numbers | null {
  const ids = new Set(nodes.map((node) => node.spanId));
  const childrenOf = Map.groupBy(
    nodes,
    ({ parentSpanId }) => parentSpanId !== null && ids.has(parentSpanId) ? parentSpanId : null,
  );
  const names = [...keys.always, ...keys.whenGiven];
  const sums: Numbers = Object.fromEntries(keys.always.map((key) => [key, 0]));
  let hasData = false;
  const waiting = [...childrenOf.get(null) ?? []];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const data = dataOf(node);
    if (data === null) {
      waiting.push(...childrenOf.get(node.spanId) ?? []);
      continue;
    }
    hasData = true;
    for (const key of names) {
      if (key in data) sums[key] = (sums[key] ?? 0) + data[key];
    }
  }
  if (!hasData) return null;
  return Object.fromEntries(names.filter((key) => key in sums).map((key) => [key, sums[key]]));
}

/** Tokens of a trace; null where no span reports any. */
export const totalUsage = (nodes: readonly UsageNode[]) =>
  sumOverTree(nodes, (node) => node.usage, tokenKeys);

/** Costs of a trace in dollars; null where no span reports any. */
export const totalCost = (nodes: readonly UsageNode[]) =>
  sumOverTree(nodes, (node) => node.cost, costKeys);
