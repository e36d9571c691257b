/** SQL of what people and judges said about traces. @module */
import { storableText } from "./arrays.ts";
import type { Sql } from "./database.ts";

export type AssessmentKind = "feedback" | "expectation" | "issue";

export interface AssessmentRow {
  assessmentId: string;
  traceId: string;
  kind: AssessmentKind;
  name: string;
  /** JSON of the value; null for an issue or a feedback that is only an error. */
  value: string | null;
  overrides: string | null;
  isValid: boolean;
  /** The whole message. */
  content: Record<string, unknown>;
  createdTime: number;
}

export async function insertAssessment(sql: Sql, row: AssessmentRow): Promise<void> {
  await sql.query(
    `insert into trace_assessments (assessment_id, trace_id, kind, name, value, is_valid,
       overrides, content, created_time) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (assessment_id) do update set name = excluded.name, value = excluded.value,
       content = excluded.content where trace_assessments.trace_id = excluded.trace_id`,
    [
      row.assessmentId,
      row.traceId,
      row.kind,
      storableText(row.name),
      row.value === null ? null : storableText(row.value),
      row.isValid,
      row.overrides,
      storableText(JSON.stringify(row.content)),
      row.createdTime,
    ],
  );
}

interface Stored extends Record<string, unknown> {
  kind: AssessmentKind;
  name: string;
  value: string | null;
  overrides: string | null;
  is_valid: boolean;
  content: string;
  created_time: number;
}

export async function findAssessment(
  sql: Sql,
  traceId: string,
  assessmentId: string,
): Promise<AssessmentRow | null> {
  const [row] = await sql.query<Stored>(
    `select kind, name, value, overrides, is_valid, content, created_time from trace_assessments
     where trace_id = $1 and assessment_id = $2`,
    [traceId, assessmentId],
  );
  if (!row) return null;
  return {
    assessmentId,
    traceId,
    kind: row.kind,
    name: row.name,
    value: row.value,
    overrides: row.overrides,
    isValid: row.is_valid,
    content: JSON.parse(row.content),
    createdTime: row.created_time,
  };
}

/** Whether the assessment was there to be marked. */
export async function markAssessment(
  sql: Sql,
  traceId: string,
  assessmentId: string,
  isValid: boolean,
): Promise<boolean> {
  const rows = await sql.query(
    `update trace_assessments set is_valid = $3 where trace_id = $1 and assessment_id = $2
     returning assessment_id`,
    [traceId, assessmentId, isValid],
  );
  return rows.length > 0;
}

export async function deleteAssessment(
  sql: Sql,
  traceId: string,
  assessmentId: string,
): Promise<void> {
  await sql.query(`delete from trace_assessments where trace_id = $1 and assessment_id = $2`, [
    traceId,
    assessmentId,
  ]);
}
