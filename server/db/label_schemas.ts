/** SQL of the questions that reviewers of an experiment's traces are asked. @module */
import { storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { type Page, queryPage } from "./paging.ts";

export const labelTypes = ["FEEDBACK", "EXPECTATION"] as const;

export interface LabelSchemaRow extends Record<string, unknown> {
  schema_id: string;
  experiment_id: number;
  name: string;
  type: typeof labelTypes[number];
  instruction: string | null;
  enable_comment: boolean;
  /** JSON of how it is answered. */
  input: string;
  created_by: string | null;
  created_at: number;
  last_updated_at: number;
  is_default: boolean;
}

const columns = `l.schema_id, l.experiment_id, l.name, l.type, l.instruction, l.enable_comment,
  l.input, l.created_by, l.created_at, l.last_updated_at, l.is_default`;

/** Whether it was written; false where the experiment has one of this name. */
export async function insertLabelSchema(sql: Sql, row: LabelSchemaRow): Promise<boolean> {
  const rows = await sql.query(
    `insert into label_schemas (schema_id, experiment_id, name, type, instruction,
       enable_comment, input, created_by, created_at, last_updated_at, is_default)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
     on conflict (experiment_id, name) do nothing returning 1`,
    [
      row.schema_id,
      row.experiment_id,
      storableText(row.name),
      row.type,
      row.instruction === null ? null : storableText(row.instruction),
      row.enable_comment,
      row.input,
      row.created_by,
      row.created_at,
      row.is_default,
    ],
  );
  return rows.length > 0;
}

/** Writes what may change of it. */
export async function updateLabelSchema(sql: Sql, row: LabelSchemaRow): Promise<void> {
  await sql.query(
    `update label_schemas set name = $2, instruction = $3, enable_comment = $4, input = $5,
       last_updated_at = $6 where schema_id = $1`,
    [
      row.schema_id,
      storableText(row.name),
      row.instruction === null ? null : storableText(row.instruction),
      row.enable_comment,
      row.input,
      row.last_updated_at,
    ],
  );
}

export async function findLabelSchema(
  sql: Sql,
  schemaId: string,
  lock = false,
): Promise<LabelSchemaRow | null> {
  const [row] = await sql.query<LabelSchemaRow>(
    `select ${columns} from label_schemas l where l.schema_id = $1${lock ? " for update" : ""}`,
    [schemaId],
  );
  return row ?? null;
}

export async function findLabelSchemaByName(
  sql: Sql,
  experimentId: number,
  name: string,
): Promise<LabelSchemaRow | null> {
  const [row] = await sql.query<LabelSchemaRow>(
    `select ${columns} from label_schemas l where l.experiment_id = $1 and l.name = $2`,
    [experimentId, name],
  );
  return row ?? null;
}

export async function hasDefaultLabelSchema(sql: Sql, experimentId: number): Promise<boolean> {
  const rows = await sql.query(
    "select 1 from label_schemas where experiment_id = $1 and is_default",
    [experimentId],
  );
  return rows.length > 0;
}

/** Of these ids, those that the experiment has. */
export async function knownLabelSchemas(
  sql: Sql,
  experimentId: number,
  schemaIds: readonly string[],
): Promise<string[]> {
  const rows = await sql.query<{ schema_id: string }>(
    `select schema_id from label_schemas
     where experiment_id = $1 and schema_id = any($2::text::text[])`,
    [experimentId, textArray(schemaIds)],
  );
  return rows.map((row) => row.schema_id);
}

/** Newest first. */
export async function listLabelSchemas(
  sql: Sql,
  experimentId: number,
  limit: number,
  pageToken?: string,
): Promise<Page<LabelSchemaRow>> {
  return await queryPage<LabelSchemaRow>(sql, {
    select: columns,
    from: "label_schemas l",
    where: ["l.experiment_id = $1"],
    params: [experimentId],
    sort: [
      { expression: "l.created_at", type: "int8", ascending: false, nullable: false },
      { expression: "l.schema_id", type: "text", ascending: true, nullable: false },
    ],
    limit,
    pageToken,
  });
}

export async function deleteLabelSchema(sql: Sql, schemaId: string): Promise<void> {
  await sql.query("delete from label_schemas where schema_id = $1", [schemaId]);
}
