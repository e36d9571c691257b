/** Reads and writes whole tables as lines of JSON: the same on PGlite and PostgreSQL. @module */
import type { Sql } from "./database.ts";

const rowsPerChunk = 5000;

/** Tables of this product, each after those that its foreign keys point to. */
export async function tablesInOrder(sql: Sql): Promise<string[]> {
  const tables = (await sql.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' order by 1`,
  )).map((row) => row.name);
  const links = await sql.query<{ source: string; target: string }>(
    `select s.relname as source, t.relname as target from pg_constraint k
     join pg_class s on s.oid = k.conrelid join pg_class t on t.oid = k.confrelid
     join pg_namespace n on n.oid = s.relnamespace
     where k.contype = 'f' and n.nspname = 'public' and s.oid <> t.oid`,
  );
  const ordered: string[] = [];
  const visit = (table: string, path: string[]) => {
    if (ordered.includes(table)) return;
    if (path.includes(table)) throw new Error(`Cannot order the tables: ${path.join(" -> ")}`);
    for (const link of links) if (link.source === table) visit(link.target, [...path, table]);
    ordered.push(table);
  };
  for (const table of tables) visit(table, []);
  return ordered;
}

async function primaryKey(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    `select a.attname as name from pg_index i
     join unnest(i.indkey) with ordinality as k(attnum, place) on true
     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
     where i.indrelid = $1::regclass and i.indisprimary order by k.place`,
    [table],
  );
  return rows.map((row) => row.name);
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/**
 * Chunks of the table's rows, each a JSON array as text, in the order of its primary key. Call it
 * in a transaction that sees one state of the database.
 */
export async function* dumpTable(
  tx: Sql,
  table: string,
): AsyncGenerator<{ rows: number; json: string }> {
  const key = await primaryKey(tx, table);
  const order = key.length ? ` order by ${key.map(quoted).join(", ")}` : "";
  yield* dumpQuery(tx, `select * from ${quoted(table)}${order}`);
}

/** Chunks of the rows that a query without parameters gives, as dumpTable gives them. */
export async function* dumpQuery(
  tx: Sql,
  query: string,
): AsyncGenerator<{ rows: number; json: string }> {
  await tx.query(
    `declare dump_cursor no scroll cursor for select to_json(t)::text as line from (${query}) t`,
  );
  try {
    for (;;) {
      const rows = await tx.query<{ line: string }>(`fetch ${rowsPerChunk} from dump_cursor`);
      if (rows.length === 0) return;
      yield { rows: rows.length, json: `[${rows.map((row) => row.line).join(",\n")}]` };
    }
  } finally {
    await tx.query("close dump_cursor");
  }
}

/** Writes one chunk that dumpTable gave. */
export async function loadChunk(tx: Sql, table: string, json: string): Promise<void> {
  const name = quoted(table);
  await tx.query(
    `insert into ${name} overriding system value
     select * from json_populate_recordset(null::${name}, $1::text::json)`,
    [json],
  );
}

/** Sets each sequence behind the greatest value in use. */
async function resetSequences(tx: Sql): Promise<void> {
  const columns = await tx.query<{ table: string; column: string; sequence: string }>(
    `select c.relname as table, a.attname as column,
       pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
       and pg_get_serial_sequence(quote_ident(c.relname), a.attname) is not null`,
  );
  for (const { table, column, sequence } of columns) {
    await tx.query(
      `select setval('${sequence}', greatest((select coalesce(max(${quoted(column)}), 0) from ${
        quoted(table)
      }), 1))`,
    );
  }
}

/**
 * Empties the tables, for a database about to be restored. Their triggers, which keep the audit log
 * from being emptied, are off until `endRestore`; a rollback brings both back.
 */
export async function beginRestore(tx: Sql, tables: readonly string[]): Promise<void> {
  for (const table of tables) await tx.query(`alter table ${quoted(table)} disable trigger user`);
  await tx.query(`truncate ${tables.map(quoted).join(", ")} cascade`);
}

export async function endRestore(tx: Sql, tables: readonly string[]): Promise<void> {
  for (const table of tables) await tx.query(`alter table ${quoted(table)} enable trigger user`);
  await resetSequences(tx);
}
