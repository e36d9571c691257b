/**
 * Takes over what an MLflow server keeps in a SQLite database: experiments, runs with the whole
 * history of their metrics, datasets, registered models, and the artifacts that can be reached.
 *
 * ```ts
 * await importMlflow(services, "mlflow.db", { artifacts: "mlartifacts" });
 * ```
 * @module
 */
import { readdir } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { DatasetInput, KeyValue } from "../../lib/contracts/mlflow/mod.ts";
import type { Database } from "../db/database.ts";
import { insertForeignRun, insertForeignVersion } from "../db/import_rows.ts";
import { insertPoints } from "../db/metrics.ts";
import { insertModel, setAlias } from "../db/registry.ts";
import * as runs from "../db/runs.ts";
import type { ArtifactService } from "./artifacts.ts";
import type { TrackingService } from "./tracking.ts";

export interface ImportReport {
  experiments: number;
  runs: number;
  /** Runs that were here already, and left as they are. */
  skippedRuns: number;
  points: number;
  models: number;
  versions: number;
  artifacts: number;
}

export interface ImportOptions {
  /** The folder that the MLflow server served as `mlflow-artifacts:/`. */
  artifacts?: string;
  onProgress?: (line: string) => void;
}

type Row = Record<string, string | number | null>;
const pointsPerChunk = 20_000;

/** The folder on this machine where the run's files lie, or null when they are elsewhere. */
function folderOfUri(uri: string, artifacts: string | undefined): string | null {
  if (uri.startsWith("file:")) return fileURLToPath(uri);
  if (isAbsolute(uri)) return uri;
  const served = /^mlflow-artifacts:\/+(.*)$/.exec(uri);
  return served && artifacts ? join(artifacts, served[1]) : null;
}

async function* filesUnder(folder: string, path = ""): AsyncGenerator<string> {
  const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const inside = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isDirectory()) yield* filesUnder(folder, inside);
    else if (entry.isFile()) yield inside;
  }
}

/** Imports the database in `file`; run again, it takes only what is new. */
export async function importMlflow(
  services: { db: Database; tracking: TrackingService; artifacts: ArtifactService },
  file: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { db, tracking, artifacts } = services;
  const { onProgress = () => {} } = options;
  let lite: DatabaseSync;
  try {
    lite = new DatabaseSync(file, { readOnly: true });
    lite.prepare("select experiment_id from experiments limit 1").all();
  } catch (error) {
    throw new Error(
      `Cannot import ${file}: it must be a SQLite database of an MLflow server ` +
        `(${(error as Error).message})`,
      { cause: error },
    );
  }
  const all = (text: string, ...params: (string | number)[]) =>
    lite.prepare(text).all(...params) as unknown as Row[];
  const pairs = (rows: Row[]): KeyValue[] =>
    rows.map((r) => ({ key: String(r.key), value: String(r.value ?? "") }));
  const report: ImportReport = {
    experiments: 0,
    runs: 0,
    skippedRuns: 0,
    points: 0,
    models: 0,
    versions: 0,
    artifacts: 0,
  };

  async function importExperiment(row: Row): Promise<void> {
    const name = String(row.name);
    const here = await tracking.getExperimentByName(name);
    const id = here?.experiment_id ?? await tracking.createExperiment(name, {
      tags: pairs(all(
        "select key, value from experiment_tags where experiment_id = ?",
        Number(row.experiment_id),
      )),
    });
    if (!here) report.experiments++;
    const found = all("select * from runs where experiment_id = ?", Number(row.experiment_id));
    for (const run of found) await importRun(run, Number(id));
    if (row.lifecycle_stage === "deleted" && !here) await tracking.deleteExperiment(id);
    onProgress(`${name}: ${found.length} runs`);
  }

  async function importRun(row: Row, experimentId: number): Promise<void> {
    const runId = String(row.run_uuid);
    const tags = pairs(all("select key, value from tags where run_uuid = ?", runId));
    const named = tags.find((t) => t.key === "mlflow.runName")?.value;
    // One transaction a run: it is here with all its points, or it is not here.
    const isNew = await db.transaction(async (tx) => {
      const made = await insertForeignRun(tx, {
        runId,
        experimentId,
        runName: String(row.name || named || runId),
        userId: String(row.user_id ?? ""),
        status: String(row.status),
        startTime: row.start_time as number | null,
        endTime: row.end_time as number | null,
        params: pairs(all("select key, value from params where run_uuid = ?", runId)),
        tags,
      });
      if (!made) return false;
      const keys = all("select distinct key from metrics where run_uuid = ?", runId);
      for (const { key } of keys) {
        const rows = all(
          "select value, is_nan, timestamp, step from metrics where run_uuid = ? and key = ?",
          runId,
          String(key),
        );
        for (let from = 0; from < rows.length; from += pointsPerChunk) {
          const chunk = rows.slice(from, from + pointsPerChunk);
          await insertPoints(tx, [{
            runId,
            key: String(key),
            timestamps: chunk.map((p) => Number(p.timestamp)),
            steps: chunk.map((p) => Number(p.step)),
            values: chunk.map((p) => p.is_nan ? NaN : unclamped(Number(p.value))),
          }]);
          report.points += chunk.length;
        }
      }
      const runKey = (await runs.findRunKey(tx, runId))!;
      await runs.insertDatasetInputs(tx, runKey, datasetsOf(runId));
      if (row.lifecycle_stage === "deleted") {
        await runs.setRunStage(tx, runId, "deleted", Number(row.deleted_time ?? Date.now()));
      }
      return true;
    });
    if (!isNew) {
      report.skippedRuns++;
      return;
    }
    report.runs++;
    const folder = folderOfUri(String(row.artifact_uri ?? ""), options.artifacts);
    if (!folder) return;
    for await (const path of filesUnder(folder)) {
      const { readable } = await Deno.open(join(folder, path));
      await artifacts.write(`${experimentId}/${runId}/artifacts/${path}`, readable);
      report.artifacts++;
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

  async function importModel(row: Row): Promise<void> {
    const name = String(row.name);
    await db.transaction(async (tx) => {
      const isNew = await insertModel(tx, {
        name,
        description: row.description === null ? undefined : String(row.description),
        tags: pairs(all("select key, value from registered_model_tags where name = ?", name)),
        now: Number(row.creation_time),
      });
      if (!isNew) return;
      report.models++;
      for (const v of all("select * from model_versions where name = ?", name)) {
        await insertForeignVersion(tx, {
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
        });
        report.versions++;
      }
      for (const a of all("select * from registered_model_aliases where name = ?", name)) {
        await setAlias(tx, name, String(a.alias), Number(a.version));
      }
    });
  }

  try {
    for (const row of all("select * from experiments order by experiment_id")) {
      await importExperiment(row);
    }
    for (const row of all("select * from registered_models order by name")) await importModel(row);
    return report;
  } finally {
    lite.close();
  }
}

/** MLflow keeps infinities as the greatest doubles. */
function unclamped(value: number): number {
  return value === Number.MAX_VALUE ? Infinity : value === -Number.MAX_VALUE ? -Infinity : value;
}
