/**
 * Checks of what clients send, in the words of MLflow's own server: its clients and their tests
 * read these messages.
 * @module
 */
import { resolve } from "node:path";
import { limits } from "../../lib/contracts/mlflow/mod.ts";
import type { DatasetInput, KeyValue, Metric } from "../../lib/contracts/mlflow/mod.ts";
import { invalid } from "../errors.ts";

/** A number that was written with a point or an exponent, which Python keeps apart from an int. */
export class PythonFloat {
  constructor(readonly value: number) {}

  toString(): string {
    const text = String(this.value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
}

/**
 * JSON as Python's `json.dumps(sort_keys=True, separators=(",", ":"))` writes it; `spaced` is with
 * the separators that it has by itself.
 */
export function pythonJson(value: unknown, spaced = false): string {
  if (value instanceof PythonFloat) return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  const comma = spaced ? ", " : ",";
  if (Array.isArray(value)) return `[${value.map((v) => pythonJson(v, spaced)).join(comma)}]`;
  if (value && typeof value === "object") {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) =>
      a < b ? -1 : 1
    );
    const colon = spaced ? ": " : ":";
    return `{${
      entries.map(([k, v]) => pythonJson(k) + colon + pythonJson(v, spaced)).join(comma)
    }}`;
  }
  const text = JSON.stringify(value) ?? "null";
  return text.replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A string as Python's repr() writes it. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replace(/\\/g, "\\\\").replaceAll("\n", "\\n")
    .replaceAll(quote, quote === "'" ? "\\'" : quote) +
    quote;
}

export function invalidValue(path: string, value: unknown, message?: string): string {
  return `Invalid value ${pythonJson(value)} for parameter '${path}' supplied` +
    (message === undefined ? "." : `: ${message}`);
}

export const missingValue = (path: string) => `Missing value for required parameter '${path}'.`;

const exceeds = (path: string, limit: number) =>
  `'${path}' exceeds the maximum length of ${limit} characters`;

/** Length in code points, as Python counts it, is at most `limit`. */
export function checkLength(name: string, limit: number, value: string | undefined): void {
  if (value === undefined || value.length <= limit) return;
  if ([...value].length > limit) throw invalid(exceeds(name, limit));
}

const badCharacters = "Names may only contain alphanumerics, underscores (_), dashes (-), " +
  "periods (.), spaces ( ), colon(:) and slashes (/).";

/** As Python's posixpath.normpath. */
export function normalizePath(path: string): string {
  if (path === "") return ".";
  const root = path.startsWith("//") && !path.startsWith("///")
    ? "//"
    : path.startsWith("/")
    ? "/"
    : "";
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== ".." || (!root && out.length === 0) || out.at(-1) === "..") out.push(part);
    else if (out.length) out.pop();
  }
  return root + out.join("/") || ".";
}

function isNotUnique(name: string): boolean {
  const norm = normalizePath(name);
  return norm !== name || norm === "." || norm.startsWith("..") || norm.startsWith("/");
}

/** Keys that were found good: a run logs the same few a thousand times. */
const goodKeys = new Set<string>();

/** A name that is a metric's, param's or tag's key. */
export function checkKey(name: string, path: string): void {
  if (goodKeys.has(name)) return;
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(name)) throw invalid(invalidValue(path, name, badCharacters));
  if (isNotUnique(name)) {
    throw invalid(invalidValue(
      path,
      name,
      "Names may be treated as files in certain cases, and must not resolve to other names when " +
        `treated as such. This name would resolve to ${pythonRepr(normalizePath(name))}`,
    ));
  }
  if (name.length > limits.keyLength) return;
  if (goodKeys.size >= 5000) goodKeys.clear();
  goodKeys.add(name);
}

const at = (path: string, name: string) => path ? `${path}.${name}` : name;

export function checkMetric(metric: Metric, path = ""): void {
  const { key, value, timestamp, step } = metric;
  checkKey(key, at(path, "name"));
  if (value === undefined || value === null) throw invalid(missingValue(at(path, "value")));
  if (typeof value !== "number") {
    throw invalid(invalidValue(
      at(path, "value"),
      value,
      `(timestamp=${timestamp}). Please specify value as a valid double (64-bit floating point)`,
    ));
  }
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw invalid(invalidValue(
      at(path, "timestamp"),
      timestamp,
      `metric '${key}' (value=${new PythonFloat(
        value,
      )}). Timestamp must be a nonnegative long (64-bit integer) `,
    ));
  }
  if (!Number.isSafeInteger(step ?? 0)) {
    throw invalid(invalidValue(
      at(path, "step"),
      step,
      `metric '${key}' (value=${new PythonFloat(
        value,
      )}). Step must be a valid long (64-bit integer).`,
    ));
  }
  checkLength("Metric name", limits.keyLength, key);
}

/** Values of params and tags are cut to what is kept of them, as MLflow's server cuts them. */
export function shortened(list: readonly KeyValue[], most: number): KeyValue[] {
  return list.map((item) => {
    if (item.value === undefined || item.value.length <= most) return item;
    return { ...item, value: [...item.value].slice(0, most).join("") };
  });
}

export function checkParam(param: KeyValue, path = ""): void {
  checkKey(param.key, at(path, "key"));
  checkLength("Param key", limits.keyLength, param.key);
  checkLength("Param value", limits.paramValueLength, param.value);
}

export function checkTag(tag: KeyValue, path = ""): void {
  checkKey(tag.key, at(path, "key"));
  checkLength(at(path, "key"), limits.keyLength, tag.key);
  checkLength(at(path, "value"), limits.tagValueLength, tag.value);
}

export function checkExperimentTag(key: string, value: string): void {
  checkKey(key, "key");
  checkLength("key", limits.keyLength, key);
  checkLength("value", limits.experimentTagValueLength, value);
}

export function checkRegistryTag(key: string, value: string): void {
  checkKey(key, "key");
  checkLength("key", limits.keyLength, key);
  checkLength("value", limits.registryTagValueLength, value);
}

export function checkRunId(runId: string): void {
  if (!/^[a-zA-Z0-9][\w-]{0,255}$/.test(runId)) throw invalid(invalidValue("run_id", runId));
}

/** The number that an experiment's id is. */
export function parseExperimentId(id: string): number {
  const text = id.trim() === "" ? "0" : id.trim();
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`);
  }
  return Number(text);
}

export function checkExperimentName(name: string): void {
  if (!name) throw invalid(`Invalid experiment name: '${name ?? "None"}'`);
  checkLength("name", limits.experimentNameLength, name);
}

export function checkBatch(
  metrics: readonly Metric[],
  params: readonly KeyValue[],
  tags: readonly KeyValue[],
): void {
  const most = (what: string, limit: number, length: number) => {
    if (length > limit) {
      throw invalid(
        `A batch logging request can contain at most ${limit} ${what}. Got ${length} ${what}. ` +
          `Please split up ${what} across multiple requests and try again.`,
      );
    }
  };
  metrics.forEach((metric, i) => checkMetric(metric, `metrics[${i}]`));
  params.forEach((param, i) => checkParam(param, `params[${i}]`));
  tags.forEach((tag, i) => checkTag(tag, `tags[${i}]`));
  most("metrics", limits.metricsPerBatch, metrics.length);
  most("params", limits.paramsPerBatch, params.length);
  most("tags", limits.tagsPerBatch, tags.length);
  most(
    "metrics, params, and tags",
    limits.entitiesPerBatch,
    metrics.length + params.length + tags.length,
  );
  const seen = new Set<string>();
  const twice = params.filter(({ key }) => seen.has(key) || !seen.add(key)).map((p) => p.key);
  if (twice.length) {
    throw invalid(
      `Duplicate parameter keys have been submitted: [${twice.map(pythonRepr).join(", ")}]. ` +
        "Please ensure the request contains only one param value per param key.",
    );
  }
}

export function checkModelName(name: string | undefined): void {
  if (!name?.trim()) throw invalid(missingValue("name"));
  if (/[/:]/.test(name)) {
    throw invalid(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`);
  }
  if (isNotUnique(name)) {
    throw invalid(invalidValue(
      "name",
      name,
      "Names may be treated as files in certain cases, and must not resolve to other names when " +
        `treated as such. This name would resolve to ${pythonRepr(normalizePath(name))}`,
    ));
  }
}

/** The number that a model version is. */
export function parseVersion(version: string | number): number {
  const text = String(version).trim();
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    throw invalid(`Parameter 'version' must be an integer, got '${version}'.`);
  }
  return Number(text);
}

export function checkAlias(alias: string): void {
  if (!alias) throw invalid("Registered model alias name cannot be empty.");
  if (!/^[\w-]*$/.test(alias)) {
    throw invalid(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), ` +
        "and dashes (-).",
    );
  }
  checkLength("Registered model alias name", limits.aliasLength, alias);
}

export function checkAliasIsFree(alias: string): void {
  if (alias.toLowerCase() === "latest") {
    throw invalid("'latest' alias name (case insensitive) is reserved.");
  }
  if (/^v\d+$/i.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`);
}

/** Datasets and their tags, as log-inputs carries them. */
export function checkDatasetInputs(inputs: readonly DatasetInput[]): void {
  for (const { dataset, tags } of inputs) {
    if (!dataset) throw invalid("Dataset cannot be None");
    for (const field of ["name", "digest", "source_type", "source"] as const) {
      if (typeof dataset[field] !== "string") throw invalid(`Dataset ${field} cannot be None`);
    }
    checkLength("name", limits.datasetNameLength, dataset.name);
    checkLength("digest", limits.datasetDigestLength, dataset.digest);
    checkLength("source", limits.datasetSourceLength, dataset.source);
    checkLength("schema", limits.datasetSchemaLength, dataset.schema);
    checkLength("profile", limits.datasetProfileLength, dataset.profile);
    for (const { key, value } of tags ?? []) {
      if (typeof key !== "string") throw invalid("InputTag key cannot be None");
      if (typeof value !== "string") throw invalid("InputTag value cannot be None");
      checkLength("key", limits.inputTagKeyLength, key);
      checkLength("value", limits.inputTagValueLength, value);
    }
  }
}

/**
 * Where an experiment's artifacts lie: here when absent, else a place that clients write to
 * themselves. A path is made absolute, as MLflow's server does.
 */
export function checkArtifactLocation(location: string | undefined): string | undefined {
  if (!location) return undefined;
  checkLength("artifact_location", limits.artifactLocationLength, location);
  if (location.startsWith("runs:")) {
    throw invalid(`Artifact location cannot be a runs:/ URI. Given: '${location}'`);
  }
  if (/[#;?]/.test(location) && /^[a-z][a-z0-9+.-]*:/i.test(location)) {
    throw invalid(
      `'artifact_location' URL can't include fragments or params. Given: '${location}'`,
    );
  }
  if (/(^|[/\\])\.\.([/\\]|$)/.test(decodeURIComponentSafely(location))) {
    throw invalid(`artifact_location must not lead upwards with '..', got '${location}'`);
  }
  return /^([a-z][a-z0-9+.-]*:|\/)/i.test(location) ? location : resolve(location);
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** How many results a search may ask for; MLflow's own words when it asks for more or less. */
export function checkMaxResults(maxResults: number, most = 50_000): number {
  if (maxResults < 1) {
    throw invalid(
      `Invalid value ${maxResults} for parameter 'max_results' supplied. ` +
        "It must be a positive integer",
    );
  }
  if (maxResults > most) {
    throw invalid(
      `Invalid value ${maxResults} for parameter 'max_results' supplied. ` +
        `It must be at most ${most}`,
    );
  }
  return maxResults;
}
