/**
 * A throw-away PostgreSQL cluster for tests: started once for all test files of a run, stopped by
 * a watcher when the run's process is gone. TAPEBOOK_TEST_DATABASE_URL names one to use instead.
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { postgresBin } from "./components.ts";

const startScript = join(dirname(fileURLToPath(import.meta.url)), "start_postgres.sh");

async function shell(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  if (!success) throw new Error(`Cannot start PostgreSQL: ${new TextDecoder().decode(stderr)}`);
  return text;
}

export interface ClusterOptions {
  /** Waits for the disk on commit, as a real server does; off by default, for speed. */
  durable?: boolean;
  /** Another name makes another cluster, for a test that harms it. */
  name?: string;
  /** Settings beside the usual ones, `work_mem=8MB`. */
  settings?: string[];
}

/** The address of the cluster's maintenance database. */
export async function clusterUrl(options: ClusterOptions = {}): Promise<string> {
  const given = Deno.env.get("TAPEBOOK_TEST_DATABASE_URL");
  if (given && !options.name) return given;
  const bin = postgresBin();
  if (!bin) throw new Error("Cannot start PostgreSQL: its server programs were not found");
  const name = options.name ?? "shared";
  const folder = clusterFolder(name);
  const port = await shell("sh", [
    startScript,
    bin,
    folder,
    String(Deno.pid),
    options.durable ? "on" : "off",
    (options.settings ?? []).map((setting) => `-c ${setting}`).join(" "),
  ]);
  return `postgres://tapebook@127.0.0.1:${port}/postgres`;
}

/** The folder of the named cluster of this process. */
export const clusterFolder = (name: string) =>
  `${Deno.env.get("TMPDIR") ?? "/tmp"}/tapebook-pg-${Deno.pid}-${name}`;

/** Ends the named cluster's first process at once, as a machine that loses power would. */
export async function killCluster(name: string): Promise<void> {
  const file = `${clusterFolder(name)}/data/postmaster.pid`;
  Deno.kill(Number((await Deno.readTextFile(file)).split("\n")[0]), "SIGKILL");
}

/** Starts a killed cluster again, at its address and with its settings. */
export async function restartCluster(name: string): Promise<void> {
  const folder = clusterFolder(name);
  // What it was started with, as it notes it itself: the program, then its quoted options.
  const line = (await Deno.readTextFile(`${folder}/data/postmaster.opts`)).trim();
  const options = line.slice(line.indexOf(" ") + 1).replace(/"-D" "[^"]*"/, "").replaceAll('"', "");
  const start = [`${postgresBin()}/pg_ctl`, "-D", `${folder}/data`, "-w", "-t", "60"];
  const rest = ["-l", `${folder}/log`, "-o", options, "start"];
  const { uid } = await Deno.stat(`${folder}/data`);
  const isOwner = Deno.uid() === uid;
  const owner = isOwner ? "" : await shell("stat", ["-c", "%U", `${folder}/data`]);
  const command = isOwner ? start : ["runuser", "-u", owner, "--", ...start];
  const [program, ...args] = [...command, ...rest];
  // Its children outlive it for a moment and hold its memory until they notice.
  for (let attempt = 0;; attempt++) {
    const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    if ((await child.output()).success) return;
    if (attempt === 20) throw new Error(`Cannot start PostgreSQL again: see ${folder}/log`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** A new empty database in the cluster, and how to drop it. */
export async function createTestDatabase(
  options: ClusterOptions = {},
): Promise<{ url: string; drop(): Promise<void> }> {
  const { default: postgres } = await import("postgres");
  const admin = await clusterUrl(options);
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const run = async (statement: string) => {
    const sql = postgres(admin, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  await run(`create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`drop database if exists ${name} with (force)`) };
}
