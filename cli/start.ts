/**
 * `tapebook start`: the server with its UI and serving endpoint, until it is told to stop.
 * @module
 */
import { join } from "node:path";
import { type Config, readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { buildUi } from "../ui/build.ts";
import { parseArgs } from "./args.ts";

/** Builds the pages when their sources changed (cached under the home folder otherwise). */
export async function prepareUi(config: Config): Promise<string> {
  const { dir } = await buildUi({ outDir: join(config.home, "ui") });
  return dir;
}

/** A promise that is kept at the first SIGINT or SIGTERM; `stop()` takes the listeners away. */
export function onStopSignal(): { signal: Promise<Deno.Signal>; stop: () => void } {
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  const listeners = new Map<Deno.Signal, () => void>();
  const signal = new Promise<Deno.Signal>((resolve) => {
    for (const name of signals) listeners.set(name, () => resolve(name));
  });
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  const stop = () => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
  return { signal, stop };
}

export async function startCommand(args: string[]): Promise<number> {
  parseArgs("start", args, {});
  const config = readConfig(Deno.env.toObject());
  const stopping = onStopSignal();
  const server = await startServer(config, { uiDir: () => prepareUi(config) });
  console.log(`Tapebook is at ${server.url} (state in ${config.home}); Ctrl-C stops it`);
  await stopping.signal;
  stopping.stop();
  await server.close();
  return 0;
}

export async function buildUiCommand(args: string[]): Promise<number> {
  parseArgs("build-ui", args, {});
  const dir = await prepareUi(readConfig(Deno.env.toObject()));
  console.log(`The pages are in ${dir}`);
  return 0;
}
