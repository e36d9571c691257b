/** Logged models (MLflow 3) over the database. @module */
import type { KeyValue, LoggedModel, LoggedModelStatus } from "../../lib/contracts/mlflow/mod.ts";
import type { Database } from "../db/database.ts";
import * as store from "../db/logged_models.ts";
import { invalid, notFound } from "../errors.ts";
import { parseFilter, parseIdentifier } from "../search/filter.ts";
import { loggedModelGrammar } from "../search/grammars.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import { openToken, sealToken } from "./logged_model_pages.ts";
import { randomRunName } from "./run_name.ts";
import type { Page, TrackingService } from "./tracking.ts";
import * as check from "./validation.ts";

/** Tag that lists the registered versions of a logged model, as MLflow's pages read it. */
const modelVersionsTag = "mlflow.modelVersions";

export interface LoggedModelOrderBy {
  field_name?: string;
  ascending?: boolean;
  dataset_name?: string;
  dataset_digest?: string;
}

export interface LoggedModelService {
  create(model: {
    experimentId: string;
    name?: string;
    modelType?: string;
    sourceRunId?: string;
    params?: KeyValue[];
    tags?: KeyValue[];
  }): Promise<LoggedModel>;
  get(modelId: string): Promise<LoggedModel>;
  finalize(modelId: string, status: LoggedModelStatus): Promise<LoggedModel>;
  delete(modelId: string): Promise<void>;
  logParams(modelId: string, params: KeyValue[]): Promise<void>;
  setTags(modelId: string, tags: KeyValue[]): Promise<LoggedModel>;
  deleteTag(modelId: string, key: string): Promise<void>;
  /** Notes on the model that it was registered as this version. */
  noteVersion(modelId: string, name: string, version: string): Promise<void>;
  search(experimentIds: string[], options: {
    filter?: string;
    datasets?: { dataset_name?: string; dataset_digest?: string }[];
    orderBy?: LoggedModelOrderBy[];
    maxResults?: number;
    pageToken?: string;
  }): Promise<Page<LoggedModel>>;
}

function checkName(name: string | undefined): void {
  if (name === undefined) return;
  if (!name || /[/:.%"']/.test(name)) {
    throw invalid(
      `Invalid model name (${check.pythonRepr(name)}) provided. Model name must be a non-empty ` +
        "string and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
    );
  }
}

export function createLoggedModelService(
  deps: { db: Database; clock: Clock; events: EventHub; tracking: TrackingService },
): LoggedModelService {
  const { db, clock, events, tracking } = deps;

  async function get(modelId: string): Promise<LoggedModel> {
    const model = await store.findLoggedModel(db, modelId);
    if (!model) throw missing(modelId);
    return model;
  }
  const missing = (id: string) => notFound(`Logged model with ID '${id}' not found.`);
  const changed = (id: string, experimentId?: string) =>
    events.emit({ kind: "run.updated", id, experimentId, data: { loggedModel: id } });

  return {
    async create({ experimentId, name, modelType, sourceRunId, params = [], tags = [] }) {
      checkName(name);
      const experiment = await tracking.getExperiment(experimentId);
      if (experiment.lifecycle_stage !== "active") {
        throw invalid(
          `The experiment ${experiment.experiment_id} must be in the 'active' state. ` +
            `Current state is ${experiment.lifecycle_stage}.`,
        );
      }
      const modelId = `m-${crypto.randomUUID().replaceAll("-", "")}`;
      const root = experiment.artifact_location.replace(/\/$/, "");
      await db.transaction((tx) =>
        store.insertLoggedModel(tx, {
          modelId,
          experimentId: Number(experiment.experiment_id),
          name: name ?? randomRunName(),
          artifactLocation: `${root}/models/${modelId}/artifacts`,
          modelType,
          sourceRunId,
          params,
          tags,
          now: clock.now(),
        })
      );
      changed(modelId, experiment.experiment_id);
      return await get(modelId);
    },

    get,

    async finalize(modelId, status) {
      if (!await store.setLoggedModelStatus(db, modelId, status, clock.now())) {
        throw missing(modelId);
      }
      changed(modelId);
      return await get(modelId);
    },

    async delete(modelId) {
      if (!await store.markLoggedModelDeleted(db, modelId, clock.now())) throw missing(modelId);
      changed(modelId);
    },

    async logParams(modelId, params) {
      await get(modelId);
      await store.insertLoggedModelParams(db, modelId, params);
      changed(modelId);
    },

    async setTags(modelId, tags) {
      await get(modelId);
      await store.setLoggedModelTags(db, modelId, tags);
      changed(modelId);
      return await get(modelId);
    },

    async deleteTag(modelId, key) {
      await get(modelId);
      if (!await store.deleteLoggedModelTag(db, modelId, key)) {
        throw notFound(
          `No tag with key ${check.pythonRepr(key)} found for model with ID ` +
            `${check.pythonRepr(modelId)}.`,
        );
      }
      changed(modelId);
    },

    async noteVersion(modelId, name, version) {
      await db.transaction(async (tx) => {
        const model = await store.findLoggedModel(tx, modelId, { lock: true });
        if (!model) throw missing(modelId);
        const tags = model.info.tags ?? [];
        const before = tags.find((tag) => tag.key === modelVersionsTag)?.value;
        const versions = [...before ? JSON.parse(before) : [], { name, version: Number(version) }];
        const value = check.pythonJson(versions, true);
        await store.setLoggedModelTags(tx, modelId, [{ key: modelVersionsTag, value }]);
      });
      changed(modelId);
    },

    async search(experimentIds, options) {
      const datasets = (options.datasets ?? []).map((d) => {
        if (!d.dataset_name) {
          throw invalid("`dataset_name` in the `datasets` clause must be specified.");
        }
        return { dataset_name: d.dataset_name, dataset_digest: d.dataset_digest || undefined };
      });
      const orders = (options.orderBy ?? []).map((order): store.LoggedModelOrder => {
        const field = order.field_name ?? "";
        if (field.includes(".")) {
          if (!field.startsWith("metrics.")) {
            throw invalid(`Invalid order by field name: ${field}. Only metrics are supported.`);
          }
          return { ...order, field, ascending: order.ascending ?? true };
        }
        let key: string;
        try {
          key = parseIdentifier(field, loggedModelGrammar).key;
        } catch {
          throw invalid(`Invalid order by field name: ${field}`);
        }
        return { field: key, ascending: order.ascending ?? true };
      });
      const asked = { experimentIds, filter: options.filter, orderBy: options.orderBy };
      const page = await store.searchLoggedModels(
        db,
        experimentIds.map(check.parseExperimentId),
        {
          filter: parseFilter(options.filter, loggedModelGrammar),
          datasets,
          orders,
          limit: options.maxResults || 100,
          pageToken: openToken(asked, options.pageToken),
        },
      );
      return { items: page.items, nextPageToken: sealToken(asked, page.nextPageToken) };
    },
  };
}
