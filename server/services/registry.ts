/** Registered models, versions and aliases: what the registry does for routes and services. @module */
import type { KeyValue, ModelVersion, RegisteredModel } from "../../lib/contracts/mlflow/mod.ts";
import type { Page, SearchOptions } from "./tracking.ts";

export interface NewVersion {
  name: string;
  /** `runs:/…`, `models:/m-…`, `mlflow-artifacts:/…` or a storage URI. */
  source: string;
  runId?: string;
  modelId?: string;
  runLink?: string;
  description?: string;
  tags?: KeyValue[];
}

/** All methods throw ApiError with MLflow's code and wording. */
export interface RegistryService {
  createModel(
    name: string,
    options?: { tags?: KeyValue[]; description?: string },
  ): Promise<RegisteredModel>;
  getModel(name: string): Promise<RegisteredModel>;
  updateModel(name: string, description: string): Promise<RegisteredModel>;
  renameModel(name: string, newName: string): Promise<RegisteredModel>;
  deleteModel(name: string): Promise<void>;
  searchModels(options?: SearchOptions): Promise<Page<RegisteredModel>>;
  setModelTag(name: string, key: string, value: string): Promise<void>;
  deleteModelTag(name: string, key: string): Promise<void>;

  createVersion(version: NewVersion): Promise<ModelVersion>;
  getVersion(name: string, version: string): Promise<ModelVersion>;
  updateVersion(name: string, version: string, description: string): Promise<ModelVersion>;
  transitionStage(
    name: string,
    version: string,
    stage: string,
    archiveExisting: boolean,
  ): Promise<ModelVersion>;
  deleteVersion(name: string, version: string): Promise<void>;
  searchVersions(options?: SearchOptions): Promise<Page<ModelVersion>>;
  getLatestVersions(name: string, stages?: string[]): Promise<ModelVersion[]>;
  setVersionTag(name: string, version: string, key: string, value: string): Promise<void>;
  deleteVersionTag(name: string, version: string, key: string): Promise<void>;
  /** Where the version's files lie, as a URI that the artifact service reads. */
  getDownloadUri(name: string, version: string): Promise<string>;

  setAlias(name: string, alias: string, version: string): Promise<void>;
  deleteAlias(name: string, alias: string): Promise<void>;
  /** `latest` names the greatest version. */
  getVersionByAlias(name: string, alias: string): Promise<ModelVersion>;
}
