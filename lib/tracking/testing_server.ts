/**
 * A small tracking server in memory for this room's tests: strict about the protocol's limits, and
 * able to fail on demand. Not a server for use: that is `server/`.
 * @module
 */

export interface TestingRun {
  id: string;
  name: string;
  experimentId: string;
  status: string;
  endTime: number | null;
  params: Map<string, string>;
  tags: Map<string, string>;
  /** `key|timestamp|step|value`, so that a repeated point shows as one. */
  points: Set<string>;
  /** Points received, repeated ones included. */
  received: number;
  datasets: unknown[];
}

/** What to do with a request before it is answered; a Response stands for the answer. */
export type Fault = (
  request: Request,
  path: string,
) => Response | undefined | Promise<Response | undefined>;

export class TestingServer {
  readonly runs = new Map<string, TestingRun>();
  readonly experiments = new Map<string, string>([["Default", "0"]]);
  readonly artifacts = new Map<string, Uint8Array>();
  readonly requests: string[] = [];
  /** Consulted before each request. */
  fault: Fault | null = null;
  /** Consulted after a request took effect: an answer that gets lost. */
  faultAfter: Fault | null = null;
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  #port = 0;

  constructor() {
    this.start();
  }

  get uri(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  start(): void {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: this.#port, onListen: () => {} },
      (request) => this.#handle(request),
    );
    this.#port = this.#server.addr.port;
  }

  /** Goes away: connections are refused until `start`. */
  async stop(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = null;
  }

  run(id: string): TestingRun {
    const run = this.runs.get(id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  }

  async #handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = url.pathname.replace("/api/2.0/mlflow/", "").replace("/api/2.0/", "");
    this.requests.push(`${request.method} ${path}`);
    const bytes = new Uint8Array(await request.clone().arrayBuffer());
    const early = await this.fault?.(request, path);
    if (early) return early;
    const answer = this.#answer(request, path, url, bytes);
    return await this.faultAfter?.(request, path) ?? answer;
  }

  #answer(request: Request, path: string, url: URL, bytes: Uint8Array): Response {
    if (path.startsWith("mlflow-artifacts/artifacts/")) {
      const key = decodeURIComponent(path.slice("mlflow-artifacts/artifacts/".length));
      if (request.method === "PUT") {
        this.artifacts.set(key, bytes);
        return Response.json({});
      }
      const found = this.artifacts.get(key);
      return found ? new Response(found as BodyInit) : refuse(404, "RESOURCE_DOES_NOT_EXIST", key);
    }
    if (bytes.length > 1_000_000) return refuse(400, "INVALID_PARAMETER_VALUE", "body too large");
    // deno-lint-ignore no-explicit-any
    const body: any = bytes.length > 0 ? JSON.parse(new TextDecoder().decode(bytes)) : {};
    switch (`${request.method} ${path}`) {
      case "GET experiments/get-by-name": {
        const name = url.searchParams.get("experiment_name")!;
        const id = this.experiments.get(name);
        return id === undefined
          ? refuse(404, "RESOURCE_DOES_NOT_EXIST", `Could not find experiment '${name}'`)
          : Response.json({ experiment: { experiment_id: id, name, lifecycle_stage: "active" } });
      }
      case "POST experiments/create":
        this.experiments.set(body.name, String(this.experiments.size));
        return Response.json({ experiment_id: this.experiments.get(body.name) });
      case "POST runs/create": {
        const run: TestingRun = {
          id: crypto.randomUUID().replaceAll("-", ""),
          name: body.run_name,
          experimentId: body.experiment_id,
          status: "RUNNING",
          endTime: null,
          params: new Map(),
          tags: new Map(body.tags.map((t: { key: string; value: string }) => [t.key, t.value])),
          points: new Set(),
          received: 0,
          datasets: [],
        };
        this.runs.set(run.id, run);
        return Response.json({ run: runJson(run) });
      }
      case "POST runs/search": {
        const ref = String(body.filter).match(/= '(.*)'$/)?.[1];
        const found = [...this.runs.values()].filter((r) =>
          r.tags.get("tapebook.clientRunId") === ref
        );
        return Response.json({ runs: found.map(runJson) });
      }
    }
    const run = this.runs.get(body.run_id ?? url.searchParams.get("run_id"));
    if (!run) return refuse(404, "RESOURCE_DOES_NOT_EXIST", `Run not found`);
    switch (path) {
      case "runs/get":
        return Response.json({ run: runJson(run) });
      case "runs/log-batch":
        return logBatch(run, body);
      case "runs/log-inputs":
        run.datasets.push(...body.datasets);
        return Response.json({});
      case "runs/update":
        run.status = body.status;
        run.endTime = body.end_time ?? null;
        return Response.json({ run_info: runJson(run).info });
    }
    return refuse(404, "ENDPOINT_NOT_FOUND", path);
  }
}

interface BatchBody {
  metrics?: { key: string; value: unknown; timestamp: number; step: number }[];
  params?: { key: string; value: string }[];
  tags?: { key: string; value: string }[];
}

function logBatch(run: TestingRun, body: BatchBody): Response {
  const { metrics = [], params = [], tags = [] } = body;
  const isTooLarge = metrics.length > 1000 || params.length > 100 || tags.length > 100 ||
    metrics.length + params.length + tags.length > 1000;
  if (isTooLarge) return refuse(400, "INVALID_PARAMETER_VALUE", "batch too large");
  for (const { key, value } of params) {
    const before = run.params.get(key);
    if (before !== undefined && before !== value) {
      return refuse(
        400,
        "INVALID_PARAMETER_VALUE",
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}'`,
      );
    }
  }
  for (const { key, value } of params) run.params.set(key, value);
  for (const { key, value } of tags) run.tags.set(key, value);
  for (const m of metrics) run.points.add(`${m.key}|${m.timestamp}|${m.step}|${m.value}`);
  run.received += metrics.length;
  return Response.json({});
}

function runJson(run: TestingRun) {
  return {
    info: {
      run_id: run.id,
      run_name: run.name,
      experiment_id: run.experimentId,
      status: run.status,
      artifact_uri: `mlflow-artifacts:/${run.experimentId}/${run.id}/artifacts`,
      start_time: 1,
      end_time: run.endTime ?? undefined,
      lifecycle_stage: "active",
    },
    data: {
      params: [...run.params].map(([key, value]) => ({ key, value })),
      tags: [...run.tags].map(([key, value]) => ({ key, value })),
    },
  };
}

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ error_code: code, message }, { status });
}
