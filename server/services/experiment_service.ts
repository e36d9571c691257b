/** The experiments of the tracking service. @module */
import type { Experiment } from "../../lib/contracts/mlflow/mod.ts";
import type { Database } from "../db/database.ts";
import * as experiments from "../db/experiments.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../errors.ts";
import { parseFilter } from "../search/filter.ts";
import { experimentGrammar } from "../search/grammars.ts";
import { parseOrderBy } from "../search/order.ts";
import type { Clock } from "./clock.ts";
import type { changesOf } from "./events.ts";
import type { TrackingService } from "./tracking.ts";
import * as check from "./validation.ts";

type Methods = Pick<
  TrackingService,
  | "createExperiment"
  | "getExperiment"
  | "getExperimentByName"
  | "renameExperiment"
  | "deleteExperiment"
  | "restoreExperiment"
  | "setExperimentTag"
  | "deleteExperimentTag"
  | "searchExperiments"
>;

export interface ExperimentDeps {
  db: Database;
  clock: Clock;
  changed: ReturnType<typeof changesOf>;
}

/** The service's part about experiments, and `activeExperiment`, which refuses a deleted one. */
export function createExperimentService(
  { db, clock, changed }: ExperimentDeps,
): Methods & { activeExperiment(id: string): Promise<Experiment> } {
  async function experiment(id: string): Promise<Experiment> {
    const number = check.parseExperimentId(id);
    const found = await experiments.findExperiment(db, number);
    if (!found) throw notFound(`No Experiment with id=${number} exists`);
    return found;
  }

  async function activeExperiment(id: string): Promise<Experiment> {
    const found = await experiment(id);
    if (found.lifecycle_stage !== "active") {
      throw invalid(
        `The experiment ${found.experiment_id} must be in the 'active' state. ` +
          `Current state is ${found.lifecycle_stage}.`,
      );
    }
    return found;
  }

  async function setStage(id: string, stage: "active" | "deleted"): Promise<void> {
    const number = check.parseExperimentId(id);
    if (!await experiments.setExperimentStage(db, number, stage, clock.now())) {
      throw notFound(`No Experiment with id=${number} exists`);
    }
  }

  return {
    activeExperiment,

    async createExperiment(name, options = {}) {
      const { artifactLocation, tags = [] } = options;
      check.checkExperimentName(name);
      for (const { key, value } of tags) check.checkExperimentTag(key, value);
      const id = await experiments.insertExperiment(db, {
        name,
        artifactLocation: check.checkArtifactLocation(artifactLocation),
        tags,
        now: clock.now(),
      });
      if (id === null) {
        throw alreadyExists(
          `Experiment(name=${name}) already exists. Choose another name, or ` +
            "restore or permanently delete the experiment if it was deleted.",
        );
      }
      changed("experiment.created", String(id), String(id), { name });
      return String(id);
    },

    getExperiment: experiment,
    getExperimentByName: (name) => experiments.findExperimentByName(db, name),

    async renameExperiment(id, newName) {
      check.checkExperimentName(newName);
      const found = await experiment(id);
      if (found.lifecycle_stage !== "active") {
        throw new ApiError("INVALID_STATE", "Cannot rename a non-active experiment.");
      }
      if (
        !await experiments.renameExperiment(db, Number(found.experiment_id), newName, clock.now())
      ) {
        throw alreadyExists(`Experiment(name=${newName}) already exists.`);
      }
      changed("experiment.updated", found.experiment_id, found.experiment_id, { name: newName });
    },

    async deleteExperiment(id) {
      await setStage(id, "deleted");
      changed("experiment.deleted", id, id);
    },

    async restoreExperiment(id) {
      await setStage(id, "active");
      changed("experiment.updated", id, id);
    },

    async setExperimentTag(id, key, value) {
      check.checkExperimentTag(key, value);
      const found = await activeExperiment(id);
      await experiments.setExperimentTag(db, Number(found.experiment_id), { key, value });
      changed("experiment.updated", id, id);
    },

    async deleteExperimentTag(id, key) {
      const found = await activeExperiment(id);
      if (!await experiments.deleteExperimentTag(db, Number(found.experiment_id), key)) {
        throw notFound(`No tag with name: ${key} in experiment with id ${id}`);
      }
      changed("experiment.updated", id, id);
    },

    async searchExperiments(options = {}) {
      const limit = check.checkMaxResults(options.maxResults ?? 1000);
      return await experiments.searchExperiments(db, {
        filter: parseFilter(options.filter, experimentGrammar),
        orders: parseOrderBy(options.orderBy, experimentGrammar),
        view: options.viewType,
        limit,
        pageToken: options.pageToken,
      });
    },
  };
}
