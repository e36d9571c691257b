/**
 * Keeps what promotions, lineages and alerts show of a model version from callers who may not read
 * the experiment that the version comes from.
 * @module
 */
import type { Context } from "hono";
import * as people from "../db/people.ts";
import { findPromotion } from "../db/promotions.ts";
import type { AppEnv } from "../env.ts";

interface Shown {
  model?: string;
  version?: string | null;
  /** Of a move of an alias: the version that it left. */
  previousVersion?: string | null;
  lineage?: { experimentId: string | null };
}

/** A version of a model, as requests name it. */
export interface VersionName {
  name: string;
  version: string;
}

const promotionPath = /\/v1\/promotions\/([^/]+)/;
const lineagePath = /\/v1\/models\/([^/]+)\/versions\/(\d{1,9})\//;
const alertsPath = /\/v1\/models\/([^/]+)\/alerts$/;
const listPath = /\/v1\/(promotions\/?|models\/[^/]+\/(alerts|alias-history))$/;

/** Paths whose answers list promotions, alerts or moves of aliases of many versions. */
export const isGovernanceList = (method: string, path: string) =>
  method === "GET" && listPath.test(path);

/** Reviewers judge what they may read; who may review is the roles' matter. */
export const isReviewPath = (path: string) => promotionPath.test(path);

/** The experiments of the version that a request for a promotion, lineage or alert is about. */
export async function experimentsOfGovernance(
  c: Context<AppEnv>,
  path: string,
): Promise<string[]> {
  const { db } = c.get("services");
  const id = promotionPath.exec(path)?.[1];
  const promotion = id === undefined ? null : await findPromotion(db, id);
  if (promotion) {
    const { model: name, version, lineage } = promotion;
    const known = lineage.experimentId === null ? [] : [lineage.experimentId];
    return [...known, ...await experimentsOf(c, { name, version: String(version) })];
  }
  const named = lineagePath.exec(path);
  if (named) return await experimentsOf(c, { name: named[1], version: named[2] });
  const isAsked = c.req.method === "POST" &&
    (/\/v1\/promotions\/?$/.test(path) || alertsPath.test(path));
  if (!isAsked) return [];
  let body: { model?: unknown; version?: unknown };
  try {
    body = JSON.parse(await c.req.text()) ?? {};
  } catch {
    return []; // the route says what is wrong with it
  }
  const name = alertsPath.exec(path)?.[1] ?? body.model;
  if (typeof name !== "string" || !/^\d{1,9}$/.test(String(body.version))) return [];
  return await experimentsOf(c, { name, version: String(body.version) });
}

async function experimentsOf(c: Context<AppEnv>, { name, version }: VersionName) {
  const rows = await people.experimentsOfVersion(c.get("services").db, name, version);
  return rows.map((row) => String(row.experiment_id));
}

/**
 * Takes out of a list of promotions, alerts or moves what is about versions that the caller may not
 * read, and the number of such a version where an alias left it.
 */
export async function hideGovernance(c: Context<AppEnv>): Promise<void> {
  const body = await c.res.clone().json() as Record<string, Shown[]>;
  const [[field, list]] = Object.entries(body);
  const { experimentAccess } = c.get("services");
  const owners = new Map<string, string[]>();
  const keyOf = (model?: string, version?: string | null) => JSON.stringify([model, version]);
  for (const { model, version, previousVersion } of list) {
    for (const one of [version, previousVersion]) {
      const key = keyOf(model, one);
      if (owners.has(key) || !model || !one) continue;
      owners.set(key, await experimentsOf(c, { name: model, version: one }));
    }
  }
  const own = ({ model, version, lineage }: Shown) => [
    ...owners.get(keyOf(model, version)) ?? [],
    ...lineage?.experimentId ? [lineage.experimentId] : [],
  ];
  const left = ({ model, previousVersion }: Shown) =>
    owners.get(keyOf(model, previousVersion)) ?? [];
  const denied = new Set(
    await experimentAccess.denied(
      list.flatMap((item) => [...own(item), ...left(item)]),
      c.get("caller").name,
      "read",
    ),
  );
  if (denied.size === 0) return;
  const isDenied = (ids: string[]) => ids.some((id) => denied.has(id));
  const shown = list.filter((item) => !isDenied(own(item)))
    .map((item) => isDenied(left(item)) ? { ...item, previousVersion: null } : item);
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  c.res = new Response(JSON.stringify({ [field]: shown }), { status: c.res.status, headers });
}
