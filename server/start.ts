/** Starts the server on a socket, and stops it without losing what it accepted. @module */
import { mkdir, unlink, writeFile } from "node:fs/promises";
import { createApp } from "./app.ts";
import type { Config } from "./config.ts";
import type { Database } from "./db/database.ts";
import { openDatabase } from "./db/open.ts";
import { createGate, type Gate, unavailable } from "./gate.ts";
import { createLogger, type Logger } from "./log.ts";
import { createServices, type Services } from "./services/mod.ts";
import { trimMemory } from "./spare_memory.ts";

export interface StartOptions {
  /** Folder of the built browser pages, or what builds it once port and home are known to be good. */
  uiDir?: string | (() => Promise<string>);
  log?: Logger;
  /** An open database, instead of the one that the configuration names; closed with the server. */
  db?: Database;
}

export interface RunningServer {
  url: string;
  port: number;
  services: Services;
  /** Refuses new requests, finishes those begun, writes what is buffered, closes the database. */
  close(): Promise<void>;
}

/** How long requests may take to finish when the server stops. */
const graceMs = 10_000;

async function checkHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true });
    const probe = `${home}/.writable-${crypto.randomUUID()}`;
    await writeFile(probe, "");
    await unlink(probe);
  } catch (error) {
    throw new Error(
      `Cannot start the server: TAPEBOOK_HOME must be a folder that can be written, ` +
        `got ${home} (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** Binds the port first, so that a second server fails before it touches the database. */
function listen(
  config: Config,
  log: Logger,
  handler: (
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      hostname: config.host,
      port: config.port,
      onListen: () => {},
      onError(error) {
        log.error("a request failed outside the app", { error: String(error) });
        return new Response("Internal Server Error", { status: 500 });
      },
    }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new Error(
        `Cannot start the server: port ${config.port} on ${config.host} is taken; ` +
          "stop the program that uses it or choose another TAPEBOOK_PORT",
        { cause: error },
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new Error(
        `Cannot start the server: TAPEBOOK_HOST must be an address of this machine, ` +
          `got ${config.host}`,
        { cause: error },
      );
    }
    throw error;
  }
}

/**
 * The running server; it answers as soon as this resolves.
 *
 * @throws {Error} If the port is taken, the home cannot be written, or the database not be opened:
 * the message names the variable to change.
 */
export async function startServer(
  config: Config,
  options: StartOptions = {},
): Promise<RunningServer> {
  const log = options.log ?? createLogger(config.logLevel);
  await checkHome(config.home);
  let app:
    | { fetch(request: Request, env: { remoteAddress: string }): Response | Promise<Response> }
    | null = null;
  const gate = createGate((request, info) =>
    app
      ? app.fetch(request, { remoteAddress: info.remoteAddr.hostname })
      : unavailable("The server is starting")
  );
  const server = listen(config, log, gate.handle);
  try {
    const uiDir = typeof options.uiDir === "function" ? await options.uiDir() : options.uiDir;
    const db = options.db ?? await openDatabase(config);
    try {
      const { services, close } = await createServices(config, { db, log, uiDir });
      app = createApp(services);
      const trimmer = trimMemory(log);
      const { port } = server.addr;
      const host = config.host.includes(":") ? `[${config.host}]` : config.host;
      const url = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
      log.info("listening", { url, database: db.kind, home: config.home, auth: config.auth });
      let closing: Promise<void> | null = null;
      return {
        url,
        port,
        services,
        close() {
          closing ??= stop(server, gate, services, close, log).finally(() => trimmer?.close());
          return closing;
        },
      };
    } catch (error) {
      await db.close();
      throw error;
    }
  } catch (error) {
    await server.shutdown();
    throw error;
  }
}

async function stop(
  server: Deno.HttpServer,
  gate: Gate,
  services: Services,
  close: () => Promise<void>,
  log: Logger,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), graceMs);
  });
  // A stream of events never ends by itself. Not waited for here: a body that is being read breaks
  // off when the listener closes in a later turn than this one.
  const streamsEnded = services.live.close();
  const done = gate.shut().then(() => server.shutdown());
  if (await Promise.race([done, late]) === "late") {
    log.warn("requests were still running when the server stopped", { graceMs });
  }
  clearTimeout(timer);
  await streamsEnded;
  await close();
  log.info("stopped");
}
