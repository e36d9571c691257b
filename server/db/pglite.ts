/** PGlite: PostgreSQL in this process, its files in a folder that one process holds at a time. @module */
import { PGlite } from "@electric-sql/pglite";
import { type Database, planning, type Runner, type Sql, sqlOf } from "./database.ts";
import { holdFolder } from "./folder_lock.ts";
import { PgliteFolder } from "./pglite_folder.ts";
import { PgliteStatements } from "./pglite_statements.ts";

/**
 * Runs SQL on `lite`, on its prepared statements where a text comes again. `alone` holds the
 * connection for one query; inside a transaction it is held already.
 */
function runnerOf(
  lite: Pick<PGlite, "query">,
  statements: PgliteStatements,
  alone: <T>(run: () => Promise<T>) => Promise<T>,
): Runner {
  async function run<Row>(
    text: string,
    params: unknown[],
    rowMode: "object" | "array",
    replan = false,
  ) {
    if (statements.isRepeated(text)) {
      return await alone(() => statements.run<Row>(text, params, rowMode, replan));
    }
    return (await lite.query<Row>(text, params, { parsers, rowMode })).rows;
  }
  return {
    objects: (text, params, options) => run(text, params, "object", options?.replan),
    arrays: (text, params) => run<unknown[]>(text, params, "array"),
  };
}

/** int8 as a number, as the other driver gives it. */
const parsers = { 20: Number };

/**
 * PostgreSQL's memory, all of which is this process's own from the start: the one connection there is
 * needs no room for a hundred, and with less than half of the usual 128 MB of shared buffers a search of
 * ten thousand runs is as fast, since the system has the files' pages in memory as well. Half of it
 * again makes searches a sixth slower.
 */
const memoryParams = [
  "shared_buffers=48MB",
  "max_connections=4",
  "max_wal_senders=0",
  "max_replication_slots=0",
  "autovacuum_worker_slots=1",
  "io_max_concurrency=2",
].flatMap((setting) => ["-c", setting]);

/**
 * The database in `folder`, or one in memory for `memory:`. `template` is a data folder as
 * `dumpDataDir` made it, from which a new one starts much faster than by initdb.
 */
export async function openPglite(folder: string, template?: Blob): Promise<Database> {
  const inMemory = folder === "memory:";
  const lock = inMemory ? null : await holdFolder(folder);
  try {
    const files = inMemory ? null : new PgliteFolder(folder);
    const { defaultStartParams } = PGlite;
    const lite = await PGlite.create({
      fs: files ?? undefined,
      loadDataDir: template,
      startParams: [
        ...files ? PgliteFolder.startParams(defaultStartParams) : defaultStartParams,
        ...memoryParams,
      ],
    });
    await files?.syncWhenNew();
    for (const [name, value] of Object.entries(planning)) {
      await lite.query(`set ${name} = ${value}`);
    }
    const statements = new PgliteStatements(lite, parsers);
    const outer = sqlOf(
      runnerOf(lite, statements, (run) => lite._runExclusiveTransaction(run)),
    );
    return {
      kind: "pglite",
      query: outer.query,
      get orm() {
        return outer.orm;
      },
      async transaction<T>(body: (tx: Sql) => Promise<T>) {
        return await lite.transaction((tx) =>
          body(sqlOf(runnerOf(tx as unknown as PGlite, statements, (run) => run())))
        ) as T;
      },
      async listen(channel, listener) {
        return await lite.listen(channel, listener);
      },
      async notify(channel, payload) {
        await lite.query("select pg_notify($1, $2)", [channel, payload]);
      },
      dump: () => lite.dumpDataDir("none"),
      async close() {
        await lite.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}
