/** Traces (MLflow 3) and what is said about them, over the database. @module */
import type { Database, Sql } from "../db/database.ts";
import * as assessments from "../db/assessments.ts";
import { countTraces, searchTraces } from "../db/trace_search.ts";
import * as store from "../db/traces.ts";
import { invalid, notFound } from "../errors.ts";
import { parseFilter } from "../search/filter.ts";
import { traceGrammar } from "../search/grammars.ts";
import { parseOrderBy } from "../search/order.ts";
import { type AssessmentMessage, assessmentRow } from "./assessment_rows.ts";
import type { Clock } from "./clock.ts";
import { artifactLocationTag, traceOfSpans } from "./trace_of_spans.ts";
import { finalizedKey, keepUsage } from "./trace_usage.ts";
import type { Page, TrackingService } from "./tracking.ts";
import * as check from "./validation.ts";
import { limits } from "../../lib/contracts/mlflow/mod.ts";

/** A trace as a client gives it; times in milliseconds. */
export interface TraceInput {
  traceId: string;
  experimentId: string;
  requestTime: number;
  executionDuration?: number;
  state: store.TraceState;
  clientRequestId?: string;
  requestPreview?: string;
  responsePreview?: string;
  tags: Record<string, string>;
  metadata: Record<string, string>;
  assessments?: Record<string, unknown>[];
}

export interface TraceService {
  /** Creates the trace, or completes what its spans have said of it. */
  start(trace: TraceInput): Promise<store.TraceInfo>;
  /** Changes a trace of MLflow 2: its end, its state, more metadata and tags. */
  end(traceId: string, change: {
    endTime: number;
    state: store.TraceState;
    metadata: Record<string, string>;
    tags: Record<string, string>;
  }): Promise<store.TraceInfo>;
  /** Keeps spans, making their traces where they are not there yet. */
  logSpans(experimentId: string, spans: store.SpanRow[], runId?: string): Promise<void>;
  getInfo(traceId: string): Promise<store.TraceInfo>;
  get(traceId: string): Promise<{ info: store.TraceInfo; spans: Record<string, unknown>[] }>;
  /** Those that are there, in the order asked, of these experiments where they are given. */
  getMany(
    traceIds: readonly string[],
    options: { spans: boolean; experimentIds?: readonly string[] },
  ): Promise<{ info: store.TraceInfo; spans: Record<string, unknown>[] }[]>;
  search(experimentIds: string[], options: {
    filter?: string;
    orderBy?: string[];
    maxResults?: number;
    pageToken?: string;
  }): Promise<Page<store.TraceInfo>>;
  correlate(
    experimentIds: string[],
    filters: { one: string; two: string; base?: string },
  ): Promise<{ filter1: number; filter2: number; joint: number; total: number }>;
  remove(experimentId: string, options: {
    maxTimestamp?: number;
    maxTraces?: number;
    traceIds?: string[];
  }): Promise<number>;
  setTag(traceId: string, key: string, value: string): Promise<void>;
  deleteTag(traceId: string, key: string): Promise<void>;
  linkRun(runId: string, traceIds: string[]): Promise<void>;
  linkPrompts(traceId: string, prompts: { name: string; version: string }[]): Promise<void>;
  createAssessment(traceId: string, given: AssessmentMessage): Promise<AssessmentMessage>;
  getAssessment(traceId: string, assessmentId: string): Promise<AssessmentMessage>;
  updateAssessment(
    traceId: string,
    assessmentId: string,
    change: AssessmentMessage,
    mask: string[],
  ): Promise<AssessmentMessage>;
  deleteAssessment(traceId: string, assessmentId: string): Promise<void>;
}

const most = { traces: 500, linked: 100 };

export function createTraceService(
  deps: { db: Database; clock: Clock; tracking: TrackingService },
): TraceService {
  const { db, clock, tracking } = deps;

  const missing = (traceId: string) => notFound(`Trace with ID '${traceId}' not found.`);

  async function getInfo(traceId: string, sql: Sql = db): Promise<store.TraceInfo> {
    const [info] = await store.findTraces(sql, [traceId]);
    if (!info) throw missing(traceId);
    return info;
  }

  async function activeExperiment(experimentId: string) {
    const experiment = await tracking.getExperiment(experimentId);
    if (experiment.lifecycle_stage !== "active") {
      throw invalid(
        `The experiment ${experiment.experiment_id} must be in the 'active' state. ` +
          `Current state is ${experiment.lifecycle_stage}.`,
      );
    }
    return {
      id: check.parseExperimentId(experiment.experiment_id),
      root: experiment.artifact_location.replace(/\/$/, ""),
    };
  }

  /** A trace keeps its experiment: another one's id is not taken over. */
  async function checkOwner(sql: Sql, traceIds: readonly string[], experimentId: number) {
    for (const info of await store.findTraces(sql, traceIds)) {
      if (info.experimentId !== experimentId) {
        throw invalid(
          `Trace with ID '${info.traceId}' belongs to experiment ${info.experimentId}, ` +
            `not to ${experimentId}`,
        );
      }
    }
  }

  const filterOf = (text: string | undefined) => parseFilter(text, traceGrammar);

  async function find(sql: Sql, traceId: string, assessmentId: string) {
    const row = await assessments.findAssessment(sql, traceId, assessmentId);
    if (row) return row;
    const [info] = await store.findTraces(sql, [traceId]);
    if (!info) throw notFound(`Trace with request_id '${traceId}' not found`);
    throw notFound(`Assessment with ID '${assessmentId}' not found for trace '${traceId}'`);
  }

  const messageOf = (row: assessments.AssessmentRow): AssessmentMessage => ({
    ...row.content,
    valid: row.isValid,
  });

  const service: TraceService = {
    async start(trace) {
      if (!trace.traceId) throw invalid(check.missingValue("trace.trace_info.trace_id"));
      const experiment = await activeExperiment(trace.experimentId);
      for (const key of Object.keys(trace.tags)) check.checkLength("key", limits.keyLength, key);
      await db.transaction(async (tx) => {
        await checkOwner(tx, [trace.traceId], experiment.id);
        await store.upsertTrace(tx, {
          traceId: trace.traceId,
          experimentId: experiment.id,
          requestTime: trace.requestTime,
          executionDuration: trace.executionDuration ?? null,
          state: trace.state,
          clientRequestId: trace.clientRequestId ?? null,
          requestPreview: trace.requestPreview ?? null,
          responsePreview: trace.responsePreview ?? null,
          tags: {
            ...trace.tags,
            [artifactLocationTag]: `${experiment.root}/traces/${trace.traceId}/artifacts`,
          },
          metadata: trace.state === "IN_PROGRESS"
            ? trace.metadata
            : { ...trace.metadata, [finalizedKey]: "true" },
        }, true);
        for (const given of trace.assessments ?? []) {
          await assessments.insertAssessment(tx, assessmentRow(trace.traceId, given, clock.now()));
        }
      });
      return await getInfo(trace.traceId);
    },

    async end(traceId, { endTime, state, metadata, tags }) {
      await db.transaction(async (tx) => {
        const info = await getInfo(traceId, tx);
        await store.upsertTrace(tx, {
          ...info,
          state,
          executionDuration: endTime - info.requestTime,
          metadata,
          tags,
        }, true);
      });
      return await getInfo(traceId);
    },

    async logSpans(experimentId, spans, runId) {
      if (spans.length === 0) return;
      const experiment = await activeExperiment(experimentId);
      const byTrace = Map.groupBy(spans, (span) => span.traceId);
      await db.transaction(async (tx) => {
        await checkOwner(tx, [...byTrace.keys()], experiment.id);
        for (const [traceId, own] of byTrace) {
          await store.upsertTrace(tx, traceOfSpans(traceId, experiment, own, runId), false);
        }
        await store.upsertSpans(tx, spans);
        for (const [traceId, own] of byTrace) await keepUsage(tx, traceId, own);
      });
    },

    getInfo: (traceId) => getInfo(traceId),

    async get(traceId) {
      const [found] = await service.getMany([traceId], { spans: true });
      if (!found) throw notFound(`Trace with ID ${traceId} is not found.`);
      return found;
    },

    async getMany(traceIds, { spans, experimentIds }) {
      const infos = (await store.findTraces(db, traceIds))
        .filter((info) => experimentIds?.includes(String(info.experimentId)) ?? true);
      const found = spans
        ? await store.readSpans(db, infos.map((i) => i.traceId))
        : new Map<string, Record<string, unknown>[]>();
      return infos.map((info) => ({ info, spans: found.get(info.traceId) ?? [] }));
    },

    async search(experimentIds, { filter, orderBy, maxResults = 100, pageToken }) {
      if (maxResults < 1 || maxResults > most.traces) {
        throw invalid(
          `Invalid value ${maxResults} for parameter 'max_results' supplied: ` +
            `it must be at least 1 and at most ${most.traces}`,
        );
      }
      return await searchTraces(db, experimentIds.map(check.parseExperimentId), {
        filter: filterOf(filter),
        orders: parseOrderBy(orderBy, traceGrammar),
        limit: maxResults,
        pageToken,
      });
    },

    correlate: (experimentIds, { one, two, base }) =>
      countTraces(
        db,
        experimentIds.map(check.parseExperimentId),
        filterOf(base),
        filterOf(one),
        filterOf(two),
      ),

    async remove(experimentId, options) {
      const { maxTimestamp, maxTraces, traceIds } = options;
      const hasIds = Boolean(traceIds?.length);
      if (maxTimestamp === undefined && !hasIds) {
        throw invalid("Either `max_timestamp_millis` or `trace_ids` must be specified.");
      }
      if (maxTimestamp !== undefined && hasIds) {
        throw invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified.");
      }
      if (hasIds && maxTraces !== undefined) {
        throw invalid("`max_traces` can't be specified if `trace_ids` is specified.");
      }
      if (maxTraces !== undefined && maxTraces <= 0) {
        throw invalid(`\`max_traces\` must be a positive integer, received ${maxTraces}.`);
      }
      return await store.deleteTraces(db, check.parseExperimentId(experimentId), options);
    },

    async setTag(traceId, key, value) {
      check.checkTag({ key, value: value.slice(0, limits.tagValueLength) });
      await db.transaction(async (tx) => {
        await getInfo(traceId, tx);
        await store.upsertTraceTags(tx, traceId, { [key]: value.slice(0, limits.tagValueLength) });
      });
    },

    async deleteTag(traceId, key) {
      if (!await store.deleteTraceTag(db, traceId, key)) {
        throw notFound(`No trace tag with key '${key}' for trace with ID '${traceId}'`);
      }
    },

    async linkRun(runId, traceIds) {
      if (traceIds.length > most.linked) {
        throw invalid(
          `Cannot link more than ${most.linked} traces to a run in a single request. ` +
            `Provided ${traceIds.length} traces.`,
        );
      }
      await store.linkRuns(db, runId, traceIds);
    },

    async linkPrompts(traceId, prompts) {
      await getInfo(traceId);
      await store.linkPrompts(db, traceId, prompts.map((p) => `${p.name}/${p.version}`));
    },

    async createAssessment(traceId, given) {
      const row = assessmentRow(traceId, given, clock.now());
      await db.transaction(async (tx) => {
        const [info] = await store.findTraces(tx, [traceId]);
        if (!info) throw notFound(`Trace with request_id '${traceId}' not found`);
        if (row.overrides && !await assessments.markAssessment(tx, traceId, row.overrides, false)) {
          throw notFound(`Assessment with ID '${row.overrides}' not found for trace '${traceId}'`);
        }
        await assessments.insertAssessment(tx, row);
      });
      return messageOf(row);
    },

    async getAssessment(traceId, assessmentId) {
      return messageOf(await find(db, traceId, assessmentId));
    },

    async updateAssessment(traceId, assessmentId, change, mask) {
      return await db.transaction(async (tx) => {
        const row = await find(tx, traceId, assessmentId);
        const has = (...names: string[]) =>
          mask.length === 0 || names.some((name) => mask.includes(name));
        const content: AssessmentMessage = { ...row.content };
        if (has("assessment_name", "assessmentName") && change.assessment_name) {
          content.assessment_name = change.assessment_name;
        }
        for (const kind of ["feedback", "expectation"] as const) {
          if (!has(kind) || !change[kind]) continue;
          if (row.kind !== kind) {
            const article = row.kind === "feedback" ? "a Feedback" : "an Expectation";
            throw invalid(`Cannot update ${kind} value on ${article} assessment.`);
          }
          Object.assign(content, { [kind]: change[kind] });
        }
        if (has("rationale") && change.rationale !== undefined) {
          content.rationale = change.rationale;
        }
        if (has("metadata") && change.metadata) {
          content.metadata = { ...content.metadata, ...change.metadata };
        }
        content.last_update_time = new Date(clock.now()).toISOString();
        const next = { ...assessmentRow(traceId, content, clock.now()), isValid: row.isValid };
        await assessments.insertAssessment(tx, next);
        return messageOf(next);
      });
    },

    async deleteAssessment(traceId, assessmentId) {
      await db.transaction(async (tx) => {
        const row = await assessments.findAssessment(tx, traceId, assessmentId);
        if (!row) {
          await getInfo(traceId, tx);
          return;
        }
        if (row.overrides) await assessments.markAssessment(tx, traceId, row.overrides, true);
        await assessments.deleteAssessment(tx, traceId, assessmentId);
      });
    },
  };
  return service;
}
