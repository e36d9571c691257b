/** PGlite: PostgreSQL in this process, its files in a folder that one process holds at a time. @module */
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import type { Database, Orm, Sql } from "./database.ts";
import { holdFolder } from "./folder_lock.ts";
import * as schema from "./schema.ts";

type Runner = Pick<PGlite, "query">;

function sqlOf(runner: Runner): Sql {
  return {
    orm: drizzle(runner as PGlite, { schema }) as unknown as Orm,
    async query<Row>(text: string, params: unknown[] = []) {
      return (await runner.query<Row>(text, params as unknown[], { parsers })).rows;
    },
  };
}

/** int8 as a number, as the other driver gives it. */
const parsers = { 20: Number };

/**
 * The database in `folder`, or one in memory for `memory:`. `template` is a data folder as
 * `dumpDataDir` made it, from which a new one starts much faster than by initdb.
 */
export async function openPglite(folder: string, template?: Blob): Promise<Database> {
  const inMemory = folder === "memory:";
  const lock = inMemory ? null : await holdFolder(folder);
  try {
    const lite = await PGlite.create({
      dataDir: inMemory ? undefined : folder,
      loadDataDir: template,
    });
    const outer = sqlOf(lite);
    return {
      kind: "pglite",
      orm: outer.orm,
      query: outer.query,
      async transaction<T>(body: (tx: Sql) => Promise<T>) {
        return await lite.transaction((tx) => body(sqlOf(tx as unknown as Runner))) as T;
      },
      async listen(channel, listener) {
        return await lite.listen(channel, listener);
      },
      async notify(channel, payload) {
        await lite.query("select pg_notify($1, $2)", [channel, payload]);
      },
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
