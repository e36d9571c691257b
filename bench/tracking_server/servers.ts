/** Starts the servers that the tracking benchmark asks, over stores that are filled by SQL. @module */
import { peerPythonPath } from "../bench_result.ts";
import { openDatabase } from "../../server/db/open.ts";
import { startServerProcess } from "../../tests/support/server_process.ts";
import { type Execute, type Fill, fillStore } from "./fill.ts";

export interface Peer {
  url: string;
  /** Process whose memory counts, with its children. */
  pid: number;
  stop(): Promise<void>;
}

/** Statements on the PostgreSQL database at `url`. */
async function onPostgres<T>(url: string, body: (execute: Execute) => Promise<T>): Promise<T> {
  const { default: postgres } = await import("postgres");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await body(async (statement) => Array.from(await sql.unsafe(statement)));
  } finally {
    await sql.end();
  }
}

/** Our server, in a process of its own, on PGlite or the PostgreSQL at `databaseUrl`. */
export async function startTapebook(databaseUrl: string, fill: Fill): Promise<Peer> {
  const home = await Deno.makeTempDir({ prefix: "tapebook-bench-" });
  const db = await openDatabase({ databaseUrl: databaseUrl || undefined, home, connections: 1 });
  await fillStore((statement) => db.query(statement), "tapebook", fill);
  await db.close();
  const server = await startServerProcess({
    TAPEBOOK_HOME: home,
    DATABASE_URL: databaseUrl,
    TAPEBOOK_AUTH: "off",
  });
  return {
    url: server.url,
    pid: server.pid,
    async stop() {
      await server.stop("SIGTERM");
      await Deno.remove(home, { recursive: true });
    },
  };
}

function freePort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function waitUntilHealthy(url: string): Promise<void> {
  for (let i = 0; i < 900; i++) {
    try {
      const answer = await fetch(`${url}/health`);
      await answer.body?.cancel();
      if (answer.ok) return;
    } catch { /* not yet */ }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("Cannot start mlflow server: it did not answer within 3 minutes");
}

/**
 * `mlflow server` as its documentation starts it, with its default number of workers, on SQLite or
 * the PostgreSQL at `databaseUrl`.
 */
export async function startMlflow(databaseUrl: string, fill: Fill): Promise<Peer> {
  const home = await Deno.makeTempDir({ prefix: "mlflow-bench-" });
  const port = freePort();
  const file = `${home}/mlflow.db`;
  const store = databaseUrl.replace(/^postgres:/, "postgresql+psycopg2:") || `sqlite:///${file}`;
  const child = new Deno.Command(peerPythonPath(), {
    args: [
      "-m",
      "mlflow",
      "server",
      "--backend-store-uri",
      store,
      "--artifacts-destination",
      `${home}/artifacts`,
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
    ],
    cwd: home,
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    const pids = (await family(child.pid)).reverse();
    // Its background workers stay when they are only asked to end.
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      for (const pid of pids) {
        try {
          Deno.kill(pid, signal);
        } catch { /* gone already */ }
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await child.status;
    await Deno.remove(home, { recursive: true }).catch(() => {});
  };
  try {
    // Its first start makes the tables.
    await waitUntilHealthy(url);
    if (databaseUrl) {
      await onPostgres(databaseUrl, (execute) => fillStore(execute, "mlflow on postgres", fill));
    } else {
      const { DatabaseSync } = await import("node:sqlite");
      const sqlite = new DatabaseSync(file);
      sqlite.exec("pragma busy_timeout = 20000");
      const execute: Execute = (statement) => {
        sqlite.exec(statement);
        return Promise.resolve([]);
      };
      await fillStore(execute, "mlflow on sqlite", fill);
      sqlite.close();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, pid: child.pid, stop };
}

/** The process and all that descend from it. */
export async function family(pid: number): Promise<number[]> {
  const all = [pid];
  for (const parent of all) {
    const { stdout } = await new Deno.Command("pgrep", {
      args: ["-P", String(parent)],
      stdout: "piped",
    }).output();
    const text = new TextDecoder().decode(stdout);
    all.push(...text.split(/\s+/).filter(Boolean).map(Number));
  }
  return all;
}

/**
 * MiB that a process and its descendants take: pages that several of them share count once.
 * NaN when they are not to be read.
 */
export async function memoryMiB(pid: number): Promise<number> {
  let kib = 0;
  for (const member of await family(pid)) {
    // Deno itself may not read another process's files under /proc.
    const { success, stdout } = await new Deno.Command("cat", {
      args: [`/proc/${member}/smaps_rollup`],
      stdout: "piped",
      stderr: "null",
    }).output();
    if (!success && member === pid) return NaN;
    kib += Number(/^Pss:\s+(\d+)/m.exec(new TextDecoder().decode(stdout))?.[1] ?? 0);
  }
  return kib / 1024;
}

/** The process of the PostgreSQL server at `url`, parent of all its others; null when it is away. */
export async function postmasterPid(url: string): Promise<number | null> {
  if (!["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname)) return null;
  return await onPostgres(url, async (execute) => {
    const [{ pid }] = await execute("select pg_backend_pid() as pid");
    const { success, stdout } = await new Deno.Command("ps", {
      args: ["-o", "ppid=", "-p", String(pid)],
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? Number(new TextDecoder().decode(stdout)) || null : null;
  });
}
