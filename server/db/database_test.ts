import assert from "node:assert/strict";
import { eq, getTableColumns, getTableName, is } from "drizzle-orm";
import { PgTable } from "drizzle-orm/pg-core";
import { createTestDatabase } from "../../tests/support/postgres.ts";
import { testWith } from "../../tests/support/components.ts";
import { testServer } from "../../tests/support/server.ts";
import { listMigrations, migrate, splitStatements } from "./migrate.ts";
import { databaseFault } from "./faults.ts";
import { openPglite } from "./pglite.ts";
import { openPostgres } from "./postgres.ts";
import { runFromJson } from "./run_json.ts";
import { searchRunsJson } from "./run_search.ts";
import * as schema from "./schema.ts";

testServer("drizzle's tables are those that the migrations make", async ({ services: { db } }) => {
  const rows = await db.query<{ table: string; column: string; nullable: string }>(
    `select c.table_name as table, c.column_name as column, c.is_nullable as nullable
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
       and c.table_name <> 'schema_migrations'`,
  );
  const real = rows.map((r) => `${r.table}.${r.column}${r.nullable === "YES" ? "?" : ""}`).sort();
  const said: string[] = [];
  for (const table of Object.values(schema)) {
    if (!is(table, PgTable)) continue;
    for (const column of Object.values(getTableColumns(table))) {
      said.push(`${getTableName(table)}.${column.name}${column.notNull ? "" : "?"}`);
    }
  }
  assert.deepEqual(said.sort(), real);
});

testServer("drizzle and plain SQL read the same, in and out of transactions", async (server) => {
  const { db, tracking } = server.services;
  const { info } = await tracking.createRun({ experimentId: "0", runName: "orm" });
  const read = async (orm: typeof db.orm) =>
    await orm.select({ name: schema.runs.runName, no: schema.runs.runNo }).from(schema.runs)
      .where(eq(schema.runs.runId, info.run_id));
  const [row] = await read(db.orm);
  assert.equal(row.name, "orm");
  assert.equal(typeof row.no, "number");
  await db.transaction(async (tx) => {
    await tx.orm.update(schema.runs).set({ runName: "changed" })
      .where(eq(schema.runs.runId, info.run_id));
    assert.equal((await read(tx.orm))[0].name, "changed");
    throw new Error("back");
  }).catch((error) => assert.equal(error.message, "back"));
  assert.equal((await read(db.orm))[0].name, "orm");
});

testServer("values keep their types through either driver", async ({ services: { db } }) => {
  const text = `select 9007199254740991::int8 as big, 'NaN'::float8 as nan, null::text as none,
    timestamptz '2020-01-02T03:04:05Z' as at, '{"a":[1,null]}'::jsonb as json, true as flag,
    $1::text as given`;
  // Once as it comes, and then prepared.
  for (let i = 0; i < 3; i++) {
    const [row] = await db.query(text, ["ü'\"\\"]);
    assert.deepEqual(row, {
      big: 9007199254740991,
      nan: NaN,
      none: null,
      at: new Date("2020-01-02T03:04:05Z"),
      json: { a: [1, null] },
      flag: true,
      given: "ü'\"\\",
    });
  }
});

testServer("an error leaves the connection in order", async ({ services: { db } }) => {
  for (let i = 0; i < 3; i++) {
    await assert.rejects(db.query("select 1 / $1::int as x", [0]), /division by zero/);
    assert.deepEqual(await db.query("select 1 as one"), [{ one: 1 }]);
  }
});

testServer("what is notified is heard", async ({ services: { db } }) => {
  const heard: string[] = [];
  const stop = await db.listen("test_channel", (payload) => heard.push(payload));
  await db.notify("test_channel", "hello");
  for (let i = 0; i < 40 && heard.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await stop();
  assert.deepEqual(heard, ["hello"]);
});

testServer(
  "migrations are applied once, and a changed one is refused",
  async ({ services: { db } }) => {
    assert.deepEqual(await migrate(db), []);
    const [first] = await listMigrations();
    await assert.rejects(
      migrate(db, [{ ...first, hash: "other" }]),
      /0001_tracking\.sql was applied with other contents/,
    );
  },
);

Deno.test("splitStatements() keeps function bodies whole and drops comments", () => {
  const statements = splitStatements(
    "-- why\ncreate table a (\n  b int\n);\ncreate function f() returns int as $$\nbegin\n  return 1;\nend\n$$;\n",
  );
  assert.equal(statements.length, 2);
  assert.match(statements[1], /return 1;\nend/);
});

Deno.test("runs that an older version recorded are ordered by their metrics after migrating", async () => {
  const db = await openPglite("memory:");
  try {
    const all = await listMigrations();
    await migrate(db, all.filter(({ name }) => name < "0005" || name >= "0100"));
    await db.query(`insert into experiments
        (experiment_id, name, artifact_location, creation_time, last_update_time)
      values (5, 'old', 'mlflow-artifacts:/5', 0, 0), (6, 'other', 'mlflow-artifacts:/6', 0, 0)`);
    await db.query(`insert into runs (run_id, experiment_id, run_name, start_time, artifact_uri)
      select 'run' || i, case i when 4 then 6 else 5 end, 'r', i, '' from generate_series(1, 4) i`);
    await db.query(`insert into metric_series (run_no, key, step, timestamp, value)
      select run_no, 'loss', 0, 0, case run_id when 'run2' then 'NaN'::float8 else run_no end from runs`);
    assert.ok((await migrate(db)).includes("0005_search_indexes.sql"));
    const { items } = await searchRunsJson(db, [5], {
      filter: null,
      orders: [{ entity: "metric", key: "loss", ascending: false }],
      limit: 10,
    });
    const ids = items.map((json) => runFromJson(json).info.run_id);
    assert.deepEqual(ids, ["run3", "run1", "run2"]);
  } finally {
    await db.close();
  }
});

testWith("postgres", "servers that start together take turns to migrate", async () => {
  const { url, drop } = await createTestDatabase();
  const databases = await Promise.all([1, 2, 3].map(() => openPostgres(url, { connections: 2 })));
  try {
    const applied = await Promise.all(databases.map((db) => migrate(db)));
    const wanted = (await listMigrations()).length;
    assert.deepEqual(applied.map((names) => names.length).sort((a, b) => a - b), [0, 0, wanted]);
  } finally {
    for (const db of databases) await db.close();
    await drop();
  }
}, { sanitizeOps: false, sanitizeResources: false });

testWith(
  "postgres",
  "a connection that PostgreSQL ended is replaced, the listener's too",
  async () => {
    const { url, drop } = await createTestDatabase();
    const db = await openPostgres(url, { connections: 2 });
    try {
      const heard: string[] = [];
      const stop = await db.listen("endings", (payload) => heard.push(payload));
      const pids = () =>
        db.query<{ pid: number }>(
          "select pid from pg_stat_activity where datname = current_database()",
        );
      const before = new Set((await pids()).map(({ pid }) => pid));
      // All of them, its own last: the statement's own connection ends under it.
      const ended = db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() order by pid = pg_backend_pid()`,
      );
      await assert.rejects(ended, (error) => databaseFault(error)?.status === 503);
      assert.deepEqual(await db.query("select 1 as one"), [{ one: 1 }]);
      assert.ok((await pids()).every(({ pid }) => !before.has(pid)));
      for (let i = 0; i < 100 && heard.length === 0; i++) {
        await db.notify("endings", "again");
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      assert.equal(heard[0], "again");
      await stop();
    } finally {
      await db.close();
      await drop();
    }
  },
  { sanitizeOps: false, sanitizeResources: false },
);

testWith("postgres", "a transaction whose connection ends is undone and said to be", async () => {
  const { url, drop } = await createTestDatabase();
  const db = await openPostgres(url, { connections: 2 });
  try {
    await db.query("create table t (i int)");
    const lost = db.transaction(async (tx) => {
      await tx.query("insert into t values (1)");
      const [{ pid }] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      await db.query("select pg_terminate_backend($1)", [pid]);
      await tx.query("insert into t values (2)");
    });
    await assert.rejects(lost, (error) => databaseFault(error)?.status === 503);
    assert.deepEqual(await db.query("select i from t"), []);
    const caught = db.transaction(async (tx) => {
      await tx.query("insert into t values (3)");
      await tx.query("select 1 / 0").catch(() => {});
    });
    await assert.rejects(caught, /A statement of the transaction had failed/);
    assert.deepEqual(await db.query("select i from t"), []);
  } finally {
    await db.close();
    await drop();
  }
}, { sanitizeOps: false, sanitizeResources: false });

testWith("postgres", "sslmode is read as libpq reads it", async () => {
  const { url, drop } = await createTestDatabase();
  try {
    for (const mode of ["disable", "allow", "prefer"]) {
      const db = await openPostgres(`${url}?sslmode=${mode}`, { connections: 1 });
      const stop = await db.listen("modes", () => {});
      assert.deepEqual(await db.query("select 1 as one"), [{ one: 1 }], mode);
      await stop();
      await db.close();
    }
    for (const mode of ["require", "verify-full"]) {
      await assert.rejects(
        openPostgres(`${url}?sslmode=${mode}`, { connections: 1 }),
        /Cannot connect to the database of DATABASE_URL .*: The server does not support SSL/,
      );
    }
  } finally {
    await drop();
  }
}, { sanitizeOps: false, sanitizeResources: false });
