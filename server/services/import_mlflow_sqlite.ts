/** Reads the SQLite database of an MLflow server. @module */
import { DatabaseSync } from "node:sqlite";
import type { DatasetInput, KeyValue } from "../../lib/contracts/mlflow/mod.ts";
import type { ForeignVersion } from "../db/import_rows.ts";
import {
  folderOfUri,
  type MlflowStore,
  type StoredExperiment,
  type StoredModel,
  type StoredRun,
  type StoredSeries,
} from "./import_mlflow_store.ts";

type Row = Record<string, string | number | null>;

/** MLflow keeps infinities as the greatest doubles. */
function unclamped(value: number): number {
  return value === Number.MAX_VALUE ? Infinity : value === -Number.MAX_VALUE ? -Infinity : value;
}

const pairs = (rows: Row[]): KeyValue[] =>
  rows.map((r) => ({ key: String(r.key), value: String(r.value ?? "") }));

/** The store in `file`. @throws {Error} If it is no database with MLflow's tables. */
export function openMlflowSqlite(file: string, artifacts: string | undefined): MlflowStore {
  const lite = new DatabaseSync(file, { readOnly: true });
  const all = (text: string, ...params: (string | number)[]) =>
    lite.prepare(text).all(...params) as unknown as Row[];
  try {
    all("select experiment_id from experiments limit 1");
  } catch (error) {
    lite.close();
    throw error;
  }

  function* seriesOf(runId: string): Generator<StoredSeries> {
    for (const { key } of all("select distinct key from metrics where run_uuid = ?", runId)) {
      const rows = all(
        "select value, is_nan, timestamp, step from metrics where run_uuid = ? and key = ?",
        runId,
        String(key),
      );
      yield {
        key: String(key),
        timestamps: rows.map((p) => Number(p.timestamp)),
        steps: rows.map((p) => Number(p.step)),
        values: rows.map((p) => p.is_nan ? NaN : unclamped(Number(p.value))),
      };
    }
  }

  function datasetsOf(runId: string): DatasetInput[] {
    const rows = all(
      `select d.*, i.input_uuid from inputs i join datasets d on d.dataset_uuid = i.source_id
       where i.destination_type = 'RUN' and i.destination_id = ?`,
      runId,
    );
    return rows.map((d) => ({
      dataset: {
        name: String(d.name),
        digest: String(d.digest),
        source_type: String(d.dataset_source_type),
        source: String(d.dataset_source),
        schema: d.dataset_schema === null ? undefined : String(d.dataset_schema),
        profile: d.dataset_profile === null ? undefined : String(d.dataset_profile),
      },
      tags: pairs(
        all("select name as key, value from input_tags where input_uuid = ?", String(d.input_uuid)),
      ),
    }));
  }

  function toRun(row: Row): StoredRun {
    const runId = String(row.run_uuid);
    const tags = pairs(all("select key, value from tags where run_uuid = ?", runId));
    const named = tags.find((t) => t.key === "mlflow.runName")?.value;
    return {
      run: {
        runId,
        runName: String(row.name || named || runId),
        userId: String(row.user_id ?? ""),
        status: String(row.status),
        startTime: row.start_time as number | null,
        endTime: row.end_time as number | null,
        params: pairs(all("select key, value from params where run_uuid = ?", runId)),
        tags,
      },
      deletedTime: row.lifecycle_stage === "deleted"
        ? Number(row.deleted_time ?? Date.now())
        : null,
      artifactFolder: folderOfUri(String(row.artifact_uri ?? ""), artifacts),
      series: () => seriesOf(runId),
      datasets: () => datasetsOf(runId),
    };
  }

  function* experiments(): Generator<StoredExperiment> {
    for (const row of all("select * from experiments order by experiment_id")) {
      const id = Number(row.experiment_id);
      yield {
        name: String(row.name),
        tags: pairs(all("select key, value from experiment_tags where experiment_id = ?", id)),
        isDeleted: row.lifecycle_stage === "deleted",
        runs: () => all("select * from runs where experiment_id = ?", id).map(toRun),
      };
    }
  }

  function versionsOf(name: string): ForeignVersion[] {
    return all("select * from model_versions where name = ?", name).map((v) => ({
      name,
      version: Number(v.version),
      description: v.description as string | null,
      userId: v.user_id as string | null,
      stage: String(v.current_stage),
      source: v.source as string | null,
      runId: v.run_id as string | null,
      runLink: v.run_link as string | null,
      status: String(v.status),
      statusMessage: v.status_message as string | null,
      creationTime: Number(v.creation_time),
      lastUpdateTime: Number(v.last_updated_time),
      tags: pairs(all(
        "select key, value from model_version_tags where name = ? and version = ?",
        name,
        Number(v.version),
      )),
    }));
  }

  function* models(): Generator<StoredModel> {
    for (const row of all("select * from registered_models order by name")) {
      const name = String(row.name);
      yield {
        name,
        description: row.description as string | null,
        creationTime: Number(row.creation_time),
        tags: pairs(all("select key, value from registered_model_tags where name = ?", name)),
        versions: versionsOf(name),
        aliases: Object.fromEntries(
          all("select alias, version from registered_model_aliases where name = ?", name)
            .map((a) => [String(a.alias), Number(a.version)]),
        ),
      };
    }
  }

  return { experiments, models, close: () => lite.close() };
}
