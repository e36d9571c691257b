/** SQL of studies: rows of the tables that migration 0300 makes. @module */
import type { Sql } from "./database.ts";
import { numberArray } from "./arrays.ts";

export interface StudyRow {
  study_id: number;
  name: string;
  directions: string[];
  sampler: Record<string, unknown> | null;
  pruner: Record<string, unknown> | null;
  seed: number;
  user_attrs: Record<string, unknown>;
  run_id: string | null;
  experiment_id: string | null;
  revision: number;
  trial_count: number;
  max_attempts: number;
  created_at: Date;
}

export interface TrialRow {
  number: number;
  state: string;
  attempt: number;
  revision: number;
  body: Record<string, unknown>;
  checkpoint: unknown;
  worker: string | null;
  lease_id: string | null;
  run_id: string | null;
  /** [step, value] in order of step; NaN and infinities as strings. */
  reports: [number, number | string][];
}

const studyColumns = `study_id, name, directions, sampler, pruner, seed, user_attrs, run_id,
  experiment_id, revision, trial_count, max_attempts, created_at`;

const trialColumns = `t.number, t.state, t.attempt, t.revision, t.body, t.checkpoint, t.worker,
  t.lease_id, t.run_id, coalesce((select json_agg(json_build_array(r.step, r.value) order by r.step)
    from study_reports r where r.study_id = t.study_id and r.number = t.number), '[]') as reports`;

/** Null when the name is taken. */
export async function insertStudy(
  db: Sql,
  study: {
    name: string;
    directions: string[];
    sampler: unknown;
    pruner: unknown;
    seed: number;
    userAttrs: unknown;
    maxAttempts: number;
  },
): Promise<StudyRow | null> {
  const [row] = await db.query<StudyRow>(
    `insert into studies (name, directions, sampler, pruner, seed, user_attrs, max_attempts)
     values ($1, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb, $5, $6::text::jsonb, $7)
     on conflict (name) do nothing returning ${studyColumns}`,
    [
      study.name,
      JSON.stringify(study.directions),
      study.sampler === null ? null : JSON.stringify(study.sampler),
      study.pruner === null ? null : JSON.stringify(study.pruner),
      study.seed,
      JSON.stringify(study.userAttrs),
      study.maxAttempts,
    ],
  );
  return row ?? null;
}

export async function findStudy(db: Sql, name: string): Promise<StudyRow | null> {
  const [row] = await db.query<StudyRow>(
    `select ${studyColumns} from studies where name = $1`,
    [name],
  );
  return row ?? null;
}

export interface StudySummaryRow extends StudyRow {
  counts: Record<string, number>;
}

export async function listStudies(db: Sql): Promise<StudySummaryRow[]> {
  return await db.query<StudySummaryRow>(
    `select ${studyColumns}, coalesce((select json_object_agg(state, n) from (
       select state, count(*)::int as n from study_trials t where t.study_id = s.study_id
       group by state) c), '{}') as counts
     from studies s order by created_at desc, study_id desc`,
  );
}

export async function deleteStudy(db: Sql, studyId: number): Promise<void> {
  await db.query("delete from studies where study_id = $1", [studyId]);
}

/** Status of a study's own run; null when it was removed. */
export async function studyRunStatus(db: Sql, runId: string): Promise<string | null> {
  const [row] = await db.query<{ status: string }>(
    "select status from runs where run_id = $1",
    [runId],
  );
  return row?.status ?? null;
}

export async function setStudyRun(
  db: Sql,
  studyId: number,
  experimentId: string,
  runId: string,
): Promise<void> {
  await db.query(
    "update studies set experiment_id = $2, run_id = $3 where study_id = $1",
    [studyId, experimentId, runId],
  );
}

/** Locks the study's row until the transaction ends and gives its next revision. */
export async function nextRevision(
  tx: Sql,
  studyId: number,
): Promise<{ revision: number; trial_count: number; max_attempts: number }> {
  const [row] = await tx.query<
    { revision: number; trial_count: number; max_attempts: number }
  >(
    `update studies set revision = revision + 1 where study_id = $1
     returning revision, trial_count, max_attempts`,
    [studyId],
  );
  return row;
}

/** Trials changed above `after`, in the order of their numbers, at most `limit`. */
export async function trialsAfter(
  db: Sql,
  studyId: number,
  after: number,
  limit: number,
): Promise<TrialRow[]> {
  return await db.query<TrialRow>(
    `select ${trialColumns} from study_trials t where t.study_id = $1 and t.revision > $2
     order by t.revision limit $3`,
    [studyId, after, limit],
  );
}

export async function findTrial(
  db: Sql,
  studyId: number,
  number: number,
  options: { lock?: boolean } = {},
): Promise<TrialRow | null> {
  const [row] = await db.query<TrialRow>(
    `select ${trialColumns} from study_trials t where t.study_id = $1 and t.number = $2
     ${options.lock ? "for update" : ""}`,
    [studyId, number],
  );
  return row ?? null;
}

/**
 * The trial that a lease is for, and the running trials whose worker has not been heard of in time.
 */
export async function heldAndExpired(
  tx: Sql,
  studyId: number,
  leaseId: string,
): Promise<{ held: TrialRow | null; expired: TrialRow[] }> {
  const rows = await tx.query<TrialRow>(
    `select ${trialColumns} from study_trials t
     where t.study_id = $1 and t.state = 'running'
       and (t.lease_expires_at < clock_timestamp() or t.lease_id = $2)
     order by t.number`,
    [studyId, leaseId],
  );
  const held = rows.find((row) => row.lease_id === leaseId) ?? null;
  return { held, expired: rows.filter((row) => row !== held) };
}

export async function firstWaiting(tx: Sql, studyId: number): Promise<TrialRow | null> {
  const [row] = await tx.query<TrialRow>(
    `select ${trialColumns} from study_trials t where t.study_id = $1 and t.state = 'waiting'
     order by t.number limit 1`,
    [studyId],
  );
  return row ?? null;
}

export async function countRunning(tx: Sql, studyId: number): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    "select count(*)::int as n from study_trials where study_id = $1 and state = 'running'",
    [studyId],
  );
  return row.n;
}

/** Trials that are not ended, trials that are complete, and the least and greatest first value. */
export async function studyProgress(
  db: Sql,
  studyId: number,
): Promise<{ open: number; complete: number; least: number | null; greatest: number | null }> {
  const [row] = await db.query<
    { open: number; complete: number; least: number | null; greatest: number | null }
  >(
    `select count(*) filter (where state in ('waiting', 'running'))::int as open,
       count(*) filter (where state = 'complete')::int as complete,
       min((body->'values'->>0)::float8) filter (where state = 'complete') as least,
       max((body->'values'->>0)::float8) filter (where state = 'complete') as greatest
     from study_trials where study_id = $1`,
    [studyId],
  );
  return row;
}

/** Adds a trial under the next number. */
export async function insertTrial(
  tx: Sql,
  studyId: number,
  revision: number,
  trial: { state: string; body: unknown },
): Promise<number> {
  const [row] = await tx.query<{ number: number }>(
    `update studies set trial_count = trial_count + 1 where study_id = $1
     returning trial_count - 1 as number`,
    [studyId],
  );
  await tx.query(
    `insert into study_trials (study_id, number, state, revision, body)
     values ($1, $2, $3, $4, $5::text::json)`,
    [studyId, row.number, trial.state, revision, JSON.stringify(trial.body)],
  );
  return row.number;
}

/** A new trial, in the hands of a worker from the start. */
export async function insertLeasedTrial(
  tx: Sql,
  studyId: number,
  lease: { revision: number; worker: string; leaseId: string; leaseMs: number; body: unknown },
): Promise<number> {
  const [row] = await tx.query<{ number: number }>(
    `with next as (
       update studies set trial_count = trial_count + 1 where study_id = $1
       returning trial_count - 1 as number
     )
     insert into study_trials (study_id, number, state, attempt, revision, body, worker, lease_id,
       lease_expires_at)
     select $1, number, 'running', 1, $2, $3::text::json, $4, $5,
       clock_timestamp() + $6 * interval '1 millisecond' from next
     returning number`,
    [
      studyId,
      lease.revision,
      JSON.stringify(lease.body),
      lease.worker,
      lease.leaseId,
      lease.leaseMs,
    ],
  );
  return row.number;
}

/** Hands a trial to a worker. */
export async function leaseTrial(
  tx: Sql,
  studyId: number,
  number: number,
  lease: { revision: number; worker: string; leaseId: string; leaseMs: number; body: unknown },
): Promise<void> {
  await tx.query(
    `update study_trials set state = 'running', attempt = attempt + 1, revision = $3, worker = $4,
       lease_id = $5, lease_expires_at = clock_timestamp() + $6 * interval '1 millisecond',
       body = $7::text::json
     where study_id = $1 and number = $2`,
    [
      studyId,
      number,
      lease.revision,
      lease.worker,
      lease.leaseId,
      lease.leaseMs,
      JSON.stringify(lease.body),
    ],
  );
}

/** Prolongs a lease without telling other workers. */
export async function prolongLease(
  db: Sql,
  studyId: number,
  number: number,
  leaseId: string,
  leaseMs: number,
): Promise<boolean> {
  const rows = await db.query(
    `update study_trials set lease_expires_at = clock_timestamp() + $4 * interval '1 millisecond'
     where study_id = $1 and number = $2 and lease_id = $3 and state = 'running' returning number`,
    [studyId, number, leaseId, leaseMs],
  );
  return rows.length === 1;
}

export async function saveBody(
  tx: Sql,
  studyId: number,
  number: number,
  revision: number,
  body: unknown,
): Promise<void> {
  await tx.query(
    `update study_trials set body = $4::text::json, revision = $3
     where study_id = $1 and number = $2`,
    [studyId, number, revision, JSON.stringify(body)],
  );
}

export async function saveCheckpoint(
  tx: Sql,
  studyId: number,
  number: number,
  checkpoint: unknown,
): Promise<void> {
  await tx.query(
    "update study_trials set checkpoint = $3::text::json where study_id = $1 and number = $2",
    [studyId, number, JSON.stringify(checkpoint)],
  );
}

export async function saveReports(
  tx: Sql,
  studyId: number,
  number: number,
  reports: readonly (readonly [number, number])[],
): Promise<void> {
  if (reports.length === 0) return;
  await tx.query(
    `insert into study_reports (study_id, number, step, value)
     select $1, $2, step, value
     from unnest($3::text::bigint[], $4::text::float8[]) as p(step, value)
     on conflict (study_id, number, step) do update set value = excluded.value`,
    [studyId, number, numberArray(reports.map((r) => r[0])), numberArray(reports.map((r) => r[1]))],
  );
}

/** Takes back reports above `step` (all with -1). */
export async function deleteReportsAbove(
  tx: Sql,
  studyId: number,
  number: number,
  step: number,
): Promise<void> {
  await tx.query(
    "delete from study_reports where study_id = $1 and number = $2 and step > $3",
    [studyId, number, step],
  );
}

/** Ends a trial, or makes it wait again. */
export async function setTrialState(
  tx: Sql,
  studyId: number,
  number: number,
  revision: number,
  state: string,
  body: unknown,
): Promise<void> {
  await tx.query(
    `update study_trials set state = $4, revision = $3, body = $5::text::json,
       lease_expires_at = null, lease_id = case when $4 = 'waiting' then null else lease_id end
     where study_id = $1 and number = $2`,
    [studyId, number, revision, state, JSON.stringify(body)],
  );
}

/** Ended trials of which no run tells yet. */
export async function trialsWithoutRun(
  db: Sql,
  studyId: number,
  limit: number,
): Promise<TrialRow[]> {
  return await db.query<TrialRow>(
    `select ${trialColumns} from study_trials t where t.study_id = $1 and t.run_id is null
       and t.state in ('complete', 'pruned', 'failed') order by t.number limit $2`,
    [studyId, limit],
  );
}

export async function setTrialRun(
  db: Sql,
  studyId: number,
  number: number,
  runId: string,
): Promise<void> {
  await db.query(
    "update study_trials set run_id = $3 where study_id = $1 and number = $2",
    [studyId, number, runId],
  );
}
