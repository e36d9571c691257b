/** SQL of metric points: written many at a time, read in pages or down-sampled. @module */
import { numberArray, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";

/** Points of one metric of one run. */
export interface SeriesPoints {
  runId: string;
  key: string;
  timestamps: number[];
  steps: number[];
  values: number[];
}

/** Whether point a is later than b in the order that decides the latest value. */
function isLater(series: SeriesPoints, a: number, b: number): boolean {
  const { steps, timestamps, values } = series;
  if (steps[a] !== steps[b]) return steps[a] > steps[b];
  if (timestamps[a] !== timestamps[b]) return timestamps[a] > timestamps[b];
  return Number.isNaN(values[a]) || values[a] > values[b];
}

/**
 * Writes the points of all series whose run is active, in one statement, and answers with the ids
 * of those runs. A point that is there already stays one point. Each (run, key) comes once.
 *
 * A series' points are a slice of the arrays, taken by place and not by a join: a plan kept from call
 * to call takes every array for ten elements long, and would compare each point with each series. For
 * the same reason the join of what was given to what was written is a full one, which is never done by
 * comparing each with each; it matches all.
 *
 * @throws {Error} With the code 23505, nothing being written, for a point that is there already when
 * `repeats` is "refuse": looking for each one first takes a third of the time.
 */
export async function insertPoints(
  sql: Sql,
  series: readonly SeriesPoints[],
  repeats: "skip" | "refuse" = "skip",
): Promise<Set<string>> {
  const latest = series.map((s) => {
    let best = 0;
    for (let i = 1; i < s.values.length; i++) if (isLater(s, i, best)) best = i;
    return best;
  });
  const ends: number[] = [];
  let count = 0;
  for (const s of series) ends.push(count += s.values.length);
  const all = (of: (s: SeriesPoints) => number[]) => numberArray(series.flatMap(of));
  const rows = await sql.query<{ run_id: string }>(
    `with given as (
       select s.*, r.run_no, r.experiment_id
       from unnest($1::text::text[], $2::text::text[], $3::text::bigint[], $4::text::bigint[],
         $5::text::float8[], $6::text::int[], $7::text::int[])
         as s(run_id, key, step, timestamp, value, first, last)
       join runs r on r.run_id = s.run_id and r.lifecycle_stage = 'active'
     ), written as (
       insert into metric_series as m (run_no, experiment_id, key, step, timestamp, value)
       select run_no, experiment_id, key, step, timestamp, value from given order by run_no, key
       on conflict (run_no, key) do update set
         (step, timestamp, value) = (select l.step, l.timestamp, l.value from (values
           (m.step, m.timestamp, m.value),
           (excluded.step, excluded.timestamp, excluded.value)) as l(step, timestamp, value)
           order by l.step desc, l.timestamp desc, l.value desc limit 1)
       returning series_no, run_no, key
     ), arrays as materialized (
       select $8::text::bigint[] as timestamps, $9::text::bigint[] as steps,
         $10::text::float8[] as values
     ), points as (
       insert into metric_points (series_no, timestamp, step, value)
       select w.series_no, p.timestamp, p.step, p.value
       from arrays a,
         (given g full join written w on w.run_no = g.run_no and w.key = g.key),
         unnest(a.timestamps[g.first:g.last], a.steps[g.first:g.last], a.values[g.first:g.last])
         as p(timestamp, step, value)
       ${repeats === "skip" ? "on conflict do nothing" : ""}
     )
     select distinct run_id from given`,
    [
      textArray(series.map((s) => s.runId)),
      textArray(series.map((s) => s.key)),
      numberArray(series.map((s, i) => s.steps[latest[i]])),
      numberArray(series.map((s, i) => s.timestamps[latest[i]])),
      numberArray(series.map((s, i) => s.values[latest[i]])),
      numberArray(series.map((s, i) => ends[i] - s.values.length + 1)),
      numberArray(ends),
      all((s) => s.timestamps),
      all((s) => s.steps),
      all((s) => s.values),
    ],
  );
  return new Set(rows.map((row) => row.run_id));
}

export interface PointRow extends Record<string, unknown> {
  value: number;
  timestamp: number;
  step: number;
}

/** Ordered by timestamp, step, value; from the place after `after`. */
export async function readPoints(
  sql: Sql,
  runId: string,
  key: string,
  options: { limit?: number; after?: PointRow } = {},
): Promise<PointRow[]> {
  const { limit, after } = options;
  const params: unknown[] = [runId, key];
  let where = "";
  if (after) {
    params.push(after.timestamp, after.step, after.value);
    where = " and (p.timestamp, p.step, p.value) > ($3::bigint, $4::bigint, $5::float8)";
  }
  if (limit !== undefined) params.push(limit);
  return await sql.query<PointRow>(
    `select p.value, p.timestamp, p.step from metric_points p
     where p.series_no = (select s.series_no from metric_series s join runs r using (run_no)
       where r.run_id = $1 and s.key = $2)${where}
     order by p.timestamp, p.step, p.value${limit === undefined ? "" : ` limit $${params.length}`}`,
    params,
  );
}

interface SeriesBounds extends Record<string, unknown> {
  series_no: number;
  /** The series has more points than were asked for. */
  is_long: boolean;
  low: number;
  high: number;
}

/**
 * The series' number, whether it has more than `points` points, and the steps of its ends as far as
 * indexes tell them: those of its first and last point in time and of its latest value.
 */
async function seriesBounds(
  sql: Sql,
  runId: string,
  key: string,
  points: number,
): Promise<SeriesBounds | null> {
  const of = "from metric_points p where p.series_no = s.series_no";
  const firstInTime = `(select p.step ${of} order by p.timestamp limit 1)`;
  const lastInTime = `(select p.step ${of} order by p.timestamp desc limit 1)`;
  const [bounds] = await sql.query<SeriesBounds>(
    `select s.series_no, (select count(*) from (select 1 ${of} limit $3::bigint + 1) q) > $3::bigint
         as is_long,
       least(${firstInTime}, ${lastInTime}) as low, greatest(s.step, ${lastInTime}) as high
     from metric_series s join runs r using (run_no) where r.run_id = $1 and s.key = $2`,
    [runId, key, points],
  );
  return bounds ?? null;
}

/**
 * At most `points` points that keep the shape of the curve over steps: of each of `points / 4`
 * equal spans of steps the first, the last, the least and the greatest, chosen in the database in
 * two passes without sorting. NaN is neither least nor greatest.
 */
export async function samplePoints(
  sql: Sql,
  runId: string,
  key: string,
  points: number,
): Promise<PointRow[]> {
  const series = await seriesBounds(sql, runId, key, points);
  if (!series) return [];
  const { series_no, is_long } = series;
  if (!is_long) {
    return await sql.query<PointRow>(
      `select value, timestamp, step from metric_points where series_no = $1
       order by step, timestamp, value`,
      [series_no],
    );
  }
  const spans = Math.max(1, Math.floor(points / 4));
  const sample = ({ low, high }: { low: number; high: number }) =>
    sampleSpans(sql, series_no, {
      low,
      width: Math.max(1, Math.ceil((high - low + 1) / spans)),
      spans,
    });
  const chosen = await sample(series);
  const ends = { low: chosen[0].step, high: chosen[chosen.length - 1].step };
  // Where steps run against time, those ends are not the least and the greatest; now they are known.
  return ends.low < series.low || ends.high > series.high ? await sample(ends) : chosen;
}

async function sampleSpans(
  sql: Sql,
  seriesNo: number,
  { low, width, spans }: { low: number; width: number; spans: number },
): Promise<PointRow[]> {
  return await sql.query<PointRow>(
    `with placed as not materialized (
       select value, timestamp, step,
         least(greatest((step - $2::bigint) / $3::bigint, 0), $4::bigint - 1) as span
       from metric_points where series_no = $1
     ), ends as (
       select span, min(step) as first, max(step) as last, min(value) as least,
         max(value) filter (where value <> 'NaN') as greatest
       from placed group by span
     ), found as (
       select p.*, e.first, e.last, e.least, e.greatest from placed p join ends e using (span)
       where p.step = e.first or p.step = e.last
         or p.value = e.least and p.value <> 'NaN' or p.value = e.greatest
     )
     select distinct value, timestamp, step from (
       select distinct on (span, kind) span, kind, value, timestamp, step
       from found, lateral (values (1, step = first), (2, step = last),
         (3, value = least and value <> 'NaN'), (4, value = greatest)) as k(kind, holds)
       where holds
       order by span, kind, case when kind = 2 then -step else step end,
         case when kind = 2 then -timestamp else timestamp end
     ) chosen order by step, timestamp, value`,
    [seriesNo, low, width, spans],
  );
}

/** A page of a metric's history as the JSON that MLflow's clients read, made by the database. */
export interface PointsJson {
  /** `[{"key":…,"value":…,"timestamp":…,"step":…},…]`, NaN and infinities as strings. */
  json: string;
  count: number;
  last?: PointRow;
}

/** As readPoints, as JSON; for histories of a million points, where objects would cost more. */
export async function readPointsJson(
  sql: Sql,
  runId: string,
  key: string,
  options: { limit?: number; after?: PointRow } = {},
): Promise<PointsJson> {
  const { limit, after } = options;
  const params: unknown[] = [runId, key, JSON.stringify(key)];
  let where = "";
  if (after) {
    params.push(after.timestamp, after.step, after.value);
    where = " and (p.timestamp, p.step, p.value) > ($4::bigint, $5::bigint, $6::float8)";
  }
  if (limit !== undefined) params.push(limit);
  const [row] = await sql.query<
    { json: string | null; count: number; value: number; timestamp: number; step: number }
  >(
    `with page as (
       select p.value, p.timestamp, p.step from metric_points p
       where p.series_no = (select s.series_no from metric_series s join runs r using (run_no)
         where r.run_id = $1 and s.key = $2)${where}
       order by p.timestamp, p.step, p.value${limit === undefined ? "" : ` limit $${params.length}`}
     ), written as (
       select count(*) as count, string_agg('{"key":' || $3 || ',"value":' ||
         case when value = 'NaN' or value = 'Infinity' or value = '-Infinity'
           then '"' || value || '"' else value::text end
         || ',"timestamp":' || timestamp || ',"step":' || step || '}', ',') as json
       from page
     )
     select w.count, w.json, l.* from written w left join lateral (
       select value, timestamp, step from page order by timestamp desc, step desc, value desc limit 1
     ) l on true`,
    params,
  );
  return {
    json: `[${row.json ?? ""}]`,
    count: row.count,
    last: row.count ? { value: row.value, timestamp: row.timestamp, step: row.step } : undefined,
  };
}

/** Of several runs, ordered by run id, timestamp, step, value. */
export async function readPointsOfRuns(
  sql: Sql,
  runIds: readonly string[],
  key: string,
  limit: number,
): Promise<(PointRow & { key: string; run_id: string })[]> {
  return await sql.query(
    `select s.key, p.value, p.timestamp, p.step, r.run_id
     from runs r join metric_series s using (run_no) join metric_points p using (series_no)
     where r.run_id = any($1::text::text[]) and s.key = $2
     order by r.run_id, p.timestamp, p.step, p.value limit $3`,
    [textArray(runIds), key, limit],
  );
}

/**
 * At most `count` points, evenly chosen by their rank in the order of step, timestamp, value; the
 * first and the last are kept, and only the last when `count` is 1.
 */
export async function thinPoints(
  sql: Sql,
  runId: string,
  key: string,
  count: number,
  steps?: readonly [from: number, to: number],
): Promise<PointRow[]> {
  const between = steps ? " and p.step between $4 and $5" : "";
  const rows = await sql.query<PointRow>(
    `with ranked as (
       select p.value, p.timestamp, p.step, ntile($3::int) over w as tile,
         row_number() over w as place, count(*) over () as n
       from metric_points p where p.series_no = (select s.series_no from metric_series s
         join runs r using (run_no) where r.run_id = $1 and s.key = $2)${between}
       window w as (order by p.step, p.timestamp, p.value)
     )
     select value, timestamp, step from (
       select *, row_number() over (partition by tile order by place) as nth from ranked) q
     where nth = 1 or place = n order by place`,
    [runId, key, count, ...steps ?? []],
  );
  if (rows.length > count) rows.splice(count - 1, rows.length - count);
  return rows;
}
