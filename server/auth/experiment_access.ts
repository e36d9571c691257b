/**
 * Permissions of single experiments, on top of roles: `none`, `read`, `write`, `manage`, per user or
 * for everybody else (`*`). An experiment without entries is open to whoever the role lets in.
 *
 * Which experiments a request touches is read from the names that requests use for them, wherever
 * they stand: `experiment_id`, `run_id`, `model_id` and the like in the query and in the body, and
 * the places of artifacts in the path.
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import type { ExperimentPermission, PermissionLevel } from "../../lib/contracts/people/mod.ts";
import type { Database } from "../db/database.ts";
import { experimentsOfDatasets } from "../db/evaluation_datasets.ts";
import * as people from "../db/people.ts";
import { experimentsOfReviews } from "../db/review_queues.ts";
import { experimentsOfTraces } from "../db/traces.ts";
import type { AppEnv } from "../env.ts";
import { ApiError } from "../errors.ts";
import type { AuditLog } from "../services/audit_log.ts";
import type { Actor } from "../services/promotions.ts";
import { accessOf } from "./access_rules.ts";
import {
  experimentsOfGovernance,
  hideGovernance,
  isGovernanceList,
  isReviewPath,
} from "./governance_access.ts";
import { hideVersions, isRegistryPath } from "./version_access.ts";

const rank: Record<PermissionLevel, number> = { none: 0, read: 1, write: 2, manage: 3 };

export interface ExperimentAccess {
  /** Of these experiments, those where `user` has less than `level`. */
  denied(experimentIds: readonly string[], user: string, level: PermissionLevel): Promise<string[]>;
  list(experimentId: string): Promise<ExperimentPermission[]>;
  replace(
    experimentId: string,
    permissions: ExperimentPermission[],
    actor: Actor,
  ): Promise<ExperimentPermission[]>;
}

/** Permissions over the database, believed for two seconds. */
export function createExperimentAccess(
  { db, audit, now = Date.now }: { db: Database; audit: AuditLog; now?: () => number },
): ExperimentAccess {
  const known = new Map<string, { level: PermissionLevel | null; until: number }>();

  return {
    async denied(experimentIds, user, level) {
      const at = now();
      const ids = [...new Set(experimentIds)].filter((id) => /^\d{1,18}$/.test(id));
      const unknown = ids.filter((id) => !((known.get(`${id} ${user}`)?.until ?? 0) > at));
      if (unknown.length > 0) {
        if (known.size > 50_000) known.clear();
        const rows = await people.readPermissions(db, unknown, user);
        for (const id of unknown) {
          const own = rows.filter((r) => String(r.experiment_id) === id);
          const row = own.find((r) => r.user_name === user) ?? own[0];
          known.set(`${id} ${user}`, { level: row?.level ?? null, until: at + 2_000 });
        }
      }
      return ids.filter((id) => {
        const has = known.get(`${id} ${user}`)!.level;
        return has !== null && rank[has] < rank[level];
      });
    },
    list: (experimentId) => people.listPermissions(db, experimentId),
    async replace(experimentId, permissions, actor) {
      await db.transaction(async (tx) => {
        const before = await people.listPermissions(tx, experimentId);
        await people.replacePermissions(tx, experimentId, permissions);
        await audit.appendIn(tx, {
          actor: actor.name,
          action: "permissions.set",
          target: `experiment:${experimentId}`,
          details: { before, after: permissions },
          requestId: actor.requestId,
        });
      });
      await audit.anchor();
      known.clear();
      return await people.listPermissions(db, experimentId);
    },
  };
}

/** What a request names. */
interface References {
  experiments: Set<string>;
  experimentNames: Set<string>;
  runs: Set<string>;
  models: Set<string>;
  traces: Set<string>;
  datasets: Set<string>;
  /** Issues, label schemas, review queues and scorers, whose ids tell them apart. */
  reviews: Set<string>;
  /** The model version asked for, which belongs to the experiment of its run. */
  version?: { name: string; version: string };
}

/** Fields that wrap others that name an experiment or a trace. */
const wrappers = new Set([
  "trace",
  "trace_info",
  "trace_location",
  "mlflow_experiment",
  "locations",
  "assessment",
]);

const names: Record<string, Exclude<keyof References, "version">> = {
  experiment_id: "experiments",
  experimentId: "experiments",
  experiment_ids: "experiments",
  experimentIds: "experiments",
  experiment_name: "experimentNames",
  experiment: "experimentNames",
  run_id: "runs",
  runId: "runs",
  run_uuid: "runs",
  run_ids: "runs",
  runIds: "runs",
  runs: "runs",
  source_run_id: "runs",
  parentRunId: "runs",
  model_id: "models",
  trace_id: "traces",
  trace_ids: "traces",
  request_ids: "traces",
  dataset_id: "datasets",
  issue_id: "reviews",
  schema_id: "reviews",
  schema_ids: "reviews",
  queue_id: "reviews",
  scorer_ids: "reviews",
};

function collect(into: References, key: string, value: unknown): void {
  if (wrappers.has(key) && typeof value === "object" && value !== null) {
    for (const item of Array.isArray(value) ? value : [value]) {
      for (const [k, v] of Object.entries(item ?? {})) collect(into, k, v);
    }
    return;
  }
  const kind = names[key];
  if (kind === undefined) return;
  for (const item of Array.isArray(value) ? value : [value]) {
    if (typeof item === "string") {
      for (const part of item.split(",")) into[kind].add(part.trim());
    } else if (typeof item === "number") into[kind].add(String(item));
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ApiError("BAD_REQUEST", "Cannot read the request: its path is not encoded rightly");
  }
}

async function referencesOf(c: Context<AppEnv>): Promise<References> {
  const found: References = {
    experiments: new Set(),
    experimentNames: new Set(),
    runs: new Set(),
    models: new Set(),
    traces: new Set(),
    datasets: new Set(),
    reviews: new Set(),
  };
  const header = c.req.header("x-mlflow-experiment-id");
  if (header !== undefined) found.experiments.add(header.trim());
  const url = new URL(c.req.url);
  for (const [key, value] of url.searchParams) collect(found, key, value);
  const path = decodePath(url.pathname);
  const place = path.match(/\/mlflow-artifacts\/+(?:artifacts|mpu\/+\w+|presigned)\/+([^/]+)/)
    ?.[1];
  if (place !== undefined) found.experiments.add(place);
  const listed = url.searchParams.get("path");
  if (/\/mlflow-artifacts\/artifacts$/.test(path) && listed) {
    found.experiments.add(listed.replace(/^\/+/, "").split("/")[0]);
  }
  const part = (area: string) => path.match(new RegExp(`/v1/${area}/([^/]+)`))?.[1];
  const run = part("runs");
  if (run !== undefined) found.runs.add(run);
  const experiment = part("experiments");
  if (experiment !== undefined) found.experiments.add(experiment);
  const model = path.match(/\/logged-models\/(m-[^/]+)/)?.[1];
  if (model !== undefined) found.models.add(model);
  const trace = path.match(/\/mlflow\/traces\/([^/]+)/)?.[1];
  if (trace !== undefined) found.traces.add(trace);
  const asked = /\/get-trace-artifact$/.test(path) ? url.searchParams.get("request_id") : null;
  if (asked !== null) found.traces.add(asked);
  const takeVersion = (name: unknown, version: unknown) => {
    if (!/\/model-versions\/[^/]+$/.test(path) || typeof name !== "string") return;
    if (/^\d{1,9}$/.test(String(version))) found.version = { name, version: String(version) };
  };
  takeVersion(url.searchParams.get("name"), url.searchParams.get("version"));
  const dataset = path.match(/\/mlflow\/datasets\/(d-[^/]+)/)?.[1];
  if (dataset !== undefined) found.datasets.add(dataset);
  const issue = path.match(/\/mlflow\/issues\/(iss-[^/]+)/)?.[1];
  if (issue !== undefined) found.reviews.add(issue);
  if (/json/.test(c.req.header("content-type") ?? "") || /\/mlflow\//.test(path)) {
    if (!/mlflow-artifacts|upload-artifact/.test(path) && c.req.raw.body) {
      const text = await c.req.text();
      try {
        const body = JSON.parse(text);
        for (const [key, value] of Object.entries(body ?? {})) collect(found, key, value);
        takeVersion(body?.name, body?.version);
      } catch { /* the route says what is wrong with it */ }
    }
  }
  return found;
}

/** Refuses requests that touch an experiment beyond the caller's permission. */
export function guardExperiments(): MiddlewareHandler<AppEnv> {
  return async function guardExperiments(c, next) {
    const { config, db, experimentAccess } = c.get("services");
    const caller = c.get("caller");
    const access = accessOf(c.req.method, c.req.path);
    if (config.auth === "off" || caller.scopes.includes("admin") || access === "public") {
      return await next();
    }
    const found = await referencesOf(c);
    const ids = [...found.experiments];
    if (found.runs.size > 0) {
      ids.push(
        ...(await people.experimentsOfRuns(db, [...found.runs])).map((r) =>
          String(r.experiment_id)
        ),
      );
    }
    if (found.models.size > 0) {
      ids.push(
        ...(await people.experimentsOfModels(db, [...found.models])).map((r) =>
          String(r.experiment_id)
        ),
      );
    }
    if (found.traces.size > 0) {
      const owners = await experimentsOfTraces(db, [...found.traces]);
      ids.push(...owners.map((r) => String(r.experiment_id)));
    }
    if (found.datasets.size > 0) {
      const owners = await experimentsOfDatasets(db, [...found.datasets]);
      ids.push(...owners.map((r) => String(r.experiment_id)));
    }
    if (found.version) {
      const { name, version } = found.version;
      const owners = await people.experimentsOfVersion(db, name, version);
      ids.push(...owners.map((r) => String(r.experiment_id)));
    }
    if (found.reviews.size > 0) {
      const owners = await experimentsOfReviews(db, [...found.reviews]);
      ids.push(...owners.map((r) => String(r.experiment_id)));
    }
    for (const name of found.experimentNames) {
      const id = await people.experimentIdByName(db, name);
      if (id !== null) ids.push(id);
    }
    ids.push(...await experimentsOfGovernance(c, decodePath(c.req.path)));
    const isPermissions = c.req.path.endsWith("/permissions") && c.req.method !== "GET";
    const isLook = access === "read" || isReviewPath(c.req.path);
    const level = isPermissions ? "manage" : isLook ? "read" : "write";
    const refused = await experimentAccess.denied(ids, caller.name, level);
    if (refused.length > 0) {
      throw new ApiError(
        "PERMISSION_DENIED",
        `Cannot ${c.req.method} ${c.req.path}: ${caller.name} needs the permission ${level} on ` +
          `experiment ${refused.join(", ")}`,
      );
    }
    await next();
    if (isRegistryPath(c.req.path) && c.res.ok) await hideVersions(c);
    if (isGovernanceList(c.req.method, c.req.path) && c.res.ok) await hideGovernance(c);
    if (/\/experiments\/search$/.test(c.req.path) && c.res.ok) {
      await hideOfExperiments(c, "experiments");
    }
    if (/\/mlflow\/issues\/search$/.test(c.req.path) && c.res.ok) {
      await hideOfExperiments(c, "issues");
    }
    if (/\/mlflow\/datasets\/search$/.test(c.req.path) && c.res.ok) await hideDatasets(c);
  };
}

/** Takes evaluation datasets of experiments that the caller may not read out of a search's answer. */
async function hideDatasets(c: Context<AppEnv>): Promise<void> {
  const body = await c.res.clone().json();
  const list: { dataset_id: string }[] = body.datasets ?? [];
  const { db, experimentAccess } = c.get("services");
  const shown = [];
  for (const dataset of list) {
    const owners = await experimentsOfDatasets(db, [dataset.dataset_id]);
    const ids = owners.map((r) => String(r.experiment_id));
    const denied = await experimentAccess.denied(ids, c.get("caller").name, "read");
    if (denied.length === 0) shown.push(dataset);
  }
  if (shown.length === list.length) return;
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  c.res = new Response(JSON.stringify({ ...body, datasets: shown }), {
    status: c.res.status,
    headers,
  });
}

/** Takes what belongs to experiments that the caller may not read out of a search's answer. */
async function hideOfExperiments(
  c: Context<AppEnv>,
  field: "experiments" | "issues",
): Promise<void> {
  const body = await c.res.clone().json();
  const list: { experiment_id: string }[] = body[field] ?? [];
  const { experimentAccess } = c.get("services");
  const hidden = new Set(
    await experimentAccess.denied(list.map((e) => e.experiment_id), c.get("caller").name, "read"),
  );
  if (hidden.size === 0) return;
  body[field] = list.filter((e) => !hidden.has(e.experiment_id));
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  c.res = new Response(JSON.stringify(body), { status: c.res.status, headers });
}
