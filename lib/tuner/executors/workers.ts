/**
 * Local processes: N workers at once on this machine. One that crashes harms nobody: its trial goes
 * back to the study when its lease runs out, and another process takes its place.
 * @module
 */
import { StudyFailedError } from "../errors.ts";
import type { OptimizeResult } from "../optimize.ts";
import type { Study } from "../study.ts";
import { type Executor, watchStudy } from "./executor.ts";

export interface WorkersOptions {
  /** Processes that may be started anew after a crash, in all. Default 5 per worker. */
  restarts?: number;
  /** Lease of a trial; default 30,000: it is run again that long after a crash. */
  leaseMs?: number;
  /** Permissions of the processes; default those of the command line. */
  permissions?: string[];
  /** Called with each process that is started. */
  onStart?: (process: Deno.ChildProcess) => void;
  /** Where the processes write: default "inherit". */
  output?: "inherit" | "null";
}

/** Permissions of a worker: the objective decides what it needs, so this is what a run may do. */
export const workerPermissions = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-net",
  "--allow-sys",
  "--allow-run",
  "--allow-ffi",
];

/** Arguments by which a process joins the study. @throws {TypeError} If the store is not remote. */
export function joinArguments(study: Study, kind: string): string[] {
  const join = study.link.joinArguments?.();
  if (!join) {
    throw new TypeError(
      `Cannot optimize with ${kind}: the study's store must be a server's (httpStore), since processes share it`,
    );
  }
  return join;
}

/** Runs the objective's module in local processes; the study must be in a server's store. */
export function workersExecutor(options: WorkersOptions = {}): Executor {
  const { leaseMs = 30_000, permissions = workerPermissions, output = "inherit" } = options;
  return {
    kind: "workers",
    async run(study, objective, run): Promise<OptimizeResult> {
      if (typeof objective !== "string") {
        throw new TypeError(
          "Cannot optimize with workers: objective must be the path of a module, got a function",
        );
      }
      const workers = run.workers ?? Math.max(1, navigator.hardwareConcurrency - 1);
      let restarts = options.restarts ?? 5 * workers;
      const watch = watchStudy(study, run);
      const args = [
        "run",
        "--quiet",
        ...permissions,
        new URL("../worker_main.ts", import.meta.url).href,
        ...joinArguments(study, "workers"),
        "--objective",
        objective,
        "--lease-ms",
        String(leaseMs),
        "--quiet",
        ...(watch.limit === undefined ? [] : ["--limit", String(watch.limit)]),
      ];
      const alive = new Set<Deno.ChildProcess>();
      let lastCode = 0;
      const keepOne = async () => {
        for (;;) {
          const process = new Deno.Command(Deno.execPath(), {
            args,
            stdin: "null",
            stdout: output,
            stderr: output,
          }).spawn();
          alive.add(process);
          options.onStart?.(process);
          const { code, success } = await process.status;
          alive.delete(process);
          if (success || watch.isOver()) return;
          lastCode = code;
          if (code === 2 || restarts-- <= 0) return;
        }
      };
      const kill = async () => {
        for (const process of alive) tryKill(process, "SIGTERM");
        // As long as Ray gives a job to end by itself.
        const deadline = Date.now() + 3000;
        while (alive.size > 0 && Date.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        for (const process of alive) tryKill(process, "SIGKILL");
      };
      const processes = Promise.all(Array.from({ length: workers }, keepOne));
      const result = await watch.until(processes, kill);
      if (result.finished === 0 && lastCode !== 0) {
        throw new StudyFailedError(
          `Cannot optimize study "${study.name}": every worker process ended with exit code ${lastCode}`,
        );
      }
      return result;
    },
  };
}

function tryKill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch { /* it has ended */ }
}
