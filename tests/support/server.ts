/**
 * Servers for tests: the whole app over a fresh database, on PGlite and, where it is found, on a
 * real PostgreSQL, so that one suite says the same of both.
 * @module
 */
import { createHash } from "node:crypto";
import { createApp } from "../../server/app.ts";
import { type Config, readConfig } from "../../server/config.ts";
import type { Database } from "../../server/db/database.ts";
import { listMigrations, migrate } from "../../server/db/migrate.ts";
import { openPglite } from "../../server/db/pglite.ts";
import { openPostgres } from "../../server/db/postgres.ts";
import { createLogger } from "../../server/log.ts";
import { createServices, type Services, type ServicesOptions } from "../../server/services/mod.ts";
import { testWith } from "./components.ts";
import { createTestDatabase } from "./postgres.ts";

export type DatabaseKind = "pglite" | "postgres";

/** A data folder of PGlite with all migrations, kept in the temporary folder between runs. */
async function pgliteTemplate(): Promise<Blob> {
  const hash = createHash("sha256");
  for (const migration of await listMigrations()) hash.update(migration.hash);
  hash.update(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const name = `tapebook-pglite-${hash.digest("hex").slice(0, 16)}.tar`;
  const path = `${Deno.env.get("TMPDIR") ?? "/tmp"}/${name}`;
  try {
    return new Blob([await Deno.readFile(path)]);
  } catch { /* made below */ }
  const db = await openPglite("memory:");
  await migrate(db);
  const dump = await db.dump!();
  await db.close();
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeFile(temporary, dump.stream());
  await Deno.rename(temporary, path);
  return dump;
}

/** Puts a migrated PGlite database into a home, faster than a first start makes one. */
export async function seedPglite(home: string): Promise<void> {
  await (await openPglite(`${home}/database`, await pgliteTemplate())).close();
}

/** A fresh migrated database of the kind; closing it removes it. */
export async function openTestDatabase(kind: DatabaseKind): Promise<Database> {
  if (kind === "pglite") return await openPglite("memory:", await pgliteTemplate());
  const { url, drop } = await createTestDatabase();
  const db = await openPostgres(url, { connections: 4 });
  await migrate(db);
  const close = db.close.bind(db);
  return Object.assign(db, {
    async close() {
      await close();
      await drop();
    },
  });
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; throws when it is none. */
  json<T = Record<string, unknown>>(): T;
}

export interface TestServer {
  kind: DatabaseKind;
  config: Config;
  services: Services;
  app: ReturnType<typeof createApp>;
  /** Asks the app without a socket; an object as `body` is sent as JSON. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

/** The app over a fresh database and a temporary home. */
export async function openTestServer(
  kind: DatabaseKind = "pglite",
  options: Omit<ServicesOptions, "db"> & { env?: Record<string, string> } = {},
): Promise<TestServer> {
  const home = await Deno.makeTempDir({ prefix: "tapebook-test-" });
  const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_AUTH: "off", ...options.env });
  const db = await openTestDatabase(kind);
  const log = options.log ?? createLogger("error");
  const { services, close } = await createServices(config, { ...options, log, db });
  const app = createApp(services);
  return {
    kind,
    config,
    services,
    app,
    async request(method, path, body, headers = {}) {
      const isJson = body !== undefined && typeof body !== "string" &&
        !(body instanceof Uint8Array) && !(body instanceof ReadableStream);
      const answer = await app.request(path, {
        method,
        headers: { ...isJson ? { "content-type": "application/json" } : {}, ...headers },
        body: isJson ? JSON.stringify(body) : body as BodyInit | undefined,
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        json: <T>() => JSON.parse(text) as T,
      };
    },
    async close() {
      await close();
      await Deno.remove(home, { recursive: true });
    },
  };
}

const shared = new Map<DatabaseKind, Promise<TestServer>>();

Deno.test.afterAll(async () => {
  for (const server of shared.values()) await (await server).close();
  shared.clear();
});

/**
 * Registers a test that runs on PGlite and again on PostgreSQL. The tests of one file share one
 * server of each kind, so each test makes its own experiments and names.
 */
export function testServer(
  name: string,
  body: (server: TestServer, t: Deno.TestContext) => void | Promise<void>,
): void {
  const run = async (kind: DatabaseKind, t: Deno.TestContext) => {
    if (!shared.has(kind)) shared.set(kind, openTestServer(kind));
    await body(await shared.get(kind)!, t);
  };
  const loose = { sanitizeOps: false, sanitizeResources: false };
  Deno.test({ name: `${name} [pglite]`, ...loose, fn: (t) => run("pglite", t) });
  testWith("postgres", name, (_, t) => run("postgres", t), loose);
}
