/** PostgreSQL through node-postgres. @module */
// @ts-types="@types/pg"
import pg from "pg";
import { type Database, planning, type Runner, type Sql, sqlOf } from "./database.ts";
import { awayError, isBroken } from "./postgres_faults.ts";
import { createListener } from "./postgres_listener.ts";
import { StatementNames } from "./postgres_statements.ts";

/** Milliseconds until a connection that nobody answers is given up. */
const connectTimeoutMs = 10_000;

/** Milliseconds in which a PostgreSQL that is starting or recovering is waited for. */
const startPatienceMs = 3_000;

/** Milliseconds that close() lets running statements finish in. */
const closeTimeoutMs = 5_000;

const bigint = 20;
const bigintArray = 1016;
const parserOf = pg.types.getTypeParser as (
  oid: number,
  format?: "text" | "binary",
) => (text: string) => unknown;
const textsOf = parserOf(bigintArray) as (text: string) => (string | null)[];

/** int8 as a number: nothing here counts beyond 2^53. */
const types = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === bigint) return Number;
    if (oid === bigintArray) {
      return (text: string) => textsOf(text).map((one) => one === null ? null : Number(one));
    }
    return parserOf(oid, format);
  },
} as pg.CustomTypesConfig;

/** A connection's limit to connect in; the pool's own would also count the wait for a free one. */
class PatientClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: connectTimeoutMs });
  }
}

function openPool(url: string, connections: number, settings?: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    idleTimeoutMillis: 0,
    keepAlive: true,
    application_name: "tapebook",
    options: settings,
    types,
    Client: PatientClient,
  });
  // An idle connection that breaks leaves the pool; the next caller opens another.
  pool.on("error", () => {});
  return pool;
}

/** The address with sslmode read as libpq reads it: only verify-ca and verify-full check certificates. */
function asLibpq(url: string, sslmode = new URL(url).searchParams.get("sslmode")): string {
  if (sslmode === null) return url;
  const address = new URL(url);
  address.searchParams.set("sslmode", sslmode === "allow" ? "prefer" : sslmode);
  address.searchParams.set("uselibpqcompat", "true");
  return address.href;
}

const noServer = /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|CONNECT_TIMEOUT/;

/** What was wrong with the address, without the password in it. */
function connectionError(url: string, error: unknown): Error {
  const { hostname, port, pathname, username } = new URL(url);
  const where = `${username ? `${username}@` : ""}${hostname}:${port || 5432}${pathname}`;
  const { message, code } = error as { message?: string; code?: string };
  const reason = message || code || String(error);
  const hint = noServer.test(`${code} ${reason}`) ? "; is PostgreSQL running there?" : "";
  return new Error(`Cannot connect to the database of DATABASE_URL (${where}): ${reason}${hint}`);
}

/** A pool that was seen to connect, and the address that it took. */
async function connect(
  url: string,
  connections: number,
  settings?: string,
): Promise<{ pool: pg.Pool; url: string }> {
  const pool = openPool(url, connections, settings);
  try {
    await pool.query("select 1");
    return { pool, url };
  } catch (error) {
    await pool.end();
    const isOptional = /[?&]sslmode=prefer(&|$)/.test(url);
    if (isOptional && /does not support SSL/.test(String(error))) {
      return await connect(asLibpq(url, "disable"), connections, settings);
    }
    // Some poolers in front of a server take no settings.
    if (settings && /startup parameter/.test(String(error))) return await connect(url, connections);
    throw connectionError(url, awayError(error));
  }
}

/** What runs SQL on the connections that `use` lends, one statement at a time on each. */
function runnerOf(
  names: StatementNames,
  use: <T>(run: (client: pg.ClientBase) => Promise<T>) => Promise<T>,
): Runner {
  const run = (text: string, values: unknown[], replan: boolean, rowMode?: "array") => {
    const name = replan ? undefined : names.nameOf(text);
    return use(async (client) => {
      const { rows } = await client.query({ text, values, name, rowMode } as pg.QueryArrayConfig);
      return rows as unknown[];
    });
  };
  return {
    objects: async <Row>(text: string, params: unknown[], { replan = false } = {}) =>
      await run(text, params, replan) as Row[],
    arrays: async (text, params) => await run(text, params, false, "array") as unknown[][],
  };
}

/** Lends one connection to one caller after the other. */
function inTurn(client: pg.ClientBase) {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(run: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    const result = last.then(() => run(client)).catch((error) => {
      throw awayError(error);
    });
    last = result.catch(() => {});
    return result;
  };
}

/** A pool of connections to the server at `url`. @throws {Error} If nobody answers there. */
export async function openPostgres(
  url: string,
  options: { connections?: number } = {},
): Promise<Database> {
  const settings = Object.entries(planning).map(([name, value]) => `-c ${name}=${value}`).join(" ");
  const { pool, url: address } = await connect(asLibpq(url), options.connections ?? 8, settings);
  const names = new StatementNames();
  const clients = new Set<pg.ClientBase>();
  const ages = new WeakMap<pg.ClientBase, number>();
  pool.on("connect", (client) => {
    clients.add(client);
    ages.set(client, names.generation);
  });
  pool.on("remove", (client) => clients.delete(client));
  const listener = createListener(() => new PatientClient({ connectionString: address }));

  /** A free connection. While PostgreSQL starts, it is asked again for a moment. */
  async function take(): Promise<pg.PoolClient> {
    for (const start = performance.now();;) {
      try {
        return await pool.connect();
      } catch (error) {
        const isStarting = (error as { code?: string }).code === "57P03";
        if (!isStarting || performance.now() - start > startPatienceMs) throw awayError(error);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Runs `body` on a connection of the pool, which is thrown away when it broke or has grown old. */
  async function onClient<T>(body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await take();
    // The pool hears of a connection that breaks only while nobody uses it.
    let broken = false;
    const breaks = () => broken = true;
    client.on("error", breaks);
    try {
      return await body(client);
    } catch (error) {
      broken ||= isBroken(error);
      throw awayError(error);
    } finally {
      client.off("error", breaks);
      client.release(broken || ages.get(client) !== names.generation);
    }
  }

  const outer = sqlOf(runnerOf(names, onClient));
  return {
    kind: "postgres",
    query: outer.query,
    get orm() {
      return outer.orm;
    },
    async transaction<T>(body: (tx: Sql) => Promise<T>) {
      return await onClient(async (client) => {
        await client.query("begin");
        try {
          const result = await body(sqlOf(runnerOf(names, inTurn(client))));
          const { command } = await client.query("commit");
          // PostgreSQL answers so when a statement failed and its error was caught on the way.
          if (command === "ROLLBACK") throw new Error("A statement of the transaction had failed");
          return result;
        } catch (error) {
          // One that is broken was rolled back by its end.
          await client.query("rollback").catch(() => {});
          throw error;
        }
      });
    },
    listen: listener.listen,
    async notify(channel, payload) {
      await outer.query("select pg_notify($1, $2)", [channel, payload]);
    },
    async close() {
      await listener.close();
      const timer = setTimeout(() => {
        for (const client of clients) (client as pg.Client).end().catch(() => {});
      }, closeTimeoutMs);
      await pool.end();
      clearTimeout(timer);
    },
  };
}
