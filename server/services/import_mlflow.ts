/**
 * Takes over what MLflow kept in a SQLite database or in a folder of files (`mlruns`): experiments,
 * runs with the whole history of their metrics, datasets, registered models, and the artifacts that
 * can be reached.
 *
 * ```ts
 * await importMlflow(services, "mlflow.db", { artifacts: "mlartifacts" });
 * await importMlflow(services, "mlruns");
 * ```
 * @module
 */
import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../db/database.ts";
import { insertForeignRun, insertForeignVersion } from "../db/import_rows.ts";
import { insertPoints } from "../db/metrics.ts";
import { insertModel, setAlias } from "../db/registry.ts";
import * as runs from "../db/runs.ts";
import type { ArtifactService } from "./artifacts.ts";
import { openMlflowFiles } from "./import_mlflow_files.ts";
import { openMlflowSqlite } from "./import_mlflow_sqlite.ts";
import type {
  MlflowStore,
  StoredExperiment,
  StoredModel,
  StoredRun,
} from "./import_mlflow_store.ts";
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

const pointsPerChunk = 20_000;

async function* filesUnder(folder: string, path = ""): AsyncGenerator<string> {
  const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const inside = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isDirectory()) yield* filesUnder(folder, inside);
    else if (entry.isFile()) yield inside;
  }
}

function openStore(path: string, artifacts: string | undefined): MlflowStore {
  try {
    return statSync(path).isDirectory()
      ? openMlflowFiles(path, artifacts)
      : openMlflowSqlite(path, artifacts);
  } catch (error) {
    throw new Error(
      `Cannot import ${path}: it must be a SQLite database of an MLflow server or a folder of ` +
        `MLflow's files (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** Imports the database or folder at `path`; run again, it takes only what is new. */
export async function importMlflow(
  services: { db: Database; tracking: TrackingService; artifacts: ArtifactService },
  path: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { db, tracking, artifacts } = services;
  const { onProgress = () => {} } = options;
  const store = openStore(path, options.artifacts);
  const report: ImportReport = {
    experiments: 0,
    runs: 0,
    skippedRuns: 0,
    points: 0,
    models: 0,
    versions: 0,
    artifacts: 0,
  };

  async function importExperiment({ name, tags, isDeleted, runs }: StoredExperiment) {
    const here = await tracking.getExperimentByName(name);
    const id = here?.experiment_id ?? await tracking.createExperiment(name, { tags });
    if (!here) report.experiments++;
    let found = 0;
    for (const run of runs()) {
      await importRun(run, Number(id));
      found++;
    }
    if (isDeleted && !here) await tracking.deleteExperiment(id);
    onProgress(`${name}: ${found} runs`);
  }

  async function importRun(stored: StoredRun, experimentId: number): Promise<void> {
    const { runId } = stored.run;
    // One transaction a run: it is here with all its points, or it is not here.
    const isNew = await db.transaction(async (tx) => {
      if (!await insertForeignRun(tx, { ...stored.run, experimentId })) return false;
      for (const { key, timestamps, steps, values } of stored.series()) {
        for (let from = 0; from < values.length; from += pointsPerChunk) {
          const to = from + pointsPerChunk;
          await insertPoints(tx, [{
            runId,
            key,
            timestamps: timestamps.slice(from, to),
            steps: steps.slice(from, to),
            values: values.slice(from, to),
          }]);
        }
        report.points += values.length;
      }
      const runKey = (await runs.findRunKey(tx, runId))!;
      await runs.insertDatasetInputs(tx, runKey, stored.datasets());
      if (stored.deletedTime !== null) {
        await runs.setRunStage(tx, runId, "deleted", stored.deletedTime);
      }
      return true;
    });
    if (!isNew) {
      report.skippedRuns++;
      return;
    }
    report.runs++;
    if (!stored.artifactFolder) return;
    for await (const path of filesUnder(stored.artifactFolder)) {
      const { readable } = await Deno.open(join(stored.artifactFolder, path));
      await artifacts.write(`${experimentId}/${runId}/artifacts/${path}`, readable);
      report.artifacts++;
    }
  }

  async function importModel(model: StoredModel): Promise<void> {
    await db.transaction(async (tx) => {
      const isNew = await insertModel(tx, {
        name: model.name,
        description: model.description ?? undefined,
        tags: model.tags,
        now: model.creationTime,
      });
      if (!isNew) return;
      report.models++;
      for (const version of model.versions) {
        await insertForeignVersion(tx, version);
        report.versions++;
      }
      for (const [alias, version] of Object.entries(model.aliases)) {
        await setAlias(tx, model.name, alias, version);
      }
    });
  }

  try {
    for (const experiment of store.experiments()) await importExperiment(experiment);
    for (const model of store.models()) await importModel(model);
    return report;
  } finally {
    store.close();
  }
}
