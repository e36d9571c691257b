/**
 * `tapebook backup|restore|gc|import-mlflow`: what a server keeps, as a whole.
 *
 * On PostgreSQL they work beside running servers; the embedded database belongs to one process, so
 * its server must be stopped first.
 * @module
 */
import { type Config, readConfig } from "../server/config.ts";
import { openDatabase } from "../server/db/open.ts";
import type { BackupDeps } from "../server/services/backup.ts";
import { backup, restore } from "../server/services/backup.ts";
import { openBlobStore } from "../server/services/blobs/open.ts";
import { systemClock } from "../server/services/clock.ts";
import { collectGarbage } from "../server/services/garbage.ts";
import { importMlflow } from "../server/services/import_mlflow.ts";
import { createServices } from "../server/services/mod.ts";
import { createLogger } from "../server/log.ts";
import { parseArgs, UsageError } from "./args.ts";

async function withStorage<T>(body: (deps: BackupDeps, config: Config) => Promise<T>): Promise<T> {
  const config = readConfig(Deno.env.toObject());
  const db = await openDatabase(config);
  try {
    const blobs = await openBlobStore(config.artifacts);
    try {
      return await body({ db, blobs }, config);
    } finally {
      await blobs.close();
    }
  } finally {
    await db.close();
  }
}

function fileOf(command: string, args: string[]): string {
  const { rest } = parseArgs(command, args, {});
  if (rest.length !== 1) throw new UsageError(`Cannot run ${command}: one file must be named`);
  return rest[0];
}

/** `backup FILE`: everything of one moment, checksums included. */
export async function backupCommand(args: string[]): Promise<number> {
  const file = fileOf("backup", args);
  const { tables, blobs } = await withStorage((deps) => backup(deps, file));
  const rows = Object.values(tables).reduce((sum, t) => sum + t.rows, 0);
  console.log(`${file}: ${rows} rows, ${blobs.count} artifacts of ${blobs.bytes} bytes`);
  return 0;
}

/** `restore FILE`: verifies every checksum; the database must be empty. */
export async function restoreCommand(args: string[]): Promise<number> {
  const file = fileOf("restore", args);
  const { createdAt, tables, blobs } = await withStorage((deps) => restore(deps, file));
  const rows = Object.values(tables).reduce((sum, t) => sum + t.rows, 0);
  console.log(`restored ${rows} rows and ${blobs.count} artifacts as of ${createdAt}`);
  return 0;
}

/** `gc [--older-than-days N]`: frees deleted runs, experiments, their names and bytes. */
export async function gcCommand(args: string[]): Promise<number> {
  const { options } = parseArgs("gc", args, { "older-than-days": "integer" });
  const days = options["older-than-days"] ?? 0;
  if (days < 0) throw new UsageError(`Cannot run gc: --older-than-days must be >= 0, got ${days}`);
  const report = await withStorage((deps) =>
    collectGarbage({ ...deps, clock: systemClock }, { olderThanMs: days * 86_400_000 })
  );
  console.log(
    `freed ${report.runs.length} runs, ${report.experiments.length} experiments, ` +
      `${report.artifacts} artifacts, ${report.blobs} contents; ` +
      `${report.expiredRuns} runs reached the end of their retention`,
  );
  return 0;
}

/** `import-mlflow PATH [--artifacts FOLDER]`: takes over MLflow's SQLite file or its `mlruns` folder. */
export async function importMlflowCommand(args: string[]): Promise<number> {
  const { options, rest } = parseArgs("import-mlflow", args, { artifacts: "string" });
  if (rest.length !== 1) {
    throw new UsageError(
      "Cannot run import-mlflow: MLflow's SQLite file or mlruns folder must be named",
    );
  }
  const config = readConfig(Deno.env.toObject());
  const db = await openDatabase(config);
  const { services, close } = await createServices(config, { db, log: createLogger("warn") });
  try {
    const report = await importMlflow(services, rest[0], {
      artifacts: options.artifacts,
      onProgress: (line) => console.log(line),
    });
    console.log(
      `${report.experiments} experiments, ${report.runs} runs (${report.skippedRuns} were here), ` +
        `${report.points} points, ${report.models} models, ${report.versions} versions, ` +
        `${report.artifacts} artifacts`,
    );
    return 0;
  } finally {
    await close();
  }
}
