/**
 * Applies the named SQL files of migrations/ in the order of their names, each once, in a
 * transaction, under an advisory lock so that servers starting together take turns.
 *
 * Files of several areas are numbered apart, so that they can grow side by side: 0001-0099
 * tracking and registry, 0100-0199 people and governance, 0200-0299 serving and monitoring,
 * 0300-0399 tuning.
 * @module
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Database } from "./database.ts";

const folder = new URL("../../migrations/", import.meta.url);
const advisoryLock = 7_269_031_455;

export interface Migration {
  name: string;
  sql: string;
  hash: string;
}

/** All migrations that ship with this version, in order. */
export async function listMigrations(from: URL = folder): Promise<Migration[]> {
  const names = (await readdir(from)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return await Promise.all(names.map(async (name) => {
    const sql = await readFile(new URL(name, from), "utf8");
    return { name, sql, hash: createHash("sha256").update(sql).digest("hex") };
  }));
}

/**
 * Applies what is missing; returns the names applied.
 *
 * @throws {Error} If a file that was applied before has changed since, or its SQL fails.
 */
export async function migrate(db: Database, migrations?: Migration[]): Promise<string[]> {
  const wanted = migrations ?? await listMigrations();
  return await db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [advisoryLock]);
    await tx.query(`create table if not exists schema_migrations (
      name text primary key,
      hash text not null,
      applied_at timestamptz not null default now()
    )`);
    const done = new Map(
      (await tx.query<{ name: string; hash: string }>("select name, hash from schema_migrations"))
        .map((row) => [row.name, row.hash]),
    );
    const applied: string[] = [];
    for (const { name, sql, hash } of wanted) {
      const before = done.get(name);
      if (before === hash) continue;
      if (before) {
        throw new Error(
          `Cannot migrate the database: ${name} was applied with other contents than it has now`,
        );
      }
      for (const statement of splitStatements(sql)) {
        try {
          await tx.query(statement);
        } catch (error) {
          throw new Error(`Cannot apply migration ${name}: ${(error as Error).message}`, {
            cause: error,
          });
        }
      }
      await tx.query("insert into schema_migrations (name, hash) values ($1, $2)", [name, hash]);
      applied.push(name);
    }
    return applied;
  });
}

/** The statements of a file, split where drizzle's marker or a line's last semicolon ends one. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = "";
  let dollar = false;
  for (const line of sql.split("\n")) {
    if (!dollar && /^\s*--/.test(line)) continue;
    current += line + "\n";
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) dollar = !dollar;
    if (!dollar && /;\s*$/.test(line)) {
      statements.push(current.trim());
      current = "";
    }
  }
  if (current.trim()) statements.push(current.trim());
  return statements.filter((s) => s.replace(/;/g, "").trim() !== "");
}
