/** The command line of a worker, read and run. @module */
import { parseArgs } from "node:util";
import { StudyFailedError } from "./errors.ts";
import { runWorker, type WorkerOptions } from "./worker.ts";

export const workerHelp = `tapebook worker --study NAME [options]
Takes trials of a study on a server until the study has enough of them.

  --study NAME        the study (required)
  --objective FILE    module with the objective, FILE or FILE#export; default: what the study names
  --url URL           the server; default TAPEBOOK_TRACKING_URI, else http://127.0.0.1:5000
  --limit N           trials that the study shall have in all
  --trials N          trials of this worker
  --lease-ms N        how long a trial is kept for a worker not heard of; default 60000
  --quiet             no line per trial`;

/** The arguments were wrong; the exit code is 2. */
export class WorkerUsageError extends Error {
  override name = "WorkerUsageError";
}

/** @throws {WorkerUsageError} If an option is unknown or its value wrong. */
export function parseWorkerArguments(args: string[]): WorkerOptions & { quiet: boolean } {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args,
      allowPositionals: false,
      options: {
        study: { type: "string" },
        objective: { type: "string" },
        url: { type: "string" },
        limit: { type: "string" },
        trials: { type: "string" },
        "lease-ms": { type: "string" },
        quiet: { type: "boolean" },
      },
    }));
  } catch (error) {
    throw new WorkerUsageError(`Cannot start worker: ${(error as Error).message}`);
  }
  if (!values.study) throw new WorkerUsageError("Cannot start worker: --study must be given");
  const integer = (name: string) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!Number.isSafeInteger(number) || number < 1) {
      throw new WorkerUsageError(
        `Cannot start worker: --${name} must be an integer >= 1, got ${text}`,
      );
    }
    return number;
  };
  return {
    study: values.study as string,
    objective: values.objective as string | undefined,
    url: values.url as string | undefined,
    limit: integer("limit"),
    trials: integer("trials"),
    leaseMs: integer("lease-ms"),
    quiet: values.quiet === true,
  };
}

/**
 * Runs a worker from its arguments until it is done or told to stop (SIGINT, SIGTERM): then its
 * trial is given back. Gives the exit code: 0 done, 1 failed, 2 called wrongly.
 */
export async function workerMain(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(workerHelp);
    return 0;
  }
  const controller = new AbortController();
  const stop = () =>
    controller.abort(new DOMException("The worker was told to stop", "AbortError"));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) Deno.addSignalListener(name, stop);
  try {
    const { quiet, ...options } = parseWorkerArguments(args);
    const result = await runWorker({
      ...options,
      signal: controller.signal,
      log: quiet ? undefined : (line) => console.log(line),
    });
    if (!quiet) console.log(`worker done: ${result.finished} trials (${result.stopReason})`);
    return 0;
  } catch (error) {
    if (error instanceof StudyFailedError) {
      // Every trial failed and is recorded as such: the worker itself did its work.
      console.error(error.message);
      return 0;
    }
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof WorkerUsageError ? 2 : 1;
  } finally {
    for (const name of signals) Deno.removeSignalListener(name, stop);
  }
}
