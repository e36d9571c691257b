/** SQL of what is removed for good: deleted runs, models and experiments, and old deleted ones. @module */
import type { Sql } from "./database.ts";

export interface Purged {
  runs: string[];
  experiments: string[];
  loggedModels: string[];
  /** Artifact folders of what was removed, as paths from the root. */
  folders: string[];
}

/** The path under which a URI's artifacts are kept here; null when they are kept elsewhere. */
export function folderOf(uri: string): string | null {
  const match = /^mlflow-artifacts:\/+(.*)$/.exec(uri);
  return match && match[1] ? match[1].replace(/\/+$/, "") : null;
}

/**
 * Removes what was deleted at or before `before` (milliseconds) for good: runs, logged models, and
 * experiments with all that is in them, so that their names are free again.
 */
export async function purgeDeleted(
  sql: Sql,
  before: number,
  only: { runIds?: string[]; experimentIds?: number[] } = {},
): Promise<Purged> {
  const someRuns = only.runIds ?? null;
  const someExperiments = only.experimentIds ?? null;
  const uris: string[] = [];
  const runs = await sql.query<{ run_id: string; artifact_uri: string }>(
    `delete from runs where lifecycle_stage = 'deleted' and coalesce(deleted_time, 0) <= $1
       and ($2::text[] is null or run_id = any($2::text[]))
     returning run_id, artifact_uri`,
    [before, someRuns],
  );
  const models = someRuns ? [] : await sql.query<{ model_id: string; artifact_location: string }>(
    `delete from logged_models where lifecycle_stage = 'deleted' and last_update_time <= $1
     returning model_id, artifact_location`,
    [before],
  );
  const experiments = someRuns && !someExperiments
    ? []
    : await sql.query<{ experiment_id: number; artifact_location: string }>(
      `delete from experiments where lifecycle_stage = 'deleted' and last_update_time <= $1
         and experiment_id <> 0 and ($2::bigint[] is null or experiment_id = any($2::bigint[]))
       returning experiment_id, artifact_location`,
      [before, someExperiments],
    );
  for (const row of runs) uris.push(row.artifact_uri);
  for (const row of models) uris.push(row.artifact_location);
  for (const row of experiments) uris.push(row.artifact_location);
  return {
    runs: runs.map((row) => row.run_id),
    experiments: experiments.map((row) => String(row.experiment_id)),
    loggedModels: models.map((row) => row.model_id),
    folders: uris.map(folderOf).filter((folder) => folder !== null),
  };
}

/**
 * Marks finished runs as deleted whose experiment has the tag `tapebook.retentionDays` and which
 * started longer ago than it says; returns how many. Runs that a model version points to stay.
 */
export async function expireRuns(sql: Sql, now: number): Promise<number> {
  const rows = await sql.query(
    `update runs r set lifecycle_stage = 'deleted', deleted_time = $1
     from experiment_tags t
     where t.experiment_id = r.experiment_id and t.key = 'tapebook.retentionDays'
       and t.value ~ '^[0-9]{1,5}$' and r.lifecycle_stage = 'active' and r.status <> 'RUNNING'
       and r.start_time < $1 - t.value::bigint * 86400000
       and not exists (select 1 from model_versions v where v.run_id = r.run_id
         and v.current_stage <> 'Deleted_Internal')
     returning 1`,
    [now],
  );
  return rows.length;
}
