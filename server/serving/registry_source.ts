/** The tracking server's own registry and artifacts as the source of served models. @module */
import { ApiError } from "../errors.ts";
import type { ArtifactService } from "../services/artifacts.ts";
import type { RegistryService } from "../services/registry.ts";
import type { AliasTarget, ModelSource, ModelVersionRef } from "./model_source.ts";

/** The result of `body`, or `missing` when what it asks for does not exist. */
async function orMissing<T, M>(body: () => Promise<T>, missing: M): Promise<T | M> {
  try {
    return await body();
  } catch (error) {
    const absent = error instanceof ApiError &&
      ["RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"].includes(error.code);
    if (absent) return missing;
    throw error;
  }
}

/** Served models are the registry's versions; their files lie under each version's source. */
export function createRegistrySource(
  services: { registry: RegistryService; artifacts: ArtifactService },
): ModelSource {
  const { registry, artifacts } = services;

  async function version(name: string, number: string): Promise<ModelVersionRef | null> {
    if (!/^\d{1,9}$/.test(number)) return null;
    const found = await orMissing(() => registry.getVersion(name, number), null);
    if (!found) return null;
    const source = await registry.getDownloadUri(name, number);
    return { name, version: found.version, runId: found.run_id || null, source };
  }

  async function aliased(
    name: string,
    alias: string,
    aliases: readonly { alias: string; version: string }[],
  ): Promise<AliasTarget | null> {
    const number = aliases.find((a) => a.alias === alias)?.version;
    const ref = number === undefined ? null : await version(name, number);
    return ref && { ...ref, alias };
  }

  return {
    version,
    async targets(alias) {
      const found: AliasTarget[] = [];
      let pageToken: string | undefined;
      do {
        const page = await registry.searchModels({ maxResults: 1000, pageToken });
        const targets = await Promise.all(
          page.items.map((model) => aliased(model.name, alias, model.aliases)),
        );
        found.push(...targets.filter((target) => target !== null));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return found.sort((a, b) => a.name < b.name ? -1 : 1);
    },
    async target(name, alias) {
      const model = await orMissing(() => registry.getModel(name), undefined);
      return model && await aliased(name, alias, model.aliases);
    },
    async versions(name) {
      if (!await orMissing(() => registry.getModel(name), null)) return null;
      const numbers: number[] = [];
      let pageToken: string | undefined;
      do {
        const page = await registry.searchVersions({
          filter: `name = '${name.replaceAll("'", "''")}'`,
          maxResults: 1000,
          pageToken,
        });
        numbers.push(...page.items.map((v) => Number(v.version)));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return numbers.sort((a, b) => a - b).map(String);
    },
    async readFile(ref, path) {
      const uri = `${ref.source.replace(/\/+$/, "")}/${path}`;
      return await orMissing(() => artifacts.read(uri), null);
    },
  };
}
