/** Registered models, versions and aliases over the database. @module */
import { modelStages } from "../../lib/contracts/mlflow/mod.ts";
import type { ModelVersion, RegisteredModel } from "../../lib/contracts/mlflow/mod.ts";
import type { Database, Sql } from "../db/database.ts";
import * as store from "../db/registry.ts";
import { searchModels, searchVersions } from "../db/registry_search.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../errors.ts";
import { type Grammar, parseFilter } from "../search/filter.ts";
import {
  modelGrammar,
  modelOrderGrammar,
  versionGrammar,
  versionOrderGrammar,
} from "../search/grammars.ts";
import { parseOrderBy } from "../search/order.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import type { RegistryService } from "./registry.ts";
import * as check from "./validation.ts";

const activeStages = ["Staging", "Production"];

/** The stage by its own name, whatever case it was written in. */
export function canonicalStage(stage: string): string {
  const found = modelStages.find((s) => s.toLowerCase() === stage.toLowerCase());
  if (!found) {
    throw invalid(
      `Invalid Model Version stage: ${stage}. Value must be one of ${modelStages.join(", ")}.`,
    );
  }
  return found;
}

const orderOf = (clauses: string[] | undefined, grammar: Grammar) => parseOrderBy(clauses, grammar);

export interface RegistryDeps {
  db: Database;
  clock: Clock;
  events: EventHub;
}

export function createRegistryService({ db, clock, events }: RegistryDeps): RegistryService {
  async function model(name: string, sql: Sql = db): Promise<RegisteredModel> {
    check.checkModelName(name);
    const found = await store.findModel(sql, name);
    if (!found) throw notFound(`Registered Model with name=${name} not found`);
    return found;
  }

  async function version(name: string, text: string, sql: Sql = db): Promise<ModelVersion> {
    check.checkModelName(name);
    const number = check.parseVersion(text);
    const found = await store.findVersion(sql, name, number);
    if (!found) throw notFound(`Model Version (name=${name}, version=${number}) not found`);
    return found;
  }

  const versionId = (name: string, number: string | number) => `${name}/${number}`;

  function checkMaxResults(maxResults: number, most: number): number {
    if (maxResults < 1) {
      throw invalid(
        `Invalid value for max_results. It must be a positive integer, but got ${maxResults}`,
      );
    }
    if (maxResults > most) {
      throw invalid(
        `Invalid value for request parameter max_results. It must be at most ${most}, ` +
          `but got value ${maxResults}`,
      );
    }
    return maxResults;
  }

  const service: RegistryService = {
    async createModel(name, options = {}) {
      const { tags = [], description } = options;
      check.checkModelName(name);
      for (const { key, value } of tags) check.checkRegistryTag(key, value);
      if (!await store.insertModel(db, { name, description, tags, now: clock.now() })) {
        throw alreadyExists(`Registered Model (name=${name}) already exists.`);
      }
      events.emit({ kind: "model.created", id: name });
      return await model(name);
    },

    getModel: (name) => model(name),

    async updateModel(name, description) {
      await model(name);
      await store.describeModel(db, name, description, clock.now());
      events.emit({ kind: "model.updated", id: name });
      return await model(name);
    },

    async renameModel(name, newName) {
      if (!newName?.trim()) throw invalid(check.missingValue("new_name"));
      check.checkModelName(newName);
      await model(name);
      await db.transaction(async (tx) => {
        if (!await store.renameModel(tx, name, newName, clock.now())) {
          throw alreadyExists(`Registered Model (name=${newName}) already exists.`);
        }
      });
      events.emit({ kind: "model.updated", id: newName, data: { renamedFrom: name } });
      return await model(newName);
    },

    async deleteModel(name) {
      await model(name);
      await store.deleteModel(db, name);
      events.emit({ kind: "model.deleted", id: name });
    },

    async searchModels(options = {}) {
      return await searchModels(db, {
        filter: parseFilter(options.filter, modelGrammar),
        orders: orderOf(options.orderBy, modelOrderGrammar),
        limit: checkMaxResults(options.maxResults ?? 100, 1000),
        pageToken: options.pageToken,
      });
    },

    async setModelTag(name, key, value) {
      check.checkModelName(name);
      check.checkRegistryTag(key, value);
      await model(name);
      await store.setModelTag(db, name, { key, value });
      events.emit({ kind: "model.updated", id: name, data: { tagSet: { key, value } } });
    },

    async deleteModelTag(name, key) {
      check.checkModelName(name);
      check.checkKey(key, "key");
      await model(name);
      await store.deleteModelTag(db, name, key);
      events.emit({ kind: "model.updated", id: name, data: { tagDeleted: key } });
    },

    async createVersion(given) {
      const { name, tags = [] } = given;
      check.checkModelName(name);
      for (const { key, value } of tags) check.checkRegistryTag(key, value);
      const number = await db.transaction(async (tx) => {
        await model(name, tx);
        return await store.insertVersion(tx, { ...given, tags, now: clock.now() });
      });
      events.emit({ kind: "version.created", id: versionId(name, number) });
      return await version(name, String(number));
    },

    getVersion: (name, number) => version(name, number),

    async updateVersion(name, number, description) {
      await version(name, number);
      await store.describeVersion(db, name, check.parseVersion(number), description, clock.now());
      events.emit({ kind: "version.updated", id: versionId(name, number) });
      return await version(name, number);
    },

    async transitionStage(name, number, stage, archiveExisting) {
      const canonical = canonicalStage(stage);
      if (archiveExisting && !activeStages.includes(canonical)) {
        throw invalid(
          "Model version transition cannot archive existing model versions because " +
            `'${stage}' is not an Active stage. Valid stages are [${
              activeStages.map((name) => `'${name}'`).join(", ")
            }]`,
        );
      }
      await db.transaction(async (tx) => {
        await version(name, number, tx);
        const now = clock.now();
        await store.setStage(tx, name, check.parseVersion(number), canonical, archiveExisting, now);
      });
      events.emit({
        kind: "version.updated",
        id: versionId(name, number),
        data: { stage: canonical },
      });
      return await version(name, number);
    },

    async deleteVersion(name, number) {
      await db.transaction(async (tx) => {
        await version(name, number, tx);
        await store.deleteVersion(tx, name, check.parseVersion(number), clock.now());
      });
      events.emit({ kind: "version.deleted", id: versionId(name, number) });
    },

    async searchVersions(options = {}) {
      return await searchVersions(db, {
        filter: parseFilter(options.filter, versionGrammar),
        orders: orderOf(options.orderBy, versionOrderGrammar),
        limit: checkMaxResults(options.maxResults ?? 10_000, 200_000),
        pageToken: options.pageToken,
      });
    },

    async getLatestVersions(name, stages = []) {
      const wanted = new Set((stages.length ? stages : [...modelStages]).map(canonicalStage));
      return (await model(name)).latest_versions.filter((v) => wanted.has(v.current_stage));
    },

    async setVersionTag(name, number, key, value) {
      check.checkModelName(name);
      check.parseVersion(number);
      check.checkRegistryTag(key, value);
      await version(name, number);
      await store.setVersionTag(db, name, check.parseVersion(number), { key, value });
      events.emit({
        kind: "version.updated",
        id: versionId(name, number),
        data: { tagSet: { key, value } },
      });
    },

    async deleteVersionTag(name, number, key) {
      check.checkModelName(name);
      check.parseVersion(number);
      check.checkKey(key, "key");
      await version(name, number);
      await store.deleteVersionTag(db, name, check.parseVersion(number), key);
      events.emit({
        kind: "version.updated",
        id: versionId(name, number),
        data: { tagDeleted: key },
      });
    },

    async getDownloadUri(name, number) {
      const source = (await version(name, number)).source ?? "";
      const copied = /^models:\/([^/]+)\/(\d+)$/.exec(source);
      if (!copied || copied[1] === name && copied[2] === String(number)) return source;
      try {
        return await service.getDownloadUri(copied[1], copied[2]);
      } catch (error) {
        // What it was copied from is gone.
        if (error instanceof ApiError && error.code === "RESOURCE_DOES_NOT_EXIST") return source;
        throw error;
      }
    },

    async setAlias(name, alias, number) {
      check.checkModelName(name);
      check.checkAlias(alias);
      check.checkAliasIsFree(alias);
      const wanted = check.parseVersion(number);
      const before = await db.transaction(async (tx) => {
        await version(name, number, tx);
        const previous = await store.findAlias(tx, name, alias);
        await store.setAlias(tx, name, alias, wanted);
        return previous;
      });
      events.emit({
        kind: "alias.set",
        id: name,
        data: { alias, version: String(wanted), before: before === null ? null : String(before) },
      });
    },

    async deleteAlias(name, alias) {
      check.checkModelName(name);
      check.checkAlias(alias);
      await model(name);
      await store.deleteAlias(db, name, alias);
      events.emit({ kind: "alias.deleted", id: name, data: { alias } });
    },

    async getVersionByAlias(name, alias) {
      check.checkModelName(name);
      check.checkAlias(alias);
      if (alias.toLowerCase() === "latest") {
        const versions = (await model(name)).latest_versions;
        if (versions.length === 0) {
          throw notFound(`Latest version not found for model ${name}.`);
        }
        return versions.reduce((a, b) => Number(b.version) > Number(a.version) ? b : a);
      }
      await model(name);
      const found = await store.findAlias(db, name, alias);
      if (found === null) throw invalid(`Registered model alias ${alias} not found.`);
      return await version(name, String(found));
    },
  };
  return service;
}
