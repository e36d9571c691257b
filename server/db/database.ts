/** The one type behind which PGlite and PostgreSQL stand. @module */
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type * as schema from "./schema.ts";

export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>;

/** Something that runs SQL with `$1` parameters: the database, or a transaction on it. */
export interface Sql {
  /** Rows of `text`. int8 comes back as a number, timestamptz as a Date, json as its value. */
  query<Row = Record<string, unknown>>(text: string, params?: unknown[]): Promise<Row[]>;
  /** The same connection through drizzle. */
  readonly orm: Orm;
}

export interface Database extends Sql {
  readonly kind: "pglite" | "postgres";
  /** Runs `body` in a transaction; it is committed when the promise resolves, else rolled back. */
  transaction<T>(body: (tx: Sql) => Promise<T>): Promise<T>;
  /** Calls `listener` with each payload notified on `channel`; the result stops it. */
  listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>>;
  /** Sends `payload` (at most 7,900 bytes) to the listeners of every server process. */
  notify(channel: string, payload: string): Promise<void>;
  close(): Promise<void>;
}
