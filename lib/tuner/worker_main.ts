/** The program that executors start: a worker with the arguments of `tapebook worker`. @module */
import { workerMain } from "./worker_arguments.ts";

if (import.meta.main) Deno.exit(await workerMain(Deno.args));
