/**
 * `tapebook backup|restore|gc|experiment|import-mlflow`: what a server keeps, as a whole.
 *
 * On PostgreSQL they work beside running servers. The embedded database belongs to one process:
 * while a server runs, backup and experiment ask it at TAPEBOOK_TRACKING_URI; for the others it
 * must be stopped first.
 * @module
 */
import { type Config, readConfig } from "../server/config.ts";
import { openDatabase } from "../server/db/open.ts";
import { FolderBusyError } from "../server/db/folder_lock.ts";
import type { BackupDeps, Manifest } from "../server/services/backup.ts";
import { backup, restore } from "../server/services/backup.ts";
import { openBlobStore } from "../server/services/blobs/open.ts";
import { systemClock } from "../server/services/clock.ts";
import { collectGarbage } from "../server/services/garbage.ts";
import { importMlflow } from "../server/services/import_mlflow.ts";
import type { ImportedExperiment } from "../server/services/experiment_archive.ts";
import { createServices, type Services } from "../server/services/mod.ts";
import { createLogger } from "../server/log.ts";
import { askServer, download } from "./admin_client.ts";
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

/** Runs `here` on the home itself, or `there` where a running server holds it. */
async function withServices<T>(
  here: (services: Services) => Promise<T>,
  there: () => Promise<T>,
): Promise<T> {
  const config = readConfig(Deno.env.toObject());
  let db: Awaited<ReturnType<typeof openDatabase>>;
  try {
    db = await openDatabase(config);
  } catch (error) {
    if (error instanceof FolderBusyError) return await there();
    throw error;
  }
  const { services, close } = await createServices(config, { db, log: createLogger("warn") });
  try {
    return await here(services);
  } finally {
    await close();
  }
}

/** `backup FILE`: everything of one moment, checksums included. */
export async function backupCommand(args: string[]): Promise<number> {
  const file = fileOf("backup", args);
  let manifest: Manifest;
  try {
    manifest = await withStorage((deps) => backup(deps, file));
  } catch (error) {
    if (!(error instanceof FolderBusyError)) throw error;
    await download("admin/backup", file);
    console.log(`${file}: ${(await Deno.stat(file)).size} bytes, made by the running server`);
    return 0;
  }
  const { tables, blobs } = manifest;
  const rows = Object.values(tables).reduce((sum, t) => sum + t.rows, 0);
  console.log(`${file}: ${rows} rows, ${blobs.count} artifacts of ${blobs.bytes} bytes`);
  return 0;
}

/**
 * `experiment export ID FILE` and `experiment import FILE [--name NAME]`: one experiment as an
 * archive, by a running server where one holds the home.
 */
export async function experimentCommand(args: string[]): Promise<number> {
  const { options, rest: [verb, ...rest] } = parseArgs("experiment", args, { name: "string" });
  if (verb === "export" && rest.length === 2) {
    const [id, file] = rest;
    await withServices(
      (services) => services.archives.exportExperiment(id, file),
      () => download(`experiments/${encodeURIComponent(id)}/archive`, file),
    );
    console.log(`${file}: experiment ${id}, ${(await Deno.stat(file)).size} bytes`);
    return 0;
  }
  if (verb === "import" && rest.length === 1) {
    const name = options.name;
    const made = await withServices(
      (services) => services.archives.importExperiment(rest[0], { name }),
      async () => {
        const query = name === undefined ? "" : `?${new URLSearchParams({ name })}`;
        const { readable } = await Deno.open(rest[0]);
        const answer = await askServer(`experiments/import${query}`, readable);
        return await answer.json() as ImportedExperiment;
      },
    );
    console.log(
      `${made.name} is experiment ${made.experimentId}: ${made.runs} runs, ${made.points} points, ` +
        `${made.artifacts} artifacts`,
    );
    return 0;
  }
  throw new UsageError(
    "Cannot run experiment: it must be `export ID FILE` or `import FILE [--name NAME]`",
  );
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
