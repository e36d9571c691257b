/** What may be asked when searching runs, experiments, models, versions and logged models. @module */
import { type Grammar, numberComparators, stringComparators } from "./filter.ts";

const attribute = {
  attribute: "attribute",
  attributes: "attribute",
  attr: "attribute",
  run: "attribute",
};
const tag = { tag: "tag", tags: "tag" };
const metric = { metric: "metric", metrics: "metric" };
const parameter = {
  parameter: "parameter",
  parameters: "parameter",
  param: "parameter",
  params: "parameter",
};
const withNull = [...stringComparators, "IS NULL", "IS NOT NULL"] as const;
const withList = [...stringComparators, "IN", "NOT IN"] as const;

const tagOrAttribute = "Valid entity types are ('attribute', 'tag', 'tags')";
const comparatorFor = (entity: string, comparator: string) =>
  `Invalid comparator for ${entity}: ${comparator}`;

export const runGrammar: Grammar = {
  quotesParts: true,
  entities: {
    ...metric,
    ...parameter,
    ...tag,
    ...attribute,
    dataset: "dataset",
    datasets: "dataset",
  },
  entityNames: ["metric", "parameter", "tag", "attribute", "dataset"],
  keys: {
    attribute: {
      run_id: "string",
      run_name: "string",
      status: "string",
      user_id: "string",
      artifact_uri: "string",
      start_time: "number",
      end_time: "number",
    },
    dataset: { name: "string", digest: "string", context: "string" },
  },
  aliases: {
    created: "start_time",
    Created: "start_time",
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
  },
  orders: ["metric", "parameter", "tag", "attribute"],
  comparators(entity, key) {
    if (entity === "metric") return numberComparators;
    if (entity === "dataset") return withList;
    if (entity !== "attribute") return withNull;
    if (key === "start_time" || key === "end_time") return numberComparators;
    return key === "run_id" ? withList : stringComparators;
  },
};

export const experimentGrammar: Grammar = {
  entities: { ...tag, ...attribute },
  entityNames: ["tag", "attribute"],
  entityWords: tagOrAttribute,
  comparatorWords: (entity, _key, comparator) =>
    entity === "tag" ? comparatorFor(entity, comparator) : null,
  keys: {
    attribute: {
      name: "string",
      experiment_id: "string",
      creation_time: "number",
      last_update_time: "number",
    },
  },
  orders: ["attribute"],
  comparators(entity, key) {
    if (entity === "tag") return withNull;
    if (key === "experiment_id") return ["=", "!=", "IN", "NOT IN"];
    return key === "name" ? stringComparators : numberComparators;
  },
};

export const modelGrammar: Grammar = {
  entities: { ...tag, ...attribute },
  entityNames: ["tag", "attribute"],
  entityWords: tagOrAttribute,
  comparatorWords: (entity, _key, comparator) => comparatorFor(entity, comparator),
  keys: { attribute: { name: "string" } },
  comparators: (entity) => entity === "tag" ? stringComparators : withList,
};

export const versionGrammar: Grammar = {
  entities: { ...tag, ...attribute },
  entityNames: ["tag", "attribute"],
  keys: {
    attribute: {
      name: "string",
      version_number: "number",
      run_id: "string",
      source_path: "string",
    },
  },
  comparators(entity, key) {
    if (entity === "tag") return stringComparators;
    if (key === "version_number") return numberComparators;
    return key === "source_path" ? stringComparators : withList;
  },
};

export const loggedModelGrammar: Grammar = {
  syntaxWords: (filter) =>
    `Invalid filter string: '${filter}'. Expected a list of comparisons separated by 'AND' ` +
    "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')",
  comparatorWords(entity, key, comparator) {
    const refused = (name: string) =>
      `Invalid comparison operator for ${name}.${key}: '${comparator}'. Expected one of `;
    if (entity === "metric") return `${refused("metrics")}('<', '<=', '>', '>=', '=', '!=')`;
    if (entity !== "attribute" || key.endsWith("_timestamp")) return null;
    return `${refused("attributes")}('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')`;
  },
  entities: { ...metric, ...parameter, ...tag, ...attribute },
  entityNames: ["metric", "parameter", "tag", "attribute"],
  keys: {
    attribute: {
      model_id: "string",
      model_name: "string",
      name: "string",
      model_type: "string",
      status: "string",
      source_run_id: "string",
      creation_timestamp: "number",
      last_updated_timestamp: "number",
    },
  },
  aliases: {
    creation_time: "creation_timestamp",
    creation_timestamp_ms: "creation_timestamp",
    last_updated_timestamp_ms: "last_updated_timestamp",
  },
  comparators(entity, key) {
    if (entity === "metric") return numberComparators;
    if (entity === "attribute" && key.endsWith("_timestamp")) return numberComparators;
    return withList;
  },
};

const traceStrings = [...stringComparators, "RLIKE"] as const;
const traceLists = [...traceStrings, "IN", "NOT IN"] as const;
const traceNulls = [...traceStrings, "IS NULL", "IS NOT NULL"] as const;

/** Keys of spans that have columns of their own; `attributes.<name>` is in their content. */
const spanKeys = ["name", "type", "status", "content"];

export const traceGrammar: Grammar = {
  entities: {
    ...tag,
    attribute: "attribute",
    attributes: "attribute",
    trace: "attribute",
    request_metadata: "request_metadata",
    metadata: "request_metadata",
    span: "span",
    feedback: "feedback",
    expectation: "expectation",
  },
  entityNames: ["tag", "attribute", "request_metadata", "span", "feedback", "expectation"],
  keys: {
    attribute: {
      request_id: "string",
      experiment_id: "string",
      client_request_id: "string",
      status: "string",
      name: "string",
      run_id: "string",
      prompt: "string",
      text: "string",
      timestamp_ms: "number",
      execution_time_ms: "number",
      end_time_ms: "number",
    },
  },
  aliases: {
    trace_id: "request_id",
    timestamp: "timestamp_ms",
    execution_time: "execution_time_ms",
    end_time: "end_time_ms",
    state: "status",
  },
  orders: ["attribute"],
  freeValues: ["feedback", "expectation"],
  comparators(entity, key) {
    if (entity === "tag" || entity === "request_metadata") return traceNulls;
    if (entity === "feedback" || entity === "expectation") {
      return [...traceNulls, ">", ">=", "<", "<="];
    }
    if (entity === "span") {
      if (key === "content") return ["LIKE", "ILIKE"];
      return spanKeys.includes(key) || key.startsWith("attributes.") ? traceLists : [];
    }
    if (key.endsWith("_ms")) return numberComparators;
    if (key === "text") return ["LIKE", "ILIKE"];
    return key === "prompt" ? ["="] : traceLists;
  },
};

export const evaluationDatasetGrammar: Grammar = {
  entities: { ...tag, ...attribute },
  entityNames: ["tag", "attribute"],
  keys: {
    attribute: {
      name: "string",
      created_by: "string",
      last_updated_by: "string",
      created_time: "number",
      last_update_time: "number",
    },
  },
  orders: ["attribute"],
  comparators(entity, key) {
    if (key.endsWith("_time") && entity === "attribute") return numberComparators;
    return key === "name" ? withList : stringComparators;
  },
};

const noComparators = () => [];

export const modelOrderGrammar: Grammar = {
  entities: attribute,
  entityNames: ["attribute"],
  keys: { attribute: { name: "string", last_updated_timestamp: "number" } },
  aliases: { timestamp: "last_updated_timestamp" },
  keyWords: "order by key",
  comparators: noComparators,
};

export const versionOrderGrammar: Grammar = {
  entities: attribute,
  entityNames: ["attribute"],
  keys: {
    attribute: {
      name: "string",
      version_number: "number",
      creation_timestamp: "number",
      last_updated_timestamp: "number",
    },
  },
  comparators: noComparators,
};
