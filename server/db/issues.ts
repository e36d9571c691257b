/** SQL of issues that were found in traces. @module */
import type { Filter } from "../search/filter.ts";
import { storableText } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { filterSql, Params, textCondition } from "./filter_sql.ts";
import { type Page, queryPage } from "./paging.ts";

export const issueStatuses = ["pending", "rejected", "resolved"] as const;
export type IssueStatus = typeof issueStatuses[number];
/** From the least to the greatest. */
export const issueSeverities = ["not_an_issue", "low", "medium", "high"] as const;
export type IssueSeverity = typeof issueSeverities[number];

export interface IssueRow extends Record<string, unknown> {
  issue_id: string;
  experiment_id: number;
  name: string;
  description: string;
  status: IssueStatus;
  severity: IssueSeverity | null;
  /** JSON of a list of text, as are the categories. */
  root_causes: string | null;
  categories: string | null;
  source_run_id: string | null;
  created_by: string | null;
  created_timestamp: number;
  last_updated_timestamp: number;
  /** Traces that have it, where that was asked for. */
  trace_count?: number;
}

const columns = `i.issue_id, i.experiment_id, i.name, i.description, i.status, i.severity,
  i.root_causes, i.categories, i.source_run_id, i.created_by, i.created_timestamp,
  i.last_updated_timestamp`;

const traceCount = `(select count(distinct a.trace_id) from trace_assessments a
  where a.name = i.issue_id and a.kind = 'issue')`;

const severityRank = `case i.severity ${
  issueSeverities.map((name, rank) => `when '${name}' then ${rank}`).join(" ")
} else -1 end`;

export async function insertIssue(sql: Sql, row: IssueRow): Promise<void> {
  await sql.query(
    `insert into issues (issue_id, experiment_id, name, description, status, severity,
       root_causes, categories, source_run_id, created_by, created_timestamp,
       last_updated_timestamp) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
    [
      row.issue_id,
      row.experiment_id,
      storableText(row.name),
      storableText(row.description),
      row.status,
      row.severity,
      row.root_causes,
      row.categories,
      row.source_run_id,
      row.created_by === null ? null : storableText(row.created_by),
      row.created_timestamp,
    ],
  );
}

/** Changes what is not null; the row, or null where there is none. */
export async function updateIssue(
  sql: Sql,
  issueId: string,
  change: Partial<Pick<IssueRow, "name" | "description" | "status" | "severity">>,
  now: number,
): Promise<IssueRow | null> {
  const [row] = await sql.query<IssueRow>(
    `update issues i set name = coalesce($2, name), description = coalesce($3, description),
       status = coalesce($4, status), severity = coalesce($5, severity),
       last_updated_timestamp = $6 where issue_id = $1 returning ${columns}`,
    [
      issueId,
      change.name === undefined ? null : storableText(change.name),
      change.description === undefined ? null : storableText(change.description),
      change.status ?? null,
      change.severity ?? null,
      now,
    ],
  );
  return row ?? null;
}

export async function findIssue(sql: Sql, issueId: string): Promise<IssueRow | null> {
  const [row] = await sql.query<IssueRow>(
    `select ${columns} from issues i where i.issue_id = $1`,
    [issueId],
  );
  return row ?? null;
}

/** The severest first, then what most traces have (where they are counted), then the newest. */
export async function searchIssues(sql: Sql, query: {
  experimentId?: number;
  filter: Filter | null;
  countTraces: boolean;
  limit: number;
  pageToken?: string;
}): Promise<Page<IssueRow>> {
  const params = new Params();
  const where: string[] = [];
  if (query.experimentId !== undefined) {
    where.push(`i.experiment_id = ${params.add(query.experimentId)}`);
  }
  if (query.filter) {
    where.push(
      filterSql(
        query.filter,
        params,
        (c, p) => `coalesce(${textCondition(`i.${c.key}`, c, p)}, false)`,
      ),
    );
  }
  const down = { ascending: false, nullable: false };
  return await queryPage<IssueRow>(sql, {
    select: query.countTraces ? `${columns}, ${traceCount} as trace_count` : columns,
    from: "issues i",
    where,
    params: params.values,
    sort: [
      { expression: severityRank, type: "int8", ...down },
      ...query.countTraces ? [{ expression: traceCount, type: "int8" as const, ...down }] : [],
      { expression: "i.created_timestamp", type: "int8", ...down },
      { expression: "i.issue_id", type: "text", ...down },
    ],
    limit: query.limit,
    pageToken: query.pageToken,
  });
}
