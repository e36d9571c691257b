/** Artifacts: named bytes, kept once per content. @module */

export interface ArtifactInfo {
  /** Path from the artifact root, without a leading slash. */
  path: string;
  isDir: boolean;
  /** Bytes; absent for folders. */
  size?: number;
}

export interface ArtifactContent {
  body: ReadableStream<Uint8Array>;
  size: number;
  /** Hex digest of the content. */
  sha256: string;
}

/**
 * `path` is a path from the root (`<experiment>/<run>/artifacts/…`) or a URI
 * (`mlflow-artifacts:/…`, `runs:/<run>/…`, `models:/<name>/<version>/…`, `models:/<name>@<alias>/…`,
 * `models:/m-<id>/…`).
 *
 * All methods throw ApiError: INVALID_PARAMETER_VALUE for a path that leaves the root,
 * RESOURCE_DOES_NOT_EXIST for one that is not there.
 */
export interface ArtifactService {
  /** The path that a URI names. */
  resolve(uri: string): Promise<string>;
  /** Streams the content; nothing is visible before all of it is stored. */
  write(
    path: string,
    body: ReadableStream<Uint8Array> | Uint8Array | string,
    options?: { contentType?: string },
  ): Promise<ArtifactInfo & { sha256: string }>;
  /** Streams what is there. `range` is in bytes, `end` exclusive. */
  open(path: string, range?: { start: number; end?: number }): Promise<ArtifactContent>;
  /** The whole content; for small files. */
  read(path: string): Promise<Uint8Array>;
  stat(path: string): Promise<ArtifactInfo & { sha256: string }>;
  exists(path: string): Promise<boolean>;
  /** What lies directly in a folder, by name; a file lists itself. */
  list(path: string): Promise<ArtifactInfo[]>;
  /** Removes a file, or a folder with all in it; returns how many files went. */
  remove(path: string): Promise<number>;
}
