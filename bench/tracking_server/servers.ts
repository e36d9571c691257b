/** Starts the servers that the tracking benchmark asks. @module */
import { peerPythonPath } from "../bench_result.ts";
import { startServerProcess } from "../../tests/support/server_process.ts";

export interface Peer {
  url: string;
  /** Process whose memory counts, with its children. */
  pid: number;
  stop(): Promise<void>;
}

/** Our server, in a process of its own. */
export async function startTapebook(databaseUrl = ""): Promise<Peer> {
  const home = await Deno.makeTempDir({ prefix: "tapebook-bench-" });
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

/** `mlflow server` as its documentation starts it, with its default number of workers. */
export async function startMlflow(databaseUrl?: string): Promise<Peer> {
  const home = await Deno.makeTempDir({ prefix: "mlflow-bench-" });
  const port = freePort();
  const store = databaseUrl?.replace(/^postgres:/, "postgresql+psycopg2:") ??
    `sqlite:///${home}/mlflow.db`;
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
  for (let i = 0;; i++) {
    try {
      const answer = await fetch(`${url}/health`);
      await answer.body?.cancel();
      if (answer.ok) break;
    } catch { /* not yet */ }
    if (i > 900) {
      await stop();
      throw new Error("Cannot start mlflow server: it did not answer within 3 minutes");
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
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
