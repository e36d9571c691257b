/**
 * The model registry over MLflow's REST protocol.
 * @module
 */
import { TrackingError } from "./errors.ts";
import type { Transport } from "./transport.ts";

export interface RegisterOptions {
  /** Name of the model; no slash, no colon. */
  name: string;
  /** The run that made it. */
  runId?: string;
  /** Where its artifacts lie. Default the run's `model` folder (`runs:/<id>/model`). */
  source?: string;
  tags?: Record<string, string>;
  description?: string;
}

/** A version of a registered model. */
export interface ModelVersion {
  name: string;
  version: string;
  runId: string | null;
  source: string;
  status: string;
  stage: string;
  aliases: string[];
  tags: Record<string, string>;
  description: string;
  createdAt: number;
}

interface ModelVersionJson {
  name: string;
  version: string;
  run_id?: string;
  source?: string;
  status?: string;
  current_stage?: string;
  aliases?: string[];
  tags?: { key: string; value: string }[];
  description?: string;
  creation_timestamp?: number;
}

function toVersion(json: ModelVersionJson): ModelVersion {
  return {
    name: json.name,
    version: String(json.version),
    runId: json.run_id || null,
    source: json.source ?? "",
    status: json.status ?? "READY",
    stage: json.current_stage ?? "None",
    aliases: json.aliases ?? [],
    tags: Object.fromEntries((json.tags ?? []).map((t) => [t.key, t.value])),
    description: json.description ?? "",
    createdAt: Number(json.creation_timestamp ?? 0),
  };
}

const requestTag = "tapebook.requestId";

/** Calls of the model registry. */
export class Registry {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes the model unless it is there. */
  async ensureModel(name: string): Promise<void> {
    try {
      await this.#transport.mlflow("POST", "registered-models/create", { body: { name } });
    } catch (error) {
      if (!(error instanceof TrackingError) || error.errorCode !== "RESOURCE_ALREADY_EXISTS") {
        throw error;
      }
    }
  }

  /**
   * Makes the next version of a model. A try whose answer got lost makes no second version: each
   * call carries an id in a tag and is looked up before it is made again.
   */
  async registerModel(options: RegisterOptions): Promise<ModelVersion> {
    const { name, runId } = options;
    if (!name || /[/:]/.test(name)) {
      throw new RangeError(
        `Cannot register model: name must be text without / and :, got ${JSON.stringify(name)}`,
      );
    }
    const source = options.source ?? (runId === undefined ? undefined : `runs:/${runId}/model`);
    if (source === undefined) {
      throw new TypeError(`Cannot register model "${name}": source or runId must be given`);
    }
    await this.ensureModel(name);
    const request = crypto.randomUUID();
    const tags = Object.entries({ ...options.tags, [requestTag]: request })
      .map(([key, value]) => ({ key, value }));
    const { model_version } = await this.#transport.mlflow<{ model_version: ModelVersionJson }>(
      "POST",
      "model-versions/create",
      {
        body: { name, source, run_id: runId, tags, description: options.description },
        beforeRetry: async () => {
          const found = await this.searchVersions(`name = '${name.replace(/'/g, "\\'")}'`);
          const made = found.find((v) => v.tags[requestTag] === request);
          return made === undefined ? undefined : { model_version: versionJson(made) };
        },
      },
    );
    return toVersion(model_version);
  }

  async setAlias(name: string, alias: string, version: string | number): Promise<void> {
    await this.#transport.mlflow("POST", "registered-models/alias", {
      body: { name, alias, version: String(version) },
    });
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.#transport.mlflow("DELETE", "registered-models/alias", { body: { name, alias } });
  }

  /** The version that `alias` points at. */
  async getByAlias(name: string, alias: string): Promise<ModelVersion> {
    const { model_version } = await this.#transport.mlflow<{ model_version: ModelVersionJson }>(
      "GET",
      "registered-models/alias",
      { query: { name, alias } },
    );
    return toVersion(model_version);
  }

  async getVersion(name: string, version: string | number): Promise<ModelVersion> {
    const { model_version } = await this.#transport.mlflow<{ model_version: ModelVersionJson }>(
      "GET",
      "model-versions/get",
      { query: { name, version: String(version) } },
    );
    return toVersion(model_version);
  }

  async setVersionTag(name: string, version: string, key: string, value: string): Promise<void> {
    await this.#transport.mlflow("POST", "model-versions/set-tag", {
      body: { name, version, key, value },
    });
  }

  /** Versions that match MLflow's filter, all pages. */
  async searchVersions(filter?: string): Promise<ModelVersion[]> {
    const versions: ModelVersion[] = [];
    let token: string | undefined;
    do {
      const page = await this.#transport.mlflow<
        { model_versions?: ModelVersionJson[]; next_page_token?: string }
      >("GET", "model-versions/search", { query: { filter, max_results: 200, page_token: token } });
      versions.push(...(page.model_versions ?? []).map(toVersion));
      token = page.next_page_token || undefined;
    } while (token !== undefined);
    return versions;
  }
}

function versionJson(v: ModelVersion): ModelVersionJson {
  return {
    name: v.name,
    version: v.version,
    run_id: v.runId ?? undefined,
    source: v.source,
    status: v.status,
    current_stage: v.stage,
    aliases: v.aliases,
    tags: Object.entries(v.tags).map(([key, value]) => ({ key, value })),
    description: v.description,
    creation_timestamp: v.createdAt,
  };
}
