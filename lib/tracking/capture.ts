/**
 * What the code was: the script, its git commit, whether it was changed since, the hash of the
 * dependency lock. Read once per process; what cannot be read is left out.
 * @module
 */
import { dirname, join } from "node:path";

let captured: Promise<Record<string, string>> | null = null;

/** Tags that say which source made a run, in MLflow's names where it has them. */
export function captureSource(): Promise<Record<string, string>> {
  captured ??= readSource(Deno.cwd());
  return captured;
}

/** As `captureSource`, for the folder `dir` and without remembering. */
export async function readSource(dir: string): Promise<Record<string, string>> {
  const tags: Record<string, string> = { "mlflow.source.type": "LOCAL" };
  const main = Deno.mainModule;
  if (main.startsWith("file:")) {
    tags["mlflow.source.name"] = decodeURIComponent(new URL(main).pathname).split("/").at(-1)!;
  }
  tags["tapebook.deno"] = Deno.version.deno;
  const root = findUp(dir, ".git");
  if (root !== null) {
    const commit = await git(root, "rev-parse", "HEAD") ?? readHead(root);
    if (commit !== null) tags["mlflow.source.git.commit"] = commit;
    const branch = await git(root, "rev-parse", "--abbrev-ref", "HEAD");
    if (branch) tags["mlflow.source.git.branch"] = branch;
    const status = await git(root, "status", "--porcelain", "--untracked-files=no");
    if (status !== null) tags["tapebook.git.dirty"] = String(status !== "");
  }
  const lockDir = findUp(dir, "deno.lock");
  if (lockDir !== null) {
    try {
      const bytes = await Deno.readFile(join(lockDir, "deno.lock"));
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      tags["tapebook.lock.sha256"] = hash.toHex();
    } catch { /* not readable: left out */ }
  }
  return tags;
}

/** The nearest folder at or above `dir` that holds `name`, or null. */
function findUp(dir: string, name: string): string | null {
  for (let at = dir;; at = dirname(at)) {
    try {
      Deno.statSync(join(at, name));
      return at;
    } catch { /* look above */ }
    if (dirname(at) === at) return null;
  }
}

async function git(root: string, ...args: string[]): Promise<string | null> {
  try {
    const { state } = await Deno.permissions.query({ name: "run", command: "git" });
    if (state !== "granted") return null;
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", root, ...args],
      stdout: "piped",
      stderr: "null",
      stdin: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

/** The commit from the files of `.git`, for programs that may not run git. */
function readHead(root: string): string | null {
  try {
    const head = Deno.readTextFileSync(join(root, ".git/HEAD")).trim();
    const ref = head.match(/^ref: (.+)$/)?.[1];
    if (ref === undefined) return head;
    try {
      return Deno.readTextFileSync(join(root, ".git", ref)).trim();
    } catch {
      const packed = Deno.readTextFileSync(join(root, ".git/packed-refs"));
      return packed.split("\n").find((line) => line.endsWith(` ${ref}`))?.split(" ")[0] ?? null;
    }
  } catch {
    return null;
  }
}
