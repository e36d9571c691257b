/** SQL of scorers: what judges the traces of an experiment, in versions. @module */
import { numberArray, storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";

export interface ScorerRow extends Record<string, unknown> {
  experiment_id: number;
  scorer_name: string;
  scorer_version: number;
  serialized_scorer: string;
  creation_time: number;
  scorer_id: string;
}

const columns = `s.experiment_id, s.name as scorer_name, v.version as scorer_version,
  v.serialized_scorer, v.creation_time, s.scorer_id`;

/** Adds the next version of the experiment's scorer of this name. */
export async function insertScorerVersion(
  tx: Sql,
  scorer: { experimentId: number; name: string; serialized: string; now: number },
): Promise<ScorerRow> {
  const [{ scorer_id }] = await tx.query<{ scorer_id: string }>(
    `insert into scorers (scorer_id, experiment_id, name) values ($1, $2, $3)
     on conflict (experiment_id, name) do update set name = excluded.name returning scorer_id`,
    [crypto.randomUUID(), scorer.experimentId, scorer.name],
  );
  const [row] = await tx.query<ScorerRow>(
    `with v as (
       insert into scorer_versions (scorer_id, version, serialized_scorer, creation_time)
       select $1, coalesce(max(version), 0) + 1, $2, $3 from scorer_versions where scorer_id = $1
       returning *)
     select ${columns} from v join scorers s using (scorer_id)`,
    [scorer_id, scorer.serialized, scorer.now],
  );
  return row;
}

/** All versions of one scorer, oldest first. */
export async function listScorerVersions(
  sql: Sql,
  experimentId: number,
  name: string,
): Promise<ScorerRow[]> {
  return await sql.query<ScorerRow>(
    `select ${columns} from scorers s join scorer_versions v using (scorer_id)
     where s.experiment_id = $1 and s.name = $2 order by v.version`,
    [experimentId, name],
  );
}

/** The latest version of each scorer of these experiments, by name. */
export async function listScorers(
  sql: Sql,
  experimentIds: readonly number[],
): Promise<ScorerRow[]> {
  return await sql.query<ScorerRow>(
    `select distinct on (s.name, s.scorer_id) ${columns}
     from scorers s join scorer_versions v using (scorer_id)
     where s.experiment_id = any($1::text::bigint[])
     order by s.name, s.scorer_id, v.version desc`,
    [numberArray(experimentIds)],
  );
}

/** Deletes one version, or the scorer with all of them; whether there was one. */
export async function deleteScorer(
  tx: Sql,
  experimentId: number,
  name: string,
  version: number | undefined,
): Promise<boolean> {
  const rows = await tx.query(
    `delete from scorer_versions v using scorers s where v.scorer_id = s.scorer_id
     and s.experiment_id = $1 and s.name = $2 and ($3::int is null or v.version = $3::int)
     returning v.version`,
    [experimentId, name, version ?? null],
  );
  await tx.query(
    `delete from scorers s where s.experiment_id = $1 and s.name = $2
     and not exists (select 1 from scorer_versions v where v.scorer_id = s.scorer_id)`,
    [experimentId, name],
  );
  return rows.length > 0;
}

/** How often a scorer is to look at new traces, and at which. */
export interface OnlineConfigRow extends Record<string, unknown> {
  online_scoring_config_id: string;
  scorer_id: string;
  experiment_id: number;
  sample_rate: number;
  filter_string: string | null;
}

/** Writes the only configuration of the scorer. */
export async function replaceOnlineConfig(sql: Sql, row: OnlineConfigRow): Promise<void> {
  await sql.query(
    `insert into online_scoring_configs (online_scoring_config_id, scorer_id, experiment_id,
       sample_rate, filter_string) values ($1, $2, $3, $4, $5)
     on conflict (scorer_id) do update set
       online_scoring_config_id = excluded.online_scoring_config_id,
       sample_rate = excluded.sample_rate, filter_string = excluded.filter_string`,
    [
      row.online_scoring_config_id,
      row.scorer_id,
      row.experiment_id,
      row.sample_rate,
      row.filter_string === null ? null : storableText(row.filter_string),
    ],
  );
}

export async function onlineConfigsOf(
  sql: Sql,
  scorerIds: readonly string[],
): Promise<OnlineConfigRow[]> {
  return await sql.query<OnlineConfigRow>(
    `select * from online_scoring_configs where scorer_id = any($1::text::text[])
     order by scorer_id`,
    [textArray(scorerIds)],
  );
}
