/**
 * Reads runs, metric histories and artifacts back from a tracking server.
 * @module
 */
import { artifactPath, type RunInfoJson } from "./deliver.ts";
import type { Transport } from "./transport.ts";
import { decodeNumber } from "./wire.ts";

/** A run as the server knows it. */
export interface RunRecord {
  runId: string;
  name: string;
  experimentId: string;
  status: string;
  startTime: number;
  endTime: number | null;
  artifactUri: string;
  lifecycleStage: string;
  params: Record<string, string>;
  /** Latest value of each metric. */
  metrics: Record<string, number>;
  tags: Record<string, string>;
}

/** A metric's history in columns, as long as each other. */
export interface MetricHistory {
  values: Float64Array;
  steps: Float64Array;
  /** ms since 1970. */
  timestamps: Float64Array;
}

interface RunJson {
  info: RunInfoJson;
  data?: {
    metrics?: { key: string; value: unknown }[];
    params?: { key: string; value: string }[];
    tags?: { key: string; value: string }[];
  };
}

export interface SearchOptions {
  /** Ids of experiments; `tracker.ensureExperiment(name)` gives the id of a name. */
  experimentIds: string[];
  filter?: string;
  orderBy?: string[];
  /** Most runs to give. Default all. */
  limit?: number;
}

export interface ArtifactInfo {
  path: string;
  isDir: boolean;
  size: number;
}

function toRecord(json: RunJson): RunRecord {
  const pairs = <T>(list: { key: string; value: T }[] | undefined) =>
    (list ?? []).map((p) => [p.key, p.value] as const);
  return {
    runId: json.info.run_id,
    name: json.info.run_name ?? "",
    experimentId: json.info.experiment_id,
    status: json.info.status,
    startTime: Number(json.info.start_time ?? 0),
    endTime: json.info.end_time ? Number(json.info.end_time) : null,
    artifactUri: json.info.artifact_uri,
    lifecycleStage: json.info.lifecycle_stage ?? "active",
    params: Object.fromEntries(pairs(json.data?.params)),
    metrics: Object.fromEntries(
      pairs(json.data?.metrics).map(([k, v]) => [k, decodeNumber(v)]),
    ),
    tags: Object.fromEntries(pairs(json.data?.tags)),
  };
}

/** Reading calls of the tracking protocol. */
export class RunReader {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async getRun(runId: string): Promise<RunRecord> {
    const { run } = await this.#transport.mlflow<{ run: RunJson }>("GET", "runs/get", {
      query: { run_id: runId },
    });
    return toRecord(run);
  }

  /** Runs that match, page by page, newest first unless `orderBy` says otherwise. */
  async searchRuns(options: SearchOptions): Promise<RunRecord[]> {
    const limit = options.limit ?? Infinity;
    const runs: RunRecord[] = [];
    let token: string | undefined;
    do {
      const page = await this.#transport.mlflow<{ runs?: RunJson[]; next_page_token?: string }>(
        "POST",
        "runs/search",
        {
          body: {
            experiment_ids: options.experimentIds,
            filter: options.filter,
            order_by: options.orderBy,
            max_results: Math.min(1000, limit - runs.length),
            page_token: token,
          },
        },
      );
      runs.push(...(page.runs ?? []).map(toRecord));
      token = page.next_page_token || undefined;
    } while (token !== undefined && runs.length < limit);
    return runs;
  }

  /** The id of the experiment called `name`. */
  async experimentId(name: string): Promise<string> {
    const { experiment } = await this.#transport.mlflow<{ experiment: { experiment_id: string } }>(
      "GET",
      "experiments/get-by-name",
      { query: { experiment_name: name } },
    );
    return experiment.experiment_id;
  }

  /** The whole history of a metric, in the server's order. */
  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    const pages: { value: unknown; step?: number; timestamp?: number }[][] = [];
    let token: string | undefined;
    do {
      const page = await this.#transport.mlflow<
        {
          metrics?: { value: unknown; step?: number; timestamp?: number }[];
          next_page_token?: string;
        }
      >("GET", "metrics/get-history", {
        query: { run_id: runId, metric_key: key, max_results: 25_000, page_token: token },
      });
      pages.push(page.metrics ?? []);
      token = page.next_page_token || undefined;
    } while (token !== undefined);
    const length = pages.reduce((n, p) => n + p.length, 0);
    const history: MetricHistory = {
      values: new Float64Array(length),
      steps: new Float64Array(length),
      timestamps: new Float64Array(length),
    };
    let i = 0;
    for (const page of pages) {
      for (const point of page) {
        history.values[i] = decodeNumber(point.value);
        history.steps[i] = Number(point.step ?? 0);
        history.timestamps[i++] = Number(point.timestamp ?? 0);
      }
    }
    return history;
  }

  /** What lies directly below `path` of the run's artifacts; paths are relative to the run. */
  async listArtifacts(runId: string, path?: string): Promise<ArtifactInfo[]> {
    const files: ArtifactInfo[] = [];
    let token: string | undefined;
    do {
      const page = await this.#transport.mlflow<
        {
          files?: { path: string; is_dir?: boolean; file_size?: number | string }[];
          next_page_token?: string;
        }
      >("GET", "artifacts/list", { query: { run_id: runId, path, page_token: token } });
      for (const f of page.files ?? []) {
        files.push({ path: f.path, isDir: Boolean(f.is_dir), size: Number(f.file_size ?? 0) });
      }
      token = page.next_page_token || undefined;
    } while (token !== undefined);
    return files;
  }

  /** An artifact's bytes. */
  async downloadArtifact(runId: string, path: string): Promise<Uint8Array> {
    const { artifactUri } = await this.getRun(runId);
    const response = await this.#transport.raw("GET", artifactPath(artifactUri, path));
    return new Uint8Array(await response.arrayBuffer());
  }
}
