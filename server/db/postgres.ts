/** PostgreSQL through postgres.js. @module */
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { Database, Orm, Sql } from "./database.ts";
import * as schema from "./schema.ts";

type Client = postgres.Sql | postgres.ReservedSql;

function sqlOf(client: postgres.Sql, reserved?: postgres.ReservedSql): Sql {
  const run: Client = reserved ?? client;
  return {
    orm: drizzle(run as postgres.Sql, { schema }) as unknown as Orm,
    async query<Row>(text: string, params: unknown[] = []) {
      return await run.unsafe(text, params as never[], { prepare: true }) as unknown as Row[];
    },
  };
}

const noWhere =
  /(password authentication failed|role .* does not exist|database .* does not exist)/;

/** What was wrong with the address, without the password in it. */
function connectionError(url: string, error: unknown): Error {
  const { hostname, port, pathname, username } = new URL(url);
  const where = `${username ? `${username}@` : ""}${hostname}:${port || 5432}${pathname}`;
  const reason = error instanceof Error
    ? error.message || (error as { code?: string }).code
    : error;
  const hint = noWhere.test(String(reason)) ? "" : "; is PostgreSQL running there?";
  return new Error(`Cannot connect to the database of DATABASE_URL (${where}): ${reason}${hint}`);
}

/** A pool of connections to the server at `url`. @throws {Error} If nobody answers there. */
export async function openPostgres(
  url: string,
  options: { connections?: number } = {},
): Promise<Database> {
  const number = { to: 20, from: [20], serialize: String, parse: Number };
  const client = postgres(url, {
    max: options.connections ?? 8,
    connect_timeout: 10,
    idle_timeout: 0,
    onnotice: () => {},
    types: { int8: number } as never,
    connection: { application_name: "tapebook" },
  });
  try {
    await client`select 1`;
  } catch (error) {
    await client.end({ timeout: 1 });
    throw connectionError(url, error);
  }
  // drizzle replaces the parsers of dates on the client that it is given, so it gets its own view.
  const outer = sqlOf(client);
  return {
    kind: "postgres",
    orm: outer.orm,
    query: outer.query,
    async transaction<T>(body: (tx: Sql) => Promise<T>) {
      const result = await client.begin(async (tx) => [
        await body(sqlOf(tx as unknown as postgres.Sql)),
      ]);
      return (result as unknown as [T])[0];
    },
    async listen(channel, listener) {
      const { unlisten } = await client.listen(channel, listener);
      return unlisten;
    },
    async notify(channel, payload) {
      await client.notify(channel, payload);
    },
    async close() {
      await client.end({ timeout: 5 });
    },
  };
}
