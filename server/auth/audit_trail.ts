/**
 * Writes to the audit log what requests of MLflow's protocol removed or moved: its routes know
 * nothing of the log. Our own routes write their entries themselves.
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../env.ts";

type Body = Record<string, unknown>;

interface Trail {
  method: string;
  /** Behind `/mlflow/`. */
  path: string;
  action: string;
  target: (body: Body) => string;
  details?: readonly string[];
}

const run = (b: Body) => `run:${b.run_id ?? b.run_uuid}`;
const experiment = (b: Body) => `experiment:${b.experiment_id}`;
const model = (b: Body) => `model:${b.name}`;
const version = (b: Body) => `model:${b.name}/${b.version}`;

const trails: readonly Trail[] = [
  { method: "POST", path: "runs/delete", action: "run.delete", target: run },
  { method: "POST", path: "runs/restore", action: "run.restore", target: run },
  { method: "POST", path: "experiments/delete", action: "experiment.delete", target: experiment },
  { method: "POST", path: "experiments/restore", action: "experiment.restore", target: experiment },
  {
    method: "POST",
    path: "experiments/update",
    action: "experiment.rename",
    target: experiment,
    details: ["new_name"],
  },
  { method: "POST", path: "registered-models/create", action: "model.create", target: model },
  {
    method: "POST",
    path: "registered-models/rename",
    action: "model.rename",
    target: model,
    details: ["new_name"],
  },
  { method: "DELETE", path: "registered-models/delete", action: "model.delete", target: model },
  {
    method: "POST",
    path: "registered-models/alias",
    action: "alias.set",
    target: version,
    details: ["alias"],
  },
  {
    method: "DELETE",
    path: "registered-models/alias",
    action: "alias.delete",
    target: model,
    details: ["alias"],
  },
  {
    method: "POST",
    path: "model-versions/create",
    action: "version.create",
    target: model,
    details: ["source", "run_id"],
  },
  {
    method: "POST",
    path: "model-versions/transition-stage",
    action: "version.stage",
    target: version,
    details: ["stage"],
  },
  { method: "DELETE", path: "model-versions/delete", action: "version.delete", target: version },
];

const byRequest = new Map(trails.map((t) => [`${t.method} ${t.path}`, t]));

/** Appends an entry after each such request that succeeded. */
export function trailAudit(): MiddlewareHandler<AppEnv> {
  return async function trailAudit(c, next) {
    const path = c.req.path.match(/\/mlflow\/(.+?)\/?$/)?.[1];
    const trail = byRequest.get(`${c.req.method} ${path}`);
    if (!trail) return await next();
    const text = await c.req.text();
    await next();
    if (!c.res.ok) return;
    let body: Body = {};
    try {
      body = { ...c.req.query(), ...JSON.parse(text || "{}") };
    } catch { /* the route took it in another form */ }
    const details = Object.fromEntries(
      (trail.details ?? []).filter((key) => body[key] !== undefined)
        .map((key) => [key, String(body[key]).slice(0, 1000)]),
    );
    await c.get("services").audit.append({
      actor: c.get("caller").name,
      action: trail.action,
      target: trail.target(body).slice(0, 500),
      details,
      requestId: c.get("requestId"),
    });
  };
}
