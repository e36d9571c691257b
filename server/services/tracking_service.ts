/** Experiments, runs and metrics over the database. @module */
import { type KeyValue, limits, type Metric } from "../../lib/contracts/mlflow/mod.ts";
import type { Database, Sql } from "../db/database.ts";
import * as loggedModels from "../db/logged_models.ts";
import { insertPoints } from "../db/metrics.ts";
import * as runs from "../db/runs.ts";
import { runFromJson } from "../db/run_json.ts";
import { searchRunsJson } from "../db/run_search.ts";
import { ApiError, invalid, notFound } from "../errors.ts";
import { parseFilter } from "../search/filter.ts";
import { runGrammar } from "../search/grammars.ts";
import { parseOrderBy } from "../search/order.ts";
import type { Clock } from "./clock.ts";
import { changesOf, type EventHub } from "./events.ts";
import { createExperimentService } from "./experiment_service.ts";
import { gatherCalls } from "./gather_calls.ts";
import { createMetricHistory } from "./metric_history.ts";
import { createMetricWriter, gatherSeries, type MetricWriter } from "./metric_writer.ts";
import { randomRunName } from "./run_name.ts";
import type { TrackingService } from "./tracking.ts";
import * as check from "./validation.ts";

const runNameTag = "mlflow.runName";
const loggedModelsTag = "mlflow.log-model.history";

const runMissing = (runId: string) => notFound(`Run with id=${runId} not found`);

/** Naming a run changes it; other tags do not. */
const lockFor = (tags: readonly KeyValue[]) =>
  tags.some((t) => t.key === runNameTag) ? "update" : "share";

/** The run's key, if the run is there and active. */
async function activeRun(
  sql: Sql,
  runId: string,
  lock: "share" | "update" = "share",
): Promise<runs.RunKey> {
  const run = await runs.findRunKey(sql, runId, lock);
  if (!run) throw runMissing(runId);
  if (run.lifecycle_stage !== "active") {
    throw invalid(
      `The run ${runId} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`,
    );
  }
  return run;
}

export interface TrackingDeps {
  db: Database;
  clock: Clock;
  events: EventHub;
}

const changedMeanwhile = (what: string) =>
  new ApiError("TEMPORARILY_UNAVAILABLE", `The ${what} changed while it was written; try again`);

/** Runs made or changed by one statement at most. */
const runsPerStatement = 200;

/** The service, and `drain`, which resolves when all points that were accepted are written. */
export function createTrackingService(
  { db, clock, events }: TrackingDeps,
): TrackingService & { drain(): Promise<void> } {
  const changed = changesOf(events);
  const { activeExperiment, ...experiments } = createExperimentService({ db, clock, changed });
  const writer: MetricWriter = createMetricWriter(db);
  const lanes = db.kind === "pglite" ? 1 : 4;
  const inserts = gatherCalls((made: runs.RunToInsert[]) => runs.insertRuns(db, made), {
    lanes,
    most: runsPerStatement,
  });
  const updates = gatherCalls((changed: runs.RunUpdate[]) => runs.updateRuns(db, changed), {
    lanes,
    most: runsPerStatement,
    keyOf: ({ runId }) => runId,
  });

  /** Writes tags; the one that names the run renames it. */
  async function writeTags(sql: Sql, run: runs.RunKey, tags: readonly KeyValue[]): Promise<void> {
    const name = tags.findLast((t) => t.key === runNameTag)?.value;
    if (name) await runs.updateRuns(sql, [{ runId: run.run_id, changes: { runName: name } }]);
    await runs.upsertTags(sql, run.run_no, tags.filter((t) => t.key !== runNameTag));
  }

  /** Whichever of the points are about a logged model are kept with it, too. */
  async function writeModelMetrics(
    sql: Sql,
    run: runs.RunKey,
    metrics: readonly Metric[],
  ): Promise<void> {
    const ofModels = metrics.filter((m) => m.model_id);
    if (ofModels.length) await loggedModels.insertModelMetrics(sql, run.run_no, ofModels);
  }

  function pointsLogged(runId: string, metrics: readonly Metric[]): void {
    if (events.listeners === 0) return;
    const last = new Map<string, Metric>();
    for (const metric of metrics) last.set(metric.key, metric);
    changed("metric.logged", runId, undefined, {
      metrics: [...last.values()].map(({ key, value, step, timestamp }) => ({
        key,
        value,
        step,
        timestamp,
      })),
    });
  }

  const searchJson: TrackingService["searchRunsJson"] = async (experimentIds, options = {}) =>
    await searchRunsJson(db, experimentIds.map(check.parseExperimentId), {
      filter: parseFilter(options.filter, runGrammar),
      orders: parseOrderBy(options.orderBy, runGrammar),
      view: options.viewType,
      limit: check.checkMaxResults(options.maxResults ?? 1000),
      pageToken: options.pageToken,
    });

  async function refuse(runId: string): Promise<never> {
    await activeRun(db, runId);
    throw changedMeanwhile(`run ${runId}`);
  }

  return {
    ...experiments,
    ...createMetricHistory(db),

    async drain() {
      await Promise.all([writer.drain(), inserts.drain(), updates.drain()]);
    },

    async createRun(run) {
      const experimentId = check.parseExperimentId(run.experimentId);
      const tags = check.shortened(run.tags ?? [], limits.tagValueLength);
      tags.forEach((tag) => check.checkTag(tag));
      const tagged = tags.findLast((t) => t.key === runNameTag)?.value;
      if (run.runName && tagged && run.runName !== tagged) {
        throw invalid(
          "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different " +
            `values (run_name='${run.runName}', mlflow.runName='${tagged}').`,
        );
      }
      const runName = run.runName || tagged || randomRunName();
      const byKey = new Map(tags.map((t) => [t.key, t.value]));
      byKey.set(runNameTag, runName);
      const runId = crypto.randomUUID().replaceAll("-", "");
      const startTime = run.startTime ?? clock.now();
      const userId = run.userId ?? "";
      const runTags = [...byKey].map(([key, value]) => ({ key, value }));
      const artifactUri = await inserts.call({
        runId,
        experimentId,
        runName,
        userId,
        startTime,
        tags: runTags,
      });
      if (artifactUri === null) {
        await activeExperiment(run.experimentId);
        throw changedMeanwhile(`experiment ${run.experimentId}`);
      }
      changed("run.created", runId, String(experimentId), { runName });
      return {
        info: {
          run_id: runId,
          run_uuid: runId,
          run_name: runName,
          experiment_id: String(experimentId),
          user_id: userId,
          status: "RUNNING",
          start_time: startTime,
          artifact_uri: artifactUri,
          lifecycle_stage: "active",
        },
        data: { metrics: [], params: [], tags: runTags },
        inputs: { dataset_inputs: [], model_inputs: [] },
        outputs: { model_outputs: [] },
      };
    },

    async getRun(runId) {
      const found = await runs.findRun(db, runId);
      if (!found) throw runMissing(runId);
      return found;
    },

    async updateRun(runId, changes) {
      const info = await updates.call({ runId, changes }) ?? await refuse(runId);
      changed("run.updated", runId, info.experiment_id, { status: info.status });
      return info;
    },

    async deleteRun(runId) {
      const experimentId = await runs.setRunStage(db, runId, "deleted", clock.now());
      if (experimentId === null) throw runMissing(runId);
      changed("run.deleted", runId, String(experimentId));
    },

    async restoreRun(runId) {
      const experimentId = await runs.setRunStage(db, runId, "active", clock.now());
      if (experimentId === null) throw runMissing(runId);
      changed("run.updated", runId, String(experimentId));
    },

    async searchRuns(experimentIds, options) {
      const page = await searchJson(experimentIds, options);
      return { items: page.items.map(runFromJson), nextPageToken: page.nextPageToken };
    },

    searchRunsJson: searchJson,

    async logMetrics(runId, metrics) {
      metrics.forEach((metric, i) =>
        check.checkMetric(metric, metrics.length === 1 ? "" : `metrics[${i}]`)
      );
      if (metrics.some((m) => m.model_id)) {
        await db.transaction(async (tx) => {
          const run = await activeRun(tx, runId);
          await writeModelMetrics(tx, run, metrics);
          await insertPoints(tx, gatherSeries([{ runId, metrics }]));
        });
      } else if (!await writer.write(runId, metrics)) await refuse(runId);
      pointsLogged(runId, metrics);
    },

    async logParams(runId, given) {
      const params = check.shortened(given, limits.paramValueLength);
      params.forEach((param) => check.checkParam(param));
      const refuseChange = (key: string, before: string, value: string) =>
        invalid(
          `Changing param values is not allowed. Param with key='${key}' was already ` +
            `logged with value='${before}' for run ID='${runId}'. ` +
            `Attempted logging new value '${value}'.`,
        );
      if (params.length === 1) {
        const [{ key, value }] = params;
        const kept = await runs.insertParam(db, runId, params[0]) ?? await refuse(runId);
        if (kept !== value) throw refuseChange(key, kept, value);
      } else {
        await db.transaction(async (tx) => {
          const run = await activeRun(tx, runId);
          const [clash] = await runs.insertParams(tx, run.run_no, params);
          if (clash) throw refuseChange(clash.key, clash.old_value, clash.new_value);
        });
      }
      changed("param.logged", runId);
    },

    async setTags(runId, given) {
      const tags = check.shortened(given, limits.tagValueLength);
      tags.forEach((tag) => check.checkTag(tag));
      if (tags.length === 1 && tags[0].key !== runNameTag) {
        if (!await runs.upsertTag(db, runId, tags[0])) await refuse(runId);
      } else {
        await db.transaction(async (tx) => {
          await writeTags(tx, await activeRun(tx, runId, lockFor(tags)), tags);
        });
      }
      changed("tag.set", runId);
    },

    async deleteTag(runId, key) {
      await db.transaction(async (tx) => {
        const run = await activeRun(tx, runId);
        if (!await runs.deleteTag(tx, run.run_no, key)) {
          throw notFound(`No tag with name: ${key} in run with id ${runId}`);
        }
      });
      changed("tag.set", runId);
    },

    async logBatch(runId, { metrics = [], ...given }) {
      check.checkRunId(runId);
      const params = check.shortened(given.params ?? [], limits.paramValueLength);
      const tags = check.shortened(given.tags ?? [], limits.tagValueLength);
      check.checkBatch(metrics, params, tags);
      if (params.length === 0 && tags.length === 0 && !metrics.some((m) => m.model_id)) {
        if (metrics.length === 0) await activeRun(db, runId);
        else if (!await writer.write(runId, metrics)) await refuse(runId);
      } else {
        await db.transaction(async (tx) => {
          const run = await activeRun(tx, runId, lockFor(tags));
          const clashes = await runs.insertParams(tx, run.run_no, params);
          if (clashes.length) {
            const told = clashes.map((c) =>
              `{'key': ${check.pythonRepr(c.key)}, 'old_value': ${
                check.pythonRepr(c.old_value)
              }, 'new_value': ${check.pythonRepr(c.new_value)}}`
            ).join(", ");
            throw invalid(
              "Changing param values is not allowed. Params were already " +
                `logged='[${told}]' for run ID='${runId}'.`,
            );
          }
          if (metrics.length) {
            await insertPoints(tx, gatherSeries([{ runId, metrics }]));
            await writeModelMetrics(tx, run, metrics);
          }
          await writeTags(tx, run, tags);
        });
      }
      if (metrics.length) pointsLogged(runId, metrics);
      if (params.length) changed("param.logged", runId);
      if (tags.length) changed("tag.set", runId);
    },

    async logInputs(runId, { datasets = [], models = [] }) {
      check.checkRunId(runId);
      check.checkDatasetInputs(datasets);
      await db.transaction(async (tx) => {
        const run = await activeRun(tx, runId);
        await runs.insertDatasetInputs(tx, run, datasets);
        await runs.insertRunModels(tx, run.run_no, "input", models);
      });
      changed("run.updated", runId);
    },

    async logOutputs(runId, models) {
      await db.transaction(async (tx) => {
        const run = await activeRun(tx, runId);
        await runs.insertRunModels(tx, run.run_no, "output", models);
      });
      changed("run.updated", runId);
    },

    async recordModel(runId, model) {
      const { flavors, ...rest } = model as { flavors?: Record<string, Record<string, unknown>> };
      const told: Record<string, unknown> = { ...rest, flavors: flavors ?? {} };
      await db.transaction(async (tx) => {
        const run = await activeRun(tx, runId, "update");
        const before = await runs.findTag(tx, run.run_no, loggedModelsTag);
        const value = JSON.stringify([...before ? JSON.parse(before) : [], told]);
        const tag = { key: loggedModelsTag, value };
        check.checkTag(tag);
        await runs.upsertTags(tx, run.run_no, [tag]);
      });
      changed("tag.set", runId);
    },

    async searchDatasets(experimentIds) {
      return await runs.findDatasets(db, experimentIds.map(check.parseExperimentId));
    },
  };
}
