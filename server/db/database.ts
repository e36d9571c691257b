/** The one type behind which PGlite and PostgreSQL stand. @module */
import { drizzle, type PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import * as schema from "./schema.ts";

/** The database through drizzle, with the tables of schema.ts. */
export type Orm = PgRemoteDatabase<typeof schema>;

/**
 * Settings of every connection, for planning: what is asked for often lies in memory, where a place
 * costs little more than the next one, and statements of milliseconds are not worth compiling.
 */
export const planning: Record<string, string> = { random_page_cost: "1.1", jit: "off" };

export interface QueryOptions {
  /** Plans the text for these parameters, instead of keeping a plan that serves all. */
  replan?: boolean;
}

/** Something that runs SQL with `$1` parameters: the database, or a transaction on it. */
export interface Sql {
  /** Rows of `text`. int8 comes back as a number, timestamptz as a Date, json as its value. */
  query<Row = Record<string, unknown>>(
    text: string,
    params?: unknown[],
    options?: QueryOptions,
  ): Promise<Row[]>;
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
  /** The data folder as a tar archive; only PGlite has it. */
  dump?(): Promise<Blob>;
  close(): Promise<void>;
}

/** Runs SQL on one connection, rows as objects or as arrays. */
export interface Runner {
  objects<Row>(text: string, params: unknown[], options?: QueryOptions): Promise<Row[]>;
  arrays(text: string, params: unknown[]): Promise<unknown[][]>;
}

/**
 * Sql over a connection. drizzle is made when it is first asked for, and through a proxy, because
 * its own drivers change how the connection reads dates.
 */
export function sqlOf(runner: Runner): Sql {
  let orm: Orm | null = null;
  return {
    query: <Row>(text: string, params: unknown[] = [], options?: QueryOptions) =>
      runner.objects<Row>(text, params, options),
    get orm() {
      return orm ??= drizzle(
        async (text, params) => ({ rows: await runner.arrays(text, params) }),
        { schema },
      );
    },
  };
}
