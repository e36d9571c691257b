/** Issues that people and judges find in traces (MLflow 3). @module */
import type { Database } from "../../db/database.ts";
import * as store from "../../db/issues.ts";
import { experimentsOfRuns } from "../../db/people.ts";
import { invalid, notFound } from "../../errors.ts";
import { parseFilter } from "../../search/filter.ts";
import { issueGrammar } from "../../search/issue_grammar.ts";
import type { Clock } from "../clock.ts";
import type { Page, TrackingService } from "../tracking.ts";
import { checkLength, parseExperimentId } from "../validation.ts";
import { activeExperiment, newId, pageSize } from "./_limits.ts";

/** As MLflow's message has it. */
export interface Issue {
  issue_id: string;
  experiment_id: string;
  name: string;
  description: string;
  status: store.IssueStatus;
  severity?: store.IssueSeverity;
  root_causes?: string[];
  categories?: string[];
  source_run_id?: string;
  created_by?: string;
  created_timestamp: number;
  last_updated_timestamp: number;
  trace_count?: number;
}

export interface IssueChange {
  name?: string;
  description?: string;
  status?: string;
  severity?: string;
}

export interface IssueService {
  create(
    issue: IssueChange & {
      experimentId: string;
      name: string;
      description: string;
      rootCauses?: string[];
      categories?: string[];
      sourceRunId?: string;
      createdBy?: string;
    },
  ): Promise<Issue>;
  get(issueId: string): Promise<Issue>;
  update(issueId: string, change: IssueChange): Promise<Issue>;
  search(query: {
    experimentId?: string;
    filter?: string;
    maxResults?: number;
    pageToken?: string;
    countTraces?: boolean;
  }): Promise<Page<Issue>>;
}

const most = { name: 250, description: 100_000, createdBy: 255, lists: 100, item: 10_000 };
const defaultResults = 100;

const toIssue = (row: store.IssueRow): Issue => ({
  issue_id: row.issue_id,
  experiment_id: String(row.experiment_id),
  name: row.name,
  description: row.description,
  status: row.status,
  severity: row.severity ?? undefined,
  root_causes: row.root_causes === null ? undefined : JSON.parse(row.root_causes),
  categories: row.categories === null ? undefined : JSON.parse(row.categories),
  source_run_id: row.source_run_id ?? undefined,
  created_by: row.created_by ?? undefined,
  created_timestamp: row.created_timestamp,
  last_updated_timestamp: row.last_updated_timestamp,
  trace_count: row.trace_count,
});

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw invalid(`Issue ${name} must be one of ${allowed.join(", ")}, got '${value}'`);
  }
  return value as T;
}

function checked({ name, description, status, severity }: IssueChange) {
  checkLength("name", most.name, name);
  checkLength("description", most.description, description);
  return {
    name: name || undefined,
    description: description || undefined,
    status: status === undefined ? undefined : oneOf("status", status, store.issueStatuses),
    severity: severity === undefined
      ? undefined
      : oneOf("severity", severity, store.issueSeverities),
  };
}

function listText(name: string, list: string[] | undefined): string | null {
  if (!list?.length) return null;
  if (list.length > most.lists) {
    throw invalid(`${name} must have at most ${most.lists} items, got ${list.length}`);
  }
  list.forEach((item, i) => checkLength(`${name}[${i}]`, most.item, item));
  return JSON.stringify(list);
}

export function createIssueService(
  { db, clock, tracking }: { db: Database; clock: Clock; tracking: TrackingService },
): IssueService {
  const missing = (issueId: string) => notFound(`Issue with ID '${issueId}' not found`);

  return {
    async create(given) {
      const change = checked(given);
      checkLength("created_by", most.createdBy, given.createdBy);
      const experimentId = await activeExperiment(tracking, given.experimentId);
      const sourceRunId = given.sourceRunId || null;
      if (sourceRunId && (await experimentsOfRuns(db, [sourceRunId])).length === 0) {
        throw invalid(`source_run_id must be the id of a run, got '${sourceRunId}'`);
      }
      const now = clock.now();
      const row: store.IssueRow = {
        issue_id: newId("iss"),
        experiment_id: experimentId,
        name: given.name,
        description: given.description,
        status: change.status ?? "pending",
        severity: change.severity ?? null,
        root_causes: listText("root_causes", given.rootCauses),
        categories: listText("categories", given.categories),
        source_run_id: sourceRunId,
        created_by: given.createdBy || null,
        created_timestamp: now,
        last_updated_timestamp: now,
      };
      await store.insertIssue(db, row);
      return toIssue(row);
    },

    async get(issueId) {
      const row = await store.findIssue(db, issueId);
      if (!row) throw missing(issueId);
      return toIssue(row);
    },

    async update(issueId, change) {
      const row = await store.updateIssue(db, issueId, checked(change), clock.now());
      if (!row) throw missing(issueId);
      return toIssue(row);
    },

    async search({ experimentId, filter, maxResults, pageToken, countTraces = false }) {
      const limit = pageSize(maxResults, defaultResults);
      const page = await store.searchIssues(db, {
        experimentId: experimentId ? parseExperimentId(experimentId) : undefined,
        filter: parseFilter(filter, issueGrammar),
        countTraces,
        limit,
        pageToken: pageToken || undefined,
      });
      return { ...page, items: page.items.map(toIssue) };
    },
  };
}
