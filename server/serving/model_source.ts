/** Where served models come from: names, aliases and files, whoever keeps them. @module */

/** A registered version that can be served. */
export interface ModelVersionRef {
  name: string;
  version: string;
  runId: string | null;
  /** Folder of the version's artifacts, as the registry states it. */
  source: string;
}

/** What an alias points at. */
export interface AliasTarget extends ModelVersionRef {
  alias: string;
}

export interface ModelSource {
  /** Targets of `alias` over all models, by name. */
  targets(alias: string): Promise<AliasTarget[]>;
  /** The version `alias` of model `name` points at, or null; undefined when the model is unknown. */
  target(name: string, alias: string): Promise<AliasTarget | null | undefined>;
  /** A version of a model, or null. */
  version(name: string, version: string): Promise<ModelVersionRef | null>;
  /** Every version number of a model in rising order; null when the model is unknown. */
  versions(name: string): Promise<string[] | null>;
  /** Bytes of `path` under the version's folder; null when there is no such file. */
  readFile(ref: ModelVersionRef, path: string): Promise<Uint8Array | null>;
}
