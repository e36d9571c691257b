/** SQL of heartbeats: when a run's program was last heard of. @module */
import type { Sql } from "./database.ts";

/** Why a run was taken for dead; removed when its program is heard of again. */
export const deadTag = "tapebook.dead";

/**
 * Notes that the run's program lives. A run that was taken for dead runs again. False when there is
 * no such active run.
 */
export async function beat(
  db: Sql,
  runId: string,
): Promise<{ isKnown: boolean; revived: boolean }> {
  const [row] = await db.query<{ run_no: number; status: string; dead: boolean }>(
    `update runs r set heartbeat_at = now() where run_id = $1 and lifecycle_stage = 'active'
     returning run_no, status, exists (select 1 from run_tags t
       where t.run_no = r.run_no and t.key = $2) as dead`,
    [runId, deadTag],
  );
  if (!row) return { isKnown: false, revived: false };
  if (!row.dead || row.status !== "FAILED") return { isKnown: true, revived: false };
  await db.query(
    "update runs set status = 'RUNNING', end_time = null where run_no = $1 and status = 'FAILED'",
    [row.run_no],
  );
  await db.query("delete from run_tags where run_no = $1 and key = $2", [row.run_no, deadTag]);
  return { isKnown: true, revived: true };
}

/** Marks running runs that were heard of once, and not since `silentMs`, as failed. */
export async function failSilentRuns(
  db: Sql,
  silentMs: number,
): Promise<{ run_id: string; experiment_id: number; heartbeat_at: Date }[]> {
  const rows = await db.query<
    { run_no: number; run_id: string; experiment_id: number; heartbeat_at: Date }
  >(
    `update runs set status = 'FAILED',
       end_time = floor(extract(epoch from heartbeat_at) * 1000)::bigint
     where status = 'RUNNING' and heartbeat_at < now() - make_interval(secs => $1::text::float8)
     returning run_no, run_id, experiment_id, heartbeat_at`,
    [String(silentMs / 1000)],
  );
  for (const row of rows) {
    await db.query(
      `insert into run_tags (run_no, key, value) values ($1, $2, $3)
       on conflict (run_no, key) do update set value = excluded.value`,
      [row.run_no, deadTag, `no sign of life since ${new Date(row.heartbeat_at).toISOString()}`],
    );
  }
  return rows;
}
