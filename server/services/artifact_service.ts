/** Artifacts over a blob store: names in the database, contents in the store. @module */
import type { Database } from "../db/database.ts";
import * as store from "../db/artifacts.ts";
import { invalid, notFound } from "../errors.ts";
import type { ArtifactInfo, ArtifactService } from "./artifacts.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { EventHub } from "./events.ts";

const maxPathLength = 2000;

/**
 * The path without leading and trailing slashes.
 *
 * @throws {ApiError} If it has `..`, an encoded slash or dot, a backslash, or a control character.
 */
export function safePath(path: string): string {
  let decoded = path;
  for (let i = 0; i < 10; i++) {
    let next: string;
    try {
      next = decodeURIComponent(decoded);
    } catch {
      break;
    }
    if (next === decoded) break;
    decoded = next;
  }
  const parts = decoded.replaceAll("\\", "/").split("/");
  // deno-lint-ignore no-control-regex
  const bad = parts.some((part) => part === "..") || /[\u0000-\u001f]/.test(decoded) ||
    /^[a-z]:[\\/]/i.test(decoded) || /^[a-z][a-z0-9+.-]*:\/\//i.test(decoded);
  if (bad || path.startsWith("/") && decoded !== path) throw invalid("Invalid path");
  const clean = path.split("/").filter((part) => part !== "" && part !== ".").join("/");
  if (clean.length > maxPathLength) {
    throw invalid(`Invalid path: it must have at most ${maxPathLength} characters`);
  }
  return clean;
}

/** What a URI's owner is asked for; runs and versions know where their artifacts lie. */
export interface UriResolver {
  runArtifactUri(runId: string): Promise<string>;
  loggedModelUri(modelId: string): Promise<string>;
  versionSource(
    name: string,
    versionOrAlias: { version?: string; alias?: string },
  ): Promise<string>;
}

export function createArtifactService(
  deps: { db: Database; blobs: BlobStore; events: EventHub; resolver: UriResolver },
): ArtifactService {
  const { db, blobs, events, resolver } = deps;

  async function resolve(uri: string, depth = 0): Promise<string> {
    if (depth > 5) throw invalid(`Cannot read ${uri}: its sources lead in a circle`);
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1].toLowerCase();
    if (!scheme) return safePath(uri);
    const rest = uri.slice(scheme.length + 1).replace(/^\/+/, "");
    const join = (base: string, tail: string) => tail ? `${base}/${tail}` : base;
    switch (scheme) {
      case "mlflow-artifacts": {
        const authority = /^[a-z-]+:\/\/([^/]*)/i.exec(uri);
        return safePath(authority ? uri.slice(authority[0].length).replace(/^\/+/, "") : rest);
      }
      case "runs": {
        const [runId, ...tail] = rest.split("/");
        return join(
          await resolve(await resolver.runArtifactUri(runId), depth + 1),
          safePath(tail.join("/")),
        );
      }
      case "models": {
        const [head, second, ...tail] = rest.split("/");
        if (/^m-[0-9a-f]{32}$/.test(head)) {
          const base = await resolve(await resolver.loggedModelUri(head), depth + 1);
          return join(base, safePath([second, ...tail].filter((p) => p !== undefined).join("/")));
        }
        const at = head.indexOf("@");
        const source = at > 0
          ? await resolver.versionSource(decodeURIComponent(head.slice(0, at)), {
            alias: head.slice(at + 1),
          })
          : await resolver.versionSource(decodeURIComponent(head), { version: second });
        const inside = at > 0 ? [second, ...tail].filter((p) => p !== undefined) : tail;
        return join(await resolve(source, depth + 1), safePath(inside.join("/")));
      }
      default:
        throw invalid(
          `Cannot read ${uri}: only mlflow-artifacts:/, runs:/ and models:/ URIs are kept here`,
        );
    }
  }

  const missing = (path: string) => notFound(`No such artifact: '${path}'`);

  async function find(path: string) {
    const name = await resolve(path);
    const row = await store.findArtifact(db, name);
    if (!row) throw missing(name);
    return row;
  }

  const service: ArtifactService = {
    resolve: (uri) => resolve(uri),

    async write(path, body, options = {}) {
      const name = await resolve(path);
      if (name === "") throw invalid("Invalid path");
      const stream = body instanceof ReadableStream
        ? body
        : new Blob([body as BlobPart]).stream() as ReadableStream<Uint8Array>;
      const { sha256, size } = await blobs.put(stream);
      await store.putArtifact(db, { path: name, sha256, size, contentType: options.contentType });
      events.emit({ kind: "artifact.written", id: name, data: { size, sha256 } });
      return { path: name, isDir: false, size, sha256 };
    },

    async open(path, range) {
      const row = await find(path);
      const end = Math.min(range?.end ?? row.size, row.size);
      const body = await blobs.get(
        row.sha256,
        range ? { start: Math.min(range.start, row.size), end } : undefined,
      );
      return { body, size: row.size, sha256: row.sha256 };
    },

    async read(path) {
      const { body } = await service.open(path);
      return new Uint8Array(await new Response(body).arrayBuffer());
    },

    async stat(path) {
      const row = await find(path);
      return { path: row.path, isDir: false, size: row.size, sha256: row.sha256 };
    },

    async exists(path) {
      return await store.findArtifact(db, await resolve(path)) !== null;
    },

    async list(path) {
      const folder = await resolve(path);
      const entries = await store.listFolder(db, folder);
      return entries.map(({ name, size }): ArtifactInfo => ({
        path: folder ? `${folder}/${name}` : name,
        isDir: size === null,
        size: size ?? undefined,
      }));
    },

    async remove(path) {
      const name = await resolve(path);
      if (name === "") throw invalid("Invalid path");
      return await store.removeArtifacts(db, name);
    },
  };
  return service;
}
