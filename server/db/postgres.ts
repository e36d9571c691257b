/** PostgreSQL through postgres.js. @module */
import postgres from "postgres";
import { type Database, type QueryOptions, type Runner, type Sql, sqlOf } from "./database.ts";

function runnerOf(client: Pick<postgres.Sql, "unsafe">): Runner {
  return {
    async objects<Row>(text: string, params: unknown[], { replan }: QueryOptions = {}) {
      const result = await client.unsafe(text, params as never[], { prepare: !replan });
      return Array.from(result) as unknown as Row[];
    },
    async arrays(text, params) {
      return await client.unsafe(text, params as never[], { prepare: true }).values();
    },
  };
}

const noServer = /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|CONNECT_TIMEOUT|EHOSTUNREACH/;

/** What was wrong with the address, without the password in it. */
function connectionError(url: string, error: unknown): Error {
  const { hostname, port, pathname, username } = new URL(url);
  const where = `${username ? `${username}@` : ""}${hostname}:${port || 5432}${pathname}`;
  const { message, code } = error as { message?: string; code?: string };
  const reason = message || code || String(error);
  const hint = noServer.test(`${code} ${reason}`) ? "; is PostgreSQL running there?" : "";
  return new Error(`Cannot connect to the database of DATABASE_URL (${where}): ${reason}${hint}`);
}

/**
 * For planning: what is asked for often lies in memory, where a place costs little more than the
 * next one, and statements of milliseconds are not worth compiling.
 */
const planning = "-c random_page_cost=1.1 -c jit=off";

async function connect(
  url: string,
  connections: number,
  settings?: string,
): Promise<postgres.Sql<{ bigint: number }>> {
  const client = postgres(url, {
    max: connections,
    connect_timeout: 10,
    // Seconds until the next try to connect; by default they would grow to twenty.
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1),
    onnotice: () => {},
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
    connection: { application_name: "tapebook", ...settings ? { options: settings } : {} },
  });
  try {
    await client`select 1`;
    return client;
  } catch (error) {
    await client.end({ timeout: 1 });
    // Some poolers in front of a server take no settings.
    if (settings && /startup parameter/.test(String(error))) return await connect(url, connections);
    throw connectionError(url, error);
  }
}

/** A pool of connections to the server at `url`. @throws {Error} If nobody answers there. */
export async function openPostgres(
  url: string,
  options: { connections?: number } = {},
): Promise<Database> {
  const client = await connect(url, options.connections ?? 8, planning);
  const outer = sqlOf(runnerOf(client as unknown as postgres.Sql));
  return {
    kind: "postgres",
    query: outer.query,
    get orm() {
      return outer.orm;
    },
    async transaction<T>(body: (tx: Sql) => Promise<T>) {
      const [result] = await client.begin(async (tx) => [
        await body(sqlOf(runnerOf(tx as unknown as postgres.Sql))),
      ]) as [T];
      return result;
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
