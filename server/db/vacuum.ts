/**
 * VACUUM where no other process does it: each new latest value of a metric leaves the row before it
 * and its places in three indexes behind, and PGlite has no autovacuum.
 * @module
 */
import type { Sql } from "./database.ts";

/** As PostgreSQL's autovacuum_vacuum_threshold and …_scale_factor, the first one rarer. */
const leastDead = 5_000;
const deadShare = 0.2;

/** Vacuums and analyses the tables that have grown many dead rows; gives their names. */
export async function vacuum(sql: Sql): Promise<string[]> {
  // Counts are put together once a second at most.
  await sql.query("select pg_stat_force_next_flush()");
  const rows = await sql.query<{ name: string }>(
    `select relname as name from pg_stat_user_tables
     where n_dead_tup > $1::float8 + $2::float8 * n_live_tup order by relname`,
    [leastDead, deadShare],
  );
  // One after the other, each a statement of its own: requests are answered in between.
  for (const { name } of rows) await sql.query(`vacuum (analyze) "${name}"`);
  return rows.map(({ name }) => name);
}
