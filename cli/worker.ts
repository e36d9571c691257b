/** `tapebook worker --study NAME`: takes trials of a study until there are none left. @module */
import { workerMain } from "../lib/tuner/worker_arguments.ts";

export async function workerCommand(args: string[]): Promise<number> {
  return await workerMain(args);
}
