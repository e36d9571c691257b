/**
 * Takes model versions out of the registry's answers that come from experiments the caller may not
 * read. A version belongs to the experiment of its run, or else of its logged model.
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "../env.ts";
import * as people from "../db/people.ts";
import { ApiError } from "../errors.ts";

interface Version {
  name?: string;
  version?: string;
  run_id?: string;
  model_id?: string;
}

interface RegistryAnswer {
  model_version?: Version;
  model_versions?: Version[];
  registered_model?: { latest_versions?: Version[] };
  registered_models?: { latest_versions?: Version[] }[];
}

/** Paths of the registry whose answers hold versions. */
export const isRegistryPath = (path: string) =>
  /\/mlflow\/(registered-models|model-versions)\/[^/]+$/.test(path);

/** Whether the caller may not read the experiment that the version comes from. */
async function hiddenAmong(
  c: Context<AppEnv>,
  versions: readonly Version[],
): Promise<(version: Version) => boolean> {
  const { db, experimentAccess } = c.get("services");
  const of = (field: "run_id" | "model_id") => [
    ...new Set(versions.flatMap((v) => v[field] ? [v[field]!] : [])),
  ];
  const [runIds, modelIds] = [of("run_id"), of("model_id")];
  const owners = new Map<string, string>();
  for (const row of runIds.length ? await people.experimentsOfRuns(db, runIds) : []) {
    owners.set(row.run_id, String(row.experiment_id));
  }
  for (const row of modelIds.length ? await people.experimentsOfModels(db, modelIds) : []) {
    owners.set(row.model_id, String(row.experiment_id));
  }
  const denied = new Set(
    await experimentAccess.denied([...owners.values()], c.get("caller").name, "read"),
  );
  return ({ run_id, model_id }) =>
    [run_id, model_id].some((id) => id !== undefined && denied.has(owners.get(id) ?? ""));
}

/** Rewrites the registry's answer; a single version that is hidden is refused. */
export async function hideVersions(c: Context<AppEnv>): Promise<void> {
  const body = await c.res.clone().json() as RegistryAnswer;
  const models = [body.registered_model ?? {}, ...body.registered_models ?? []];
  const lists = [body.model_versions ?? [], ...models.map((m) => m.latest_versions ?? [])];
  const versions = [...lists.flat(), ...body.model_version ? [body.model_version] : []];
  if (versions.length === 0) return;
  const isHidden = await hiddenAmong(c, versions);
  if (!versions.some(isHidden)) return;
  if (body.model_version && isHidden(body.model_version)) {
    throw new ApiError(
      "PERMISSION_DENIED",
      `Cannot ${c.req.method} ${c.req.path}: ${c.get("caller").name} needs the permission read ` +
        `on the experiment of version ${body.model_version.version} of ${body.model_version.name}`,
    );
  }
  const shown = (list: Version[]) => list.filter((v) => !isHidden(v));
  if (body.model_versions) body.model_versions = shown(body.model_versions);
  for (const model of models) {
    if (model.latest_versions) model.latest_versions = shown(model.latest_versions);
  }
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  c.res = new Response(JSON.stringify(body), { status: c.res.status, headers });
}
