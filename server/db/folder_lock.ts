/** Holds a folder for this process, so that two servers never write the same database files. @module */
import { mkdir, open, readFile, unlink } from "node:fs/promises";
import process from "node:process";

/** Another living process holds the folder. */
export class FolderBusyError extends Error {
  override readonly name = "FolderBusyError";
}

export interface FolderLock {
  release(): Promise<void>;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Start time of a process in clock ticks, so that a reused pid is not mistaken for its owner. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "";
  }
}

const heldHere = new Set<string>();

/**
 * Takes `folder` for this process by a file `folder.lock` beside it. The lock of a process that
 * died without releasing it is taken over.
 *
 * @throws {Error} If a living process holds it.
 */
export async function holdFolder(folder: string): Promise<FolderLock> {
  const path = `${folder}.lock`;
  const busy = (pid: number) =>
    new FolderBusyError(
      `Cannot open the database in ${folder}: process ${pid} is using it. ` +
        "Stop that server, choose another TAPEBOOK_HOME, or use PostgreSQL by DATABASE_URL",
    );
  if (heldHere.has(path)) throw busy(process.pid);
  await mkdir(folder, { recursive: true });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(`${process.pid} ${await startOf(process.pid)}`);
      await file.close();
      heldHere.add(path);
      return {
        async release() {
          heldHere.delete(path);
          await unlink(path).catch(() => {});
        },
      };
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      const [pid, start] = (await readFile(path, "utf8").catch(() => "")).split(" ");
      const owner = Number(pid);
      const same = !start || start === await startOf(owner);
      if (owner && owner !== process.pid && isAlive(owner) && same) throw busy(owner);
      await unlink(path).catch(() => {});
    }
  }
  throw new Error(`Cannot take the lock ${path}: other processes keep taking it`);
}
