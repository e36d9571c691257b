/** What an import reads of MLflow, wherever MLflow kept it. @module */
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatasetInput, KeyValue } from "../../lib/contracts/mlflow/mod.ts";
import type { ForeignRun, ForeignVersion } from "../db/import_rows.ts";

/** One metric's whole history. */
export interface StoredSeries {
  key: string;
  timestamps: number[];
  steps: number[];
  values: number[];
}

export interface StoredRun {
  run: Omit<ForeignRun, "experimentId">;
  /** When it was deleted, in milliseconds; null for a run that is active. */
  deletedTime: number | null;
  /** The folder on this machine where its files lie, or null when they are elsewhere. */
  artifactFolder: string | null;
  series(): Iterable<StoredSeries>;
  datasets(): DatasetInput[];
}

export interface StoredExperiment {
  name: string;
  tags: KeyValue[];
  isDeleted: boolean;
  runs(): Iterable<StoredRun>;
}

export interface StoredModel {
  name: string;
  description: string | null;
  creationTime: number;
  tags: KeyValue[];
  versions: ForeignVersion[];
  /** Version by alias. */
  aliases: Record<string, number>;
}

export interface MlflowStore {
  experiments(): Iterable<StoredExperiment>;
  models(): Iterable<StoredModel>;
  close(): void;
}

/** The folder that a run's artifact URI names on this machine, or null. */
export function folderOfUri(uri: string, artifacts: string | undefined): string | null {
  if (uri.startsWith("file:")) return fileURLToPath(uri);
  if (isAbsolute(uri)) return uri;
  const served = /^mlflow-artifacts:\/+(.*)$/.exec(uri);
  return served && artifacts ? join(artifacts, served[1]) : null;
}
