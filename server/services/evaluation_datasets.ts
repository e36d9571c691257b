/** Evaluation datasets (MLflow 3) over the database. @module */
import { createHash } from "node:crypto";
import type { Database, Sql } from "../db/database.ts";
import * as store from "../db/evaluation_datasets.ts";
import { invalid, notFound } from "../errors.ts";
import { parseFilter } from "../search/filter.ts";
import { evaluationDatasetGrammar } from "../search/grammars.ts";
import { parseOrderBy } from "../search/order.ts";
import type { Clock } from "./clock.ts";
import type { Page } from "./tracking.ts";
import { parseExperimentId, pythonJson } from "./validation.ts";

/** A record as clients give it. */
export interface DatasetRecordInput extends Record<string, unknown> {
  inputs?: Record<string, unknown>;
  outputs?: unknown;
  expectations?: Record<string, unknown>;
  tags?: Record<string, string>;
  source?: { source_type?: string } & Record<string, unknown>;
}

export type EvaluationDataset = store.DatasetRow & { experiment_ids: string[] };

export interface EvaluationDatasetService {
  create(
    dataset: { name: string; tags?: Record<string, string>; experimentIds?: string[] },
  ): Promise<EvaluationDataset>;
  get(datasetId: string): Promise<EvaluationDataset>;
  remove(datasetId: string): Promise<void>;
  search(options: {
    experimentIds?: string[];
    filter?: string;
    orderBy?: string[];
    maxResults?: number;
    pageToken?: string;
  }): Promise<Page<store.DatasetRow>>;
  setTags(datasetId: string, tags: Record<string, string | null>): Promise<void>;
  deleteTag(datasetId: string, key: string): Promise<void>;
  experimentIds(datasetId: string): Promise<string[]>;
  addExperiments(datasetId: string, experimentIds: string[]): Promise<EvaluationDataset>;
  removeExperiments(datasetId: string, experimentIds: string[]): Promise<EvaluationDataset>;
  /** Adds records; one with the inputs of another is merged into it. */
  upsertRecords(
    datasetId: string,
    records: DatasetRecordInput[],
  ): Promise<{ inserted: number; updated: number }>;
  records(
    datasetId: string,
    options: { maxResults?: number; pageToken?: string },
  ): Promise<Page<Record<string, unknown>>>;
  deleteRecords(datasetId: string, recordIds: string[]): Promise<number>;
}

const userTag = "mlflow.user";
const most = { datasets: 1000, records: 10_000 };

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const digestOf = (name: string, time: number) => sha256(`${name}:${time}`).slice(0, 8);

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

interface Schema {
  inputs: Record<string, string>;
  outputs: Record<string, string> | string;
  expectations: Record<string, string>;
  version: string;
}

/** The schema with the fields that these records bring. */
function widenSchema(before: string | null, records: readonly DatasetRecordInput[]): string {
  const schema: Schema = before
    ? JSON.parse(before)
    : { inputs: {}, outputs: {}, expectations: {}, version: "1.0" };
  const widen = (into: Record<string, string>, fields: unknown) => {
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return;
    for (const [key, value] of Object.entries(fields)) into[key] ??= typeName(value);
  };
  for (const { inputs, outputs, expectations } of records) {
    widen(schema.inputs, inputs);
    widen(schema.expectations, expectations);
    if (typeof schema.outputs === "object") {
      const isPlain = outputs !== undefined && outputs !== null &&
        (typeof outputs !== "object" || Array.isArray(outputs));
      if (isPlain && Object.keys(schema.outputs).length === 0) schema.outputs = typeName(outputs);
      else widen(schema.outputs, outputs);
    }
  }
  return JSON.stringify(schema);
}

export function createEvaluationDatasetService(
  { db, clock }: { db: Database; clock: Clock },
): EvaluationDatasetService {
  async function find(sql: Sql, datasetId: string, lock = false): Promise<store.DatasetRow> {
    const row = await store.findDataset(sql, datasetId, lock);
    if (!row) throw notFound(`Dataset '${datasetId}' not found`);
    return row;
  }

  const experimentIds = async (sql: Sql, datasetId: string) =>
    (await store.experimentsOfDatasets(sql, [datasetId])).map((r) => String(r.experiment_id));

  const whole = async (sql: Sql, datasetId: string): Promise<EvaluationDataset> => ({
    ...await find(sql, datasetId),
    experiment_ids: await experimentIds(sql, datasetId),
  });

  /** Changes the dataset in a transaction; what `change` returns is written over it. */
  async function change(
    datasetId: string,
    body: (tx: Sql, row: store.DatasetRow) => Promise<Partial<store.DatasetRow>>,
  ): Promise<EvaluationDataset> {
    return await db.transaction(async (tx) => {
      const row = await find(tx, datasetId, true);
      await store.updateDataset(tx, { ...row, ...await body(tx, row) });
      return await whole(tx, datasetId);
    });
  }

  return {
    async create({ name, tags = {}, experimentIds: ids = [] }) {
      const now = clock.now();
      const datasetId = `d-${crypto.randomUUID().replaceAll("-", "")}`;
      const user = tags[userTag] ?? null;
      return await db.transaction(async (tx) => {
        await store.insertDataset(tx, {
          dataset_id: datasetId,
          name,
          tags: JSON.stringify(tags),
          schema: null,
          profile: null,
          digest: digestOf(name, now),
          created_time: now,
          last_update_time: now,
          created_by: user,
          last_updated_by: user,
        });
        await store.linkExperiments(tx, datasetId, ids.map(parseExperimentId));
        return await whole(tx, datasetId);
      });
    },

    get: (datasetId) => whole(db, datasetId),

    remove: (datasetId) => store.deleteDataset(db, datasetId),

    async search(options) {
      const { maxResults = most.datasets } = options;
      if (maxResults < 1 || maxResults > 50_000) {
        throw invalid(
          `Invalid value ${maxResults} for parameter 'max_results' supplied: ` +
            "it must be at least 1 and at most 50000",
        );
      }
      return await store.searchDatasets(db, {
        experimentIds: options.experimentIds?.length
          ? options.experimentIds.map(parseExperimentId)
          : null,
        filter: parseFilter(options.filter, evaluationDatasetGrammar),
        orders: parseOrderBy(options.orderBy, evaluationDatasetGrammar),
        limit: maxResults,
        pageToken: options.pageToken,
      });
    },

    async setTags(datasetId, tags) {
      await change(datasetId, async (_, row) => {
        const all = { ...JSON.parse(row.tags), ...tags };
        for (const [key, value] of Object.entries(all)) if (value === null) delete all[key];
        return { tags: JSON.stringify(all) };
      });
    },

    async deleteTag(datasetId, key) {
      await change(datasetId, async (_, row) => {
        const tags = JSON.parse(row.tags);
        delete tags[key];
        return { tags: JSON.stringify(tags) };
      });
    },

    async experimentIds(datasetId) {
      await find(db, datasetId);
      return await experimentIds(db, datasetId);
    },

    addExperiments: (datasetId, ids) =>
      change(datasetId, async (tx) => {
        await store.linkExperiments(tx, datasetId, ids.map(parseExperimentId));
        return { last_update_time: clock.now() };
      }),

    removeExperiments: (datasetId, ids) =>
      change(datasetId, async (tx) => {
        await store.unlinkExperiments(tx, datasetId, ids.map(parseExperimentId));
        return { last_update_time: clock.now() };
      }),

    async upsertRecords(datasetId, records) {
      const now = clock.now();
      let inserted = 0;
      let updated = 0;
      await change(datasetId, async (tx, row) => {
        let user: string | null = null;
        const hashes = records.map((r) => sha256(pythonJson(r.inputs ?? {})));
        const kept = await store.findRecords(tx, datasetId, hashes);
        records.forEach((record, i) => {
          user = record.tags?.[userTag] ?? user;
          const before = kept.get(hashes[i]);
          if (before) updated++;
          else inserted++;
          kept.set(hashes[i], merged(before, record, datasetId, hashes[i], now));
        });
        await store.upsertRecords(tx, datasetId, [...kept.values()]);
        const count = await store.countRecords(tx, datasetId);
        return {
          schema: widenSchema(row.schema, records),
          profile: count ? JSON.stringify({ num_records: count }) : row.profile,
          digest: digestOf(row.name, now),
          last_update_time: now,
          last_updated_by: user,
        };
      });
      return { inserted, updated };
    },

    async records(datasetId, { maxResults = 1000, pageToken }) {
      await find(db, datasetId);
      if (maxResults < 1 || maxResults > most.records) {
        throw invalid(`max_results must be between 1 and ${most.records}, got ${maxResults}`);
      }
      return await store.readRecords(db, datasetId, maxResults, pageToken);
    },

    async deleteRecords(datasetId, recordIds) {
      let deleted = 0;
      await change(datasetId, async (tx, row) => {
        deleted = await store.deleteRecords(tx, datasetId, recordIds);
        const count = await store.countRecords(tx, datasetId);
        const now = clock.now();
        return {
          profile: count ? JSON.stringify({ num_records: count }) : null,
          digest: digestOf(row.name, now),
          last_update_time: now,
        };
      });
      return deleted;
    },
  };
}

/** The record with what `record` brings; expectations and tags are joined, outputs replaced. */
function merged(
  before: store.RecordRow | undefined,
  record: DatasetRecordInput,
  datasetId: string,
  inputHash: string,
  now: number,
): store.RecordRow {
  const user = record.tags?.[userTag];
  const recordId = before?.recordId ?? `dr-${crypto.randomUUID().replaceAll("-", "")}`;
  const old = before?.content as DatasetRecordInput | undefined;
  const join = (name: "expectations" | "tags") =>
    old?.[name] || record[name] ? { ...old?.[name], ...record[name] } : undefined;
  return {
    recordId,
    inputHash,
    createdTime: before?.createdTime ?? now,
    content: {
      source: record.source,
      source_type: record.source?.source_type,
      created_time: now,
      created_by: user,
      ...old,
      dataset_record_id: recordId,
      dataset_id: datasetId,
      inputs: record.inputs ?? {},
      outputs: record.outputs ?? old?.outputs ?? {},
      expectations: join("expectations"),
      tags: join("tags"),
      last_update_time: now,
      last_updated_by: user ?? old?.last_updated_by,
    },
  };
}
