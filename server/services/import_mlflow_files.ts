/**
 * Reads the folder of files (`mlruns`) in which MLflow keeps its runs when it has no database: a
 * folder an experiment, a folder a run, a file a param, tag and metric, and `.trash` for what was
 * deleted.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
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

type Meta = Record<string, unknown>;

const statuses = ["", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

function readMeta(folder: string): Meta | null {
  const file = join(folder, "meta.yaml");
  if (!existsSync(file)) return null;
  const meta = parse(readFileSync(file, "utf8"));
  return typeof meta === "object" && meta !== null ? meta as Meta : null;
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/** Files under the folder, each as the key that its path is. */
function* keysUnder(folder: string, path = ""): Generator<string> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
    const inside = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isDirectory()) yield* keysUnder(folder, inside);
    else if (entry.isFile()) yield inside;
  }
}

const pairsUnder = (folder: string): KeyValue[] =>
  [...keysUnder(folder)].sort().map((key) => ({
    key,
    value: readFileSync(join(folder, key), "utf8"),
  }));

const text = (value: unknown) => value === null || value === undefined ? null : String(value);
const number = (value: unknown) => value === null || value === undefined ? null : Number(value);

/** Lines of `timestamp value [step]`; Python writes nan, inf and -inf. */
function toSeries(folder: string, key: string): StoredSeries {
  const series: StoredSeries = { key, timestamps: [], steps: [], values: [] };
  for (const line of readFileSync(join(folder, key), "utf8").split("\n")) {
    if (line.trim() === "") continue;
    const [timestamp, value, step = "0"] = line.split(" ");
    const parsed = value === "nan"
      ? NaN
      : /^[+-]?inf(inity)?$/i.test(value)
      ? (value[0] === "-" ? -Infinity : Infinity)
      : Number(value);
    const [at, place] = [Number(timestamp), Number(step)];
    if (!Number.isSafeInteger(at) || !Number.isSafeInteger(place)) {
      throw new Error(`${join(folder, key)} has a line that is no point: ${line}`);
    }
    series.timestamps.push(at);
    series.values.push(parsed);
    series.steps.push(place);
  }
  return series;
}

function datasetsOf(experiment: string, run: string): DatasetInput[] {
  return foldersIn(join(run, "inputs")).flatMap((name) => {
    const input = readMeta(join(run, "inputs", name));
    const dataset = input && readMeta(join(experiment, "datasets", String(input.source_id)));
    if (!dataset) return [];
    return [{
      dataset: {
        name: String(dataset.name),
        digest: String(dataset.digest),
        source_type: String(dataset.source_type),
        source: String(dataset.source),
        schema: text(dataset.schema) ?? undefined,
        profile: text(dataset.profile) ?? undefined,
      },
      tags: Object.entries((input.tags ?? {}) as Record<string, unknown>)
        .map(([key, value]) => ({ key, value: String(value) })),
    }];
  });
}

function toRun(
  experiment: string,
  folder: string,
  meta: Meta,
  artifacts: string | undefined,
): StoredRun {
  const runId = String(meta.run_id ?? meta.run_uuid);
  const tags = pairsUnder(join(folder, "tags"));
  const named = tags.find((t) => t.key === "mlflow.runName")?.value;
  // A folder that was moved has its files beside it still.
  const beside = join(folder, "artifacts");
  const said = folderOfUri(String(meta.artifact_uri ?? ""), artifacts);
  return {
    run: {
      runId,
      runName: String(meta.run_name || named || runId),
      userId: text(meta.user_id) ?? "",
      status: typeof meta.status === "number" ? statuses[meta.status] ?? "FINISHED" : "FINISHED",
      startTime: number(meta.start_time),
      endTime: number(meta.end_time),
      params: pairsUnder(join(folder, "params")),
      tags,
    },
    deletedTime: meta.lifecycle_stage === "deleted"
      ? number(meta.deleted_time) ?? Date.now()
      : null,
    artifactFolder: existsSync(beside) ? beside : said,
    *series() {
      const metrics = join(folder, "metrics");
      for (const key of keysUnder(metrics)) yield toSeries(metrics, key);
    },
    datasets: () => datasetsOf(experiment, folder),
  };
}

function versionsOf(folder: string, name: string): ForeignVersion[] {
  return foldersIn(folder).filter((f) => f.startsWith("version-")).flatMap((version) => {
    const meta = readMeta(join(folder, version));
    if (!meta) return [];
    return [{
      name,
      version: Number(meta.version),
      description: text(meta.description),
      userId: text(meta.user_id),
      stage: String(meta.current_stage ?? "None"),
      source: text(meta.source),
      runId: text(meta.run_id),
      runLink: text(meta.run_link),
      status: String(meta.status ?? "READY"),
      statusMessage: text(meta.status_message),
      creationTime: Number(meta.creation_timestamp),
      lastUpdateTime: Number(meta.last_updated_timestamp ?? meta.creation_timestamp),
      tags: pairsUnder(join(folder, version, "tags")),
    }];
  }).sort((a, b) => a.version - b.version);
}

/** The store in `root`. @throws {Error} If no folder in it is an experiment or a model. */
export function openMlflowFiles(root: string, artifacts: string | undefined): MlflowStore {
  const isExperiment = (folder: string) => readMeta(folder)?.experiment_id !== undefined;
  const places = (parent: string) =>
    foldersIn(parent).map((name) => join(parent, name)).filter(isExperiment);
  const experimentFolders = [...places(root), ...places(join(root, ".trash"))];
  const modelsFolder = join(root, "models");
  if (experimentFolders.length === 0 && foldersIn(modelsFolder).length === 0) {
    throw new Error("no folder in it has a meta.yaml of an experiment");
  }

  function* experiments(): Generator<StoredExperiment> {
    for (const folder of experimentFolders) {
      const meta = readMeta(folder)!;
      yield {
        name: String(meta.name),
        tags: pairsUnder(join(folder, "tags")),
        isDeleted: meta.lifecycle_stage === "deleted",
        *runs() {
          for (const name of foldersIn(folder)) {
            const run = readMeta(join(folder, name));
            if (run && (run.run_id ?? run.run_uuid) !== undefined) {
              yield toRun(folder, join(folder, name), run, artifacts);
            }
          }
        },
      };
    }
  }

  function* models(): Generator<StoredModel> {
    for (const entry of foldersIn(modelsFolder)) {
      const folder = join(modelsFolder, entry);
      const meta = readMeta(folder);
      if (!meta) continue;
      const name = String(meta.name);
      yield {
        name,
        description: text(meta.description),
        creationTime: Number(meta.creation_timestamp),
        tags: pairsUnder(join(folder, "tags")),
        versions: versionsOf(folder, name),
        aliases: Object.fromEntries(
          pairsUnder(join(folder, "aliases")).map(({ key, value }) => [key, Number(value)]),
        ),
      };
    }
  }

  return { experiments, models, close: () => {} };
}
