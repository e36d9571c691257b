/**
 * Ray: worker entrypoints submitted through the Ray Jobs REST API of a cluster. Ray places and
 * supervises them; this executor follows status and logs, submits what Ray reports failed anew, and
 * stops all on cancel.
 *
 * @see https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html
 * @module
 */
import { StudyFailedError } from "../errors.ts";
import type { OptimizeResult } from "../optimize.ts";
import { type Executor, watchStudy } from "./executor.ts";
import { joinArguments } from "./workers.ts";

export interface RayOptions {
  /** The dashboard's address; default RAY_ADDRESS, else http://127.0.0.1:8265. */
  address?: string;
  /** Shell command that starts a worker on the cluster. Default `tapebook worker`. */
  command?: string;
  /** CPUs and GPUs that each worker asks for. Without any, workers run on the head node. */
  cpus?: number;
  gpus?: number;
  /** Bytes. */
  memory?: number;
  /** Custom resources of the cluster. */
  resources?: Record<string, number>;
  /** As Ray's runtime_env: env_vars, working_dir, pip… */
  runtimeEnv?: Record<string, unknown>;
  metadata?: Record<string, string>;
  /** Bearer token; default as Ray's own clients: RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH, ~/.ray/auth_token. */
  token?: string;
  /** Further headers of every request. */
  headers?: Record<string, string>;
  /** Failed jobs that are submitted anew, in all. Default 3 per worker. */
  resubmissions?: number;
  leaseMs?: number;
  /** Between looks at the jobs. Default 1000. */
  pollMs?: number;
  /** Gets the new lines of the jobs' logs. */
  onLog?: (job: string, text: string) => void;
  /** Gets each change of a job's status. */
  onStatus?: (job: string, status: RayJobStatus, message: string) => void;
}

export type RayJobStatus = "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";

/** What Ray says of a job. */
export interface RayJob {
  submission_id: string;
  status: RayJobStatus;
  message: string | null;
  driver_exit_code: number | null;
}

/** The token of Ray's own clients, or undefined where there is none. */
function findToken(): string | undefined {
  const token = Deno.env.get("RAY_AUTH_TOKEN");
  if (token) return token;
  const path = Deno.env.get("RAY_AUTH_TOKEN_PATH") ??
    `${Deno.env.get("HOME") ?? ""}/.ray/auth_token`;
  try {
    return Deno.readTextFileSync(path).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The Ray Jobs API of one cluster. */
export class RayJobs {
  readonly address: string;
  readonly #headers: Record<string, string>;

  constructor(options: Pick<RayOptions, "address" | "headers" | "token"> = {}) {
    const address = options.address ?? Deno.env.get("RAY_ADDRESS") ?? "http://127.0.0.1:8265";
    // Ray's own clients also take ray://host:port and host:port.
    this.address =
      (/^https?:\/\//.test(address) ? address : `http://${address.replace(/^\w+:\/\//, "")}`)
        .replace(/\/$/, "");
    const token = options.token ?? findToken();
    this.#headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...options.headers };
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.address}${path}`, {
        method,
        headers: { "content-type": "application/json", ...this.#headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new Error(`Cannot reach Ray at ${this.address}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const text = await response.text();
    if (!response.ok) {
      throw new Error(
        `Cannot use Ray at ${this.address}: ${method} ${path} gave ${response.status}: ${
          text.trim().split("\n").at(-1)
        }`,
      );
    }
    return JSON.parse(text) as T;
  }

  /** Versions of the API and of Ray. @throws {Error} If nothing answers there. */
  version(): Promise<{ version: string; ray_version: string }> {
    return this.#ask("GET", "/api/version");
  }
  /** @throws {Error} If the submission id was used before. */
  async submit(job: {
    entrypoint: string;
    submission_id: string;
    runtime_env?: Record<string, unknown>;
    metadata?: Record<string, string>;
    entrypoint_num_cpus?: number;
    entrypoint_num_gpus?: number;
    entrypoint_memory?: number;
    entrypoint_resources?: Record<string, number>;
  }): Promise<string> {
    return (await this.#ask<{ submission_id: string }>("POST", "/api/jobs/", job)).submission_id;
  }
  get(id: string): Promise<RayJob> {
    return this.#ask("GET", `/api/jobs/${encodeURIComponent(id)}`);
  }
  async logs(id: string): Promise<string> {
    return (await this.#ask<{ logs: string }>("GET", `/api/jobs/${encodeURIComponent(id)}/logs`))
      .logs;
  }
  /** Asks the job to end: SIGTERM, SIGKILL after three seconds. */
  async stop(id: string): Promise<boolean> {
    return (await this.#ask<{ stopped: boolean }>(
      "POST",
      `/api/jobs/${encodeURIComponent(id)}/stop`,
    ))
      .stopped;
  }
}

const isEnded = (status: RayJobStatus) => status !== "PENDING" && status !== "RUNNING";

/** A word as one argument of a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Runs the objective's module as jobs of a Ray cluster; the study must be in a server's store. */
export function rayExecutor(options: RayOptions = {}): Executor {
  const { pollMs = 1000, leaseMs = 60_000, command = "tapebook worker" } = options;
  return {
    kind: "ray",
    async run(study, objective, run): Promise<OptimizeResult> {
      if (typeof objective !== "string") {
        throw new TypeError(
          "Cannot optimize with ray: objective must be the path of a module, got a function",
        );
      }
      const ray = new RayJobs(options);
      await ray.version();
      const workers = run.workers ?? 1;
      let resubmissions = options.resubmissions ?? 3 * workers;
      const watch = watchStudy(study, run);
      const words = [
        ...joinArguments(study, "ray"),
        "--objective",
        objective,
        "--lease-ms",
        String(leaseMs),
        ...(watch.limit === undefined ? [] : ["--limit", String(watch.limit)]),
      ];
      const entrypoint = `${command} ${words.map(shellQuote).join(" ")}`;
      const session = crypto.randomUUID().slice(0, 8);
      const alive = new Set<string>();
      let submitted = 0;
      let lastMessage = "";

      async function submit(): Promise<string> {
        const slug = study.name.replace(/[^\w-]+/g, "-").slice(0, 60);
        const id = await ray.submit({
          entrypoint,
          submission_id: `tapebook-${slug}-${session}-${submitted++}`,
          metadata: { study: study.name, ...options.metadata },
          ...(options.runtimeEnv ? { runtime_env: options.runtimeEnv } : {}),
          ...(options.cpus !== undefined ? { entrypoint_num_cpus: options.cpus } : {}),
          ...(options.gpus !== undefined ? { entrypoint_num_gpus: options.gpus } : {}),
          ...(options.memory !== undefined ? { entrypoint_memory: options.memory } : {}),
          ...(options.resources ? { entrypoint_resources: options.resources } : {}),
        });
        alive.add(id);
        return id;
      }

      async function followLogs(id: string, shown: number): Promise<number> {
        if (!options.onLog) return shown;
        const text = await ray.logs(id);
        if (text.length > shown) options.onLog(id, text.slice(shown));
        return text.length;
      }

      /** One worker's place: its job, and the jobs that follow it when Ray reports a failure. */
      async function keepOne(): Promise<void> {
        for (;;) {
          const id = await submit();
          let status: RayJobStatus | null = null;
          let shown = 0;
          for (;;) {
            const job = await ray.get(id);
            if (job.status !== status) {
              status = job.status;
              lastMessage = job.message ?? "";
              options.onStatus?.(id, status, lastMessage);
            }
            shown = await followLogs(id, shown);
            if (isEnded(status)) break;
            await new Promise((resolve) => setTimeout(resolve, pollMs));
          }
          alive.delete(id);
          if (status !== "FAILED" || watch.isOver() || resubmissions-- <= 0) return;
        }
      }

      const stopAll = async () => {
        await Promise.all([...alive].map((id) => ray.stop(id).catch(() => false)));
      };
      const result = await watch.until(
        Promise.all(Array.from({ length: workers }, keepOne)),
        stopAll,
      );
      if (result.finished === 0 && result.stopReason === "trials" && (run.trials ?? 0) > 0) {
        throw new StudyFailedError(
          `Cannot optimize study "${study.name}": no job of Ray ended a trial, the last says: ${lastMessage}`,
        );
      }
      return result;
    },
  };
}
