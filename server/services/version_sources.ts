/**
 * Checks where a model version says its files lie: a source must belong to the run or logged model
 * that is named with it, and may not leave it.
 * @module
 */
import { posix } from "node:path";
import { ApiError, invalid } from "../errors.ts";
import type { LoggedModelService } from "./logged_models.ts";
import type { RegistryService } from "./registry.ts";
import type { TrackingService } from "./tracking.ts";

export interface VersionSource {
  source: string;
  runId?: string;
  modelId?: string;
}

export interface VersionSources {
  /** The source and its lineage, or a refusal in MLflow's words. */
  check(given: VersionSource & { isPrompt?: boolean }): Promise<VersionSource>;
}

interface Uri {
  scheme: string;
  authority: string;
  parts: string[];
}

function decodeAll(text: string): string {
  for (let i = 0; i < 10; i++) {
    try {
      const next = decodeURIComponent(text.replaceAll("+", "%2B"));
      if (next === text) return text;
      text = next;
    } catch {
      return text;
    }
  }
  return text;
}

function parseUri(uri: string): Uri {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri)!;
  return {
    scheme: (match[1] ?? "").toLowerCase(),
    authority: (match[2] ?? "").toLowerCase(),
    parts: match[3].split("/").filter(Boolean).map(decodeAll),
  };
}

function isWithin(source: string, root: string): boolean {
  const a = parseUri(source);
  const b = parseUri(root);
  return a.scheme === b.scheme && a.authority === b.authority && b.parts.length > 0 &&
    b.parts.every((part, i) => a.parts[i] === part);
}

/** The folder that a path or a file URI without a host names; null for anything else. */
function folderOf(uri: string): string | null {
  const { scheme, authority } = parseUri(uri);
  if (scheme === "") return posix.normalize(uri);
  if (scheme !== "file") return null;
  if (authority && authority !== "localhost") {
    throw invalid(
      `${uri} is not a valid remote uri. For remote access on windows, please consider using a ` +
        "different scheme such as SMB (e.g. smb://<hostname>/<path>).",
    );
  }
  return posix.normalize(decodeAll(uri.replace(/^file:(\/\/[^/]*)?/i, "")));
}

/**
 * Whether a local source lies in a local folder. Only the words are compared: such a folder is its
 * clients' own, this server neither reads nor writes it.
 */
function isFolderWithin(source: string, root: string): boolean {
  const folder = folderOf(source);
  const parent = folderOf(root)?.replace(/\/+$/, "");
  if (!folder?.startsWith("/") || !parent?.startsWith("/")) return false;
  return folder.replace(/\/+$/, "") === parent || folder.startsWith(`${parent}/`);
}

const route = "api/2.0/mlflow-artifacts/artifacts";

const isArtifactSource = ({ scheme, parts }: Uri) =>
  scheme === "mlflow-artifacts" ||
  (scheme === "http" || scheme === "https") && `/${parts.join("/")}/`.includes(`/${route}/`);

/** Schemes whose address names a host that this server would have to ask. */
const hostSchemes = new Set(["http", "https", "ftp", "sftp", "mlflow-artifacts"]);

const outsideFolder = (source: string, field: "run_id" | "model_id") =>
  invalid(
    `Invalid model version source: '${source}'. To use a local path as a model version ` +
      `source, the ${field} request parameter has to be specified and the local path has ` +
      `to be contained within the artifact directory of the run specified by the ${field}.`,
  );

const otherHost = (scheme: string) =>
  invalid(
    `'source' cannot use the '${scheme}' scheme: the '${scheme}' scheme addresses a host other ` +
      "than the tracking server's configured artifact storage",
  );

const promptSources = new Set(["dummy-source", "prompt-template", "mlflow-prompt"]);

export function createVersionSources(
  deps: { tracking: TrackingService; loggedModels: LoggedModelService; registry: RegistryService },
): VersionSources {
  const { tracking, loggedModels, registry } = deps;
  const mustIdentify = (source: string, field: "run_id" | "model_id") =>
    invalid(
      `Invalid model version source: '${source}'. The ${field} request parameter must identify ` +
        "the resource that contains the source.",
    );

  async function ownerUri(
    source: string,
    field: "run_id" | "model_id",
    id: string,
  ): Promise<string> {
    try {
      return field === "run_id"
        ? (await tracking.getRun(id)).info.artifact_uri
        : (await loggedModels.get(id)).info.artifact_uri;
    } catch (error) {
      if (error instanceof ApiError && error.code === "RESOURCE_DOES_NOT_EXIST") {
        throw mustIdentify(source, field);
      }
      throw error;
    }
  }

  /** The run of a logged model is the version's, where no other is named. */
  async function withLineage({ source, runId, modelId }: VersionSource): Promise<VersionSource> {
    if (!modelId) return { source, runId };
    const model = await loggedModels.get(modelId);
    return { source, runId: runId || model.info.source_run_id, modelId };
  }

  function checkPath(source: string): void {
    const decoded = decodeAll(source);
    const path = decoded.replace(/^[a-z][a-z0-9+.-]*:(\/\/[^/]*)?/i, "");
    if (decoded.includes("\0") || path.split("/").some((part) => part === "..")) {
      throw invalid(
        `Invalid model version source: '${source}'. If supplying a source as an http, https, ` +
          "local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be " +
          "provided without relative path references present. Please provide an absolute path.",
      );
    }
  }

  return {
    async check({ source, runId, modelId, isPrompt }) {
      if (isPrompt) {
        if (!promptSources.has(source)) {
          throw invalid(
            `Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`,
          );
        }
        return { source, runId };
      }
      const field = modelId ? "model_id" : "run_id";
      const uri = parseUri(source);
      if (uri.scheme === "" || uri.scheme === "file") {
        const id = modelId || runId;
        const within = id && isFolderWithin(source, await ownerUri(source, field, id));
        if (!within) throw outsideFolder(source, field);
        return await withLineage({ source, runId, modelId });
      }
      checkPath(source);
      if (uri.scheme === "models") {
        if (uri.authority) {
          throw invalid(
            `Invalid model version source: '${source}'. Registered model sources must use the ` +
              "active model registry.",
          );
        }
        const [head = "", second] = uri.parts;
        if (head.startsWith("m-") && second === undefined) {
          if (modelId !== head) throw mustIdentify(source, "model_id");
          return await withLineage({ source, runId, modelId });
        }
        const at = head.indexOf("@");
        const version = at > 0
          ? await registry.getVersionByAlias(head.slice(0, at), head.slice(at + 1))
          : await registry.getVersion(head, second ?? "");
        const differs = runId !== undefined && runId !== (version.run_id ?? "") ||
          modelId !== undefined && modelId !== (version.model_id ?? "");
        if (differs) {
          throw invalid(
            `Invalid model version source: '${source}'. The run_id and model_id request ` +
              "parameters must match the referenced model version.",
          );
        }
        return {
          source: `models:/${version.name}/${version.version}`,
          runId: version.run_id,
          modelId: version.model_id,
        };
      }
      if (uri.scheme === "runs") {
        if (modelId || uri.authority || !runId || uri.parts[0] !== runId) {
          throw mustIdentify(source, field);
        }
        return { source, runId };
      }
      if (uri.authority && hostSchemes.has(uri.scheme) && !isArtifactSource(uri)) {
        throw otherHost(uri.scheme);
      }
      if (isArtifactSource(uri)) {
        const id = modelId || runId;
        if (!id || !isWithin(source, await ownerUri(source, field, id))) {
          if (uri.authority) throw otherHost(uri.scheme);
          throw mustIdentify(source, field);
        }
      }
      return await withLineage({ source, runId, modelId });
    },
  };
}
