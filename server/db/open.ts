/** Opens the database: PostgreSQL by its URL, else PGlite in a folder or in memory. @module */
import { mkdir } from "node:fs/promises";
import type { Database } from "./database.ts";
import { migrate } from "./migrate.ts";

export interface OpenDatabaseOptions {
  /** `postgres://…`; when absent PGlite is used. */
  databaseUrl?: string;
  /** Folder under which PGlite keeps its files, in `database/`; `memory:` keeps nothing. */
  home: string;
  /** Connections of the pool to PostgreSQL, 8 unless said otherwise. */
  connections?: number;
  /** Applies missing migrations, which is the default. */
  migrations?: boolean;
}

/**
 * The database with all migrations applied.
 *
 * An acknowledged transaction survives the death of this process, and of the machine's power, on
 * both: PGlite waits for the disk as PostgreSQL does.
 *
 * @throws {Error} If the database cannot be reached or its files are in use by another process.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const db = await connect(options);
  try {
    if (options.migrations !== false) await migrate(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function connect({ databaseUrl, home, connections }: OpenDatabaseOptions): Promise<Database> {
  if (databaseUrl) {
    const { openPostgres } = await import("./postgres.ts");
    return await openPostgres(databaseUrl, { connections });
  }
  const { openPglite } = await import("./pglite.ts");
  if (home === "memory:") return await openPglite("memory:");
  await mkdir(home, { recursive: true });
  return await openPglite(`${home}/database`);
}
