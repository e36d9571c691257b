/**
 * How the pages talk to the server: MLflow's protocol for what MLflow knows, Tapebook's own typed
 * client for the rest. Everything else in `ui/` gets its data from here.
 * @module
 */
import { hc } from "hono/client";
import type {
  Experiment,
  ModelVersion,
  RegisteredModel,
  Run,
} from "../lib/contracts/mlflow/mod.ts";
import type { AppType } from "../server/app.ts";
import { type RunRecord, toRunRecord } from "./models/run_record.ts";

/** An answer that is no success; `message` is the server's own words. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** The error an answer carries, in any of the server's shapes. */
async function toError(answer: Response): Promise<RequestError> {
  const text = await answer.text();
  try {
    const json = JSON.parse(text) as Record<string, unknown>;
    const message = json.message ?? json.error ?? text;
    const code = String(json.error_code ?? answer.status);
    return new RequestError(answer.status, code, String(message));
  } catch {
    return new RequestError(answer.status, String(answer.status), text || answer.statusText);
  }
}

let unauthenticated = () => {};

/** What is done when the server refuses a request because nobody is signed in. */
export function onUnauthenticated(listener: () => void): void {
  unauthenticated = listener;
}

/** `fetch` that fails with a RequestError, also when the server cannot be reached. */
export async function request(path: URL | RequestInfo, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new RequestError(0, "UNREACHABLE", "The server cannot be reached");
  }
  if (answer.status === 401) unauthenticated();
  if (!answer.ok) throw await toError(answer);
  return answer;
}

type Query = Record<string, string | number | readonly string[] | undefined>;

function queryString(query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  }
  const text = params.toString();
  return text && `?${text}`;
}

async function get<T>(call: string, query: Query = {}): Promise<T> {
  return await (await request(`/ajax-api/2.0/mlflow/${call}${queryString(query)}`)).json();
}

async function send<T>(call: string, body: unknown, method = "POST"): Promise<T> {
  const answer = await request(`/ajax-api/2.0/mlflow/${call}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return await answer.json();
}

export interface RunSearch {
  filter?: string;
  orderBy?: string[];
  maxResults?: number;
  pageToken?: string;
}

export interface RunPage {
  runs: RunRecord[];
  nextPageToken?: string;
}

export interface MetricPoint {
  step: number;
  timestamp: number;
  value: number;
}

export interface ArtifactEntry {
  path: string;
  isDir: boolean;
  size: number | null;
}

interface WirePoint {
  step?: number | string;
  timestamp: number | string;
  value: number | string;
}

const toPoint = ({ step, timestamp, value }: WirePoint): MetricPoint => ({
  step: Number(step ?? 0),
  timestamp: Number(timestamp),
  value: Number(value),
});

/** Most points of one metric that a chart asks for. */
const chartPoints = 2500;

export const tracking = {
  async experiments(): Promise<Experiment[]> {
    const all: Experiment[] = [];
    let token: string | undefined;
    do {
      const page = await send<{ experiments?: Experiment[]; next_page_token?: string }>(
        "experiments/search",
        { max_results: 1000, page_token: token, order_by: ["last_update_time DESC"] },
      );
      all.push(...page.experiments ?? []);
      token = page.next_page_token || undefined;
    } while (token);
    return all;
  },
  async experiment(id: string): Promise<Experiment> {
    const answer = await get<{ experiment: Experiment }>("experiments/get", { experiment_id: id });
    return answer.experiment;
  },
  async searchRuns(experimentIds: string[], search: RunSearch = {}): Promise<RunPage> {
    const answer = await send<{ runs?: Run[]; next_page_token?: string }>("runs/search", {
      experiment_ids: experimentIds,
      filter: search.filter,
      order_by: search.orderBy,
      max_results: search.maxResults ?? 1000,
      page_token: search.pageToken,
    });
    return {
      runs: (answer.runs ?? []).map(toRunRecord),
      nextPageToken: answer.next_page_token || undefined,
    };
  },
  async run(id: string): Promise<RunRecord> {
    return toRunRecord((await get<{ run: Run }>("runs/get", { run_id: id })).run);
  },
  /** At most 2,500 points of a metric, evenly chosen by the server. */
  async metricHistory(runId: string, key: string): Promise<MetricPoint[]> {
    const answer = await get<{ metrics?: WirePoint[] }>("metrics/get-history-bulk-interval", {
      run_ids: [runId],
      metric_key: key,
      max_results: chartPoints,
    });
    return (answer.metrics ?? []).map(toPoint);
  },
  async setTag(runId: string, key: string, value: string): Promise<void> {
    await send("runs/set-tag", { run_id: runId, key, value });
  },
  async artifacts(runId: string, path = ""): Promise<ArtifactEntry[]> {
    const answer = await get<{
      files?: { path: string; is_dir?: boolean; file_size?: number | string }[];
    }>("artifacts/list", { run_id: runId, path: path || undefined });
    return (answer.files ?? []).map((file) => ({
      path: file.path,
      isDir: file.is_dir === true,
      size: file.file_size === undefined ? null : Number(file.file_size),
    }));
  },
  /** Address a browser can download an artifact from. */
  artifactUrl(runId: string, path: string): string {
    return `/get-artifact${queryString({ run_uuid: runId, path })}`;
  },
  async models(): Promise<RegisteredModel[]> {
    const all: RegisteredModel[] = [];
    let token: string | undefined;
    do {
      const page = await get<{ registered_models?: RegisteredModel[]; next_page_token?: string }>(
        "registered-models/search",
        { max_results: 1000, page_token: token },
      );
      all.push(...page.registered_models ?? []);
      token = page.next_page_token || undefined;
    } while (token);
    return all;
  },
  async model(name: string): Promise<RegisteredModel> {
    const answer = await get<{ registered_model: RegisteredModel }>("registered-models/get", {
      name,
    });
    return answer.registered_model;
  },
  async modelVersions(name: string): Promise<ModelVersion[]> {
    const answer = await get<{ model_versions?: ModelVersion[] }>("model-versions/search", {
      filter: `name='${name.replaceAll("'", "''")}'`,
      max_results: 10_000,
    });
    return (answer.model_versions ?? []).sort((a, b) => Number(b.version) - Number(a.version));
  },
};

export type TrackingApi = typeof tracking;

/** The typed client of `/api/tapebook/v1`; refusals are thrown as RequestError. */
export const v1 = hc<AppType>("/", {
  fetch: (input: URL | RequestInfo, init?: RequestInit) => request(input, init),
})
  .api.tapebook.v1;

type Refusal = { error_code: string; message: string };

/** The body of a success: what is refused has been thrown already. */
export async function body<Answer extends { json(): Promise<unknown> }>(
  answer: Promise<Answer>,
): Promise<Exclude<Awaited<ReturnType<Answer["json"]>>, Refusal>> {
  const json = await (await answer).json();
  return json as Exclude<Awaited<ReturnType<Answer["json"]>>, Refusal>;
}
