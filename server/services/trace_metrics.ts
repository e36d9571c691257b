/** Figures over many traces (MLflow 3): what may be asked, and how it is refused. @module */
import type { Database } from "../db/database.ts";
import * as store from "../db/trace_metrics.ts";
import { invalid } from "../errors.ts";
import { tokenize } from "../search/lexer.ts";
import { parseExperimentId, PythonFloat, pythonRepr } from "./validation.ts";

export interface TraceMetricRequest {
  experimentIds: string[];
  view: store.MetricView;
  metric: string;
  aggregations: store.Aggregation[];
  dimensions?: string[];
  filters?: string[];
  bucketSeconds?: number;
  start?: number;
  end?: number;
  maxResults?: number;
}

/** One figure as MLflow's message has it. */
export interface TraceMetricPoint {
  metric_name: string;
  dimensions?: Record<string, string>;
  values: Record<string, number>;
}

export interface TraceMetricService {
  query(request: TraceMetricRequest): Promise<TraceMetricPoint[]>;
}

const defaultResults = 1000;
const most = { results: 100_000, seconds: 1e12 };
const spread = ["AVG", "MAX", "MIN", "PERCENTILE"];
const sums = [...spread, "SUM"];

/** Aggregations and dimensions of each metric; those that are not named here have `others`. */
const models = ["span_model_name", "span_model_provider"];
const configs: Record<
  store.MetricView,
  Record<string, { aggregations: string[]; dimensions: string[] }>
> = {
  TRACES: {
    trace_count: { aggregations: ["COUNT"], dimensions: ["trace_name", "trace_status"] },
    session_count: { aggregations: ["COUNT"], dimensions: [] },
    latency: { aggregations: spread, dimensions: ["trace_name"] },
    others: { aggregations: sums, dimensions: ["trace_name"] },
  },
  SPANS: {
    span_count: {
      aggregations: ["COUNT"],
      dimensions: [...models, "span_name", "span_status", "span_type"],
    },
    latency: { aggregations: spread, dimensions: ["span_name", "span_status"] },
    others: { aggregations: sums, dimensions: models },
  },
  ASSESSMENTS: {
    assessment_count: {
      aggregations: ["COUNT"],
      dimensions: ["assessment_name", "assessment_value"],
    },
    assessment_value: { aggregations: spread, dimensions: ["assessment_name"] },
  },
};

/** What a filter may name, and whether it needs a key. */
const filterable: Record<string, { view: store.MetricView; entities: Record<string, boolean> }> = {
  trace: { view: "TRACES", entities: { status: false, tag: true, metadata: true } },
  span: { view: "SPANS", entities: { name: false, status: false, type: false } },
  assessment: { view: "ASSESSMENTS", entities: { name: false, type: false } },
};

const listed = (names: readonly string[]) => `[${names.map(pythonRepr).join(", ")}]`;

const unquoted = (text: string) => text.replace(/^([`"'])([^]*)\1$/, "$2");

function parseFilter(filter: string, asked: store.MetricView): store.MetricFilter {
  const tokens = tokenize(filter).filter((t) => t.kind !== "end");
  if (tokens.length === 0) {
    throw invalid(`Invalid filter: ${pythonRepr(filter)}. Expected one filter clause.`);
  }
  const [name, operator, value, more] = tokens;
  if (name.kind !== "word" || !value || more) {
    throw invalid(`Invalid clause(s) in filter string: ${(more ?? name).text}`);
  }
  const [, type, what, key] = /^([^.]*)\.([^.]*)(?:\.([^]+))?$/.exec(name.text) ?? [];
  if (type === undefined) {
    throw invalid(
      `Invalid identifier ${pythonRepr(name.text)}. Columns should be specified as ` +
        "'trace.<key>', 'span.<key>', 'assessment.<key>'.",
    );
  }
  const known = Object.hasOwn(filterable, unquoted(type)) ? filterable[unquoted(type)] : undefined;
  if (!known) {
    throw invalid(
      `Invalid view type '${type}'. Valid values are dict_keys(${listed(Object.keys(filterable))})`,
    );
  }
  if (!Object.hasOwn(known.entities, what)) {
    throw invalid(
      `Invalid entity '${what}' specified for view type '${type}'. Valid entities are ` +
        listed(Object.keys(known.entities)),
    );
  }
  if (known.entities[what] !== (key !== undefined)) {
    throw invalid(
      known.entities[what]
        ? `Filtering by ${what} requires a key, e.g. '${type}.${what}.<key> = <value>'`
        : `Filtering by ${what} does not require a key, use '${type}.${what}' instead`,
    );
  }
  if (operator.text !== "=") {
    throw invalid(`Invalid comparator: '${operator.text}', only '=' operator is supported`);
  }
  if (value.kind !== "string") {
    throw invalid(
      value.kind === "word"
        ? "Parameter value is either not quoted or unidentified quote types used for string " +
          `value ${value.text}. Use either single or double quotes.`
        : `Expected a quoted string value for ${what} value (e.g. 'my-value'). Got value ` +
          value.text,
    );
  }
  if (known.view !== "TRACES" && known.view !== asked) {
    throw invalid(
      `Filtering by ${type} is only supported for ${known.view} view type, got ${asked}`,
    );
  }
  return {
    view: known.view,
    what,
    key: key === undefined ? undefined : unquoted(key),
    value: unquoted(value.text),
  };
}

function checkQuestion({ view, metric, aggregations, dimensions = [] }: TraceMetricRequest) {
  const metrics = store.metricsOf(view);
  if (!metrics.includes(metric)) {
    throw invalid(`metric_name must be one of ${listed(metrics)}, got '${metric}'`);
  }
  const config = configs[view][metric] ?? configs[view].others;
  for (const { type, percentile } of aggregations) {
    if (type === "PERCENTILE" && percentile === undefined) {
      throw invalid("Percentile value is required for PERCENTILE aggregation");
    }
    if (type !== "PERCENTILE" && percentile !== undefined) {
      throw invalid(
        `Percentile value is only allowed for PERCENTILE aggregation type, got ${type}`,
      );
    }
    if (percentile !== undefined && !(percentile >= 0 && percentile <= 100)) {
      throw invalid(`Percentile value must be between 0 and 100, got ${percentile}`);
    }
  }
  const wrong = aggregations.map((a) => a.type).filter((t) => !config.aggregations.includes(t));
  if (wrong.length) {
    throw invalid(
      `Found invalid aggregation_type(s): ${listed([...new Set(wrong)].sort())}. ` +
        `Supported aggregation types: ${listed(config.aggregations)}`,
    );
  }
  const strange = dimensions.filter((d) => !config.dimensions.includes(d));
  if (strange.length) {
    throw invalid(
      `Found invalid dimension(s): ${listed([...new Set(strange)].sort())}. ` +
        `Supported dimensions: ${listed(config.dimensions.toSorted())}`,
    );
  }
}

/** `P99.5`, with the point that Python writes behind a whole number. */
const labelOf = ({ type, percentile }: store.Aggregation) =>
  percentile === undefined ? type : `P${new PythonFloat(percentile)}`;

export function createTraceMetricService({ db }: { db: Database }): TraceMetricService {
  return {
    async query(request) {
      checkQuestion(request);
      const { aggregations, bucketSeconds, start, end, maxResults = defaultResults } = request;
      if (bucketSeconds && (start === undefined || end === undefined)) {
        throw invalid(
          "start_time_ms and end_time_ms are required if time_interval_seconds is set",
        );
      }
      for (
        const [name, value, least, greatest] of [
          ["time_interval_seconds", bucketSeconds, 0, most.seconds],
          ["max_results", maxResults, 0, most.results],
          ["start_time_ms", start, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
          ["end_time_ms", end, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
        ] as const
      ) {
        if (value !== undefined && (value < least || value > greatest)) {
          throw invalid(`${name} must be between ${least} and ${greatest}, got ${value}`);
        }
      }
      const experimentIds = request.experimentIds.map(parseExperimentId);
      const filters = (request.filters ?? []).map((f) => parseFilter(f, request.view));
      const points = await store.queryTraceMetrics(db, {
        experimentIds,
        view: request.view,
        metric: request.metric,
        aggregations,
        dimensions: [...new Set(request.dimensions)],
        filters,
        bucketSeconds,
        start,
        end,
        limit: maxResults,
      });
      return points.flatMap(({ time, dimensions, values }) => {
        const known = aggregations.flatMap((a, i) =>
          values[i] === null ? [] : [[labelOf(a), values[i]]]
        );
        if (known.length === 0) return [];
        const named = time === undefined ? dimensions : {
          time_bucket: new Date(time).toISOString().replace(".000Z", "+00:00"),
          ...dimensions,
        };
        return [{
          metric_name: request.metric,
          dimensions: Object.keys(named).length ? named : undefined,
          values: Object.fromEntries(known),
        }];
      });
    },
  };
}
