/**
 * Studies on the server: who works on which trial, what came out, and the runs that tell of it.
 *
 * A trial belongs to the worker that holds its lease. A lease that runs out puts the trial back (at
 * most `maxAttempts` times, then it has failed); whoever held it is refused from then on.
 * @module
 */
import { fixedParamsKey } from "../../lib/tuner/stores/store.ts";
import {
  bodyToJson,
  studySpecSchema,
  type TrialBodyJson,
  trialFromJson,
  type TrialJson,
} from "../../lib/tuner/wire.ts";
import { type FrozenTrial, isFinished, lastStep } from "../../lib/tuner/trial_record.ts";
import type { z } from "zod";
import * as sql from "../db/studies.ts";
import type { Sql } from "../db/database.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../errors.ts";
import type { Services } from "./mod.ts";

export type StudySpecJson = z.output<typeof studySpecSchema>;

export interface NewStudy {
  spec: StudySpecJson;
  ifExists: "error" | "load";
  /** Experiment of the study's run; null keeps no runs. */
  experiment: string | null;
  maxAttempts: number;
}

export interface StudyState {
  spec: StudySpecJson;
  revision: number;
  trialCount: number;
  runId: string | null;
  experimentId: string | null;
  createdAt: number;
}

export interface Claim {
  worker: string;
  /** Chosen by the worker: a claim sent twice gets the same trial. */
  leaseId: string;
  leaseMs: number;
  /** No new trial once the study has this many; waiting ones are still handed out. */
  limit?: number;
}

export interface Claimed {
  /** Null when there is nothing to do now. */
  trial: TrialJson | null;
  leaseId: string | null;
  /** Trials that other workers run, and that may come back. */
  running: number;
}

export interface TrialUpdate {
  leaseId: string;
  leaseMs: number;
  /** Absent in a mere heartbeat. */
  body?: TrialBodyJson;
  reports?: [number, number][];
  checkpoint?: { data: unknown };
}

const emptyBody = (): TrialBodyJson => ({
  values: null,
  params: {},
  distributions: {},
  constraints: {},
  userAttrs: {},
  systemAttrs: {},
  startTime: null,
  endTime: null,
});

function stateOf(row: sql.StudyRow): StudyState {
  return {
    spec: studySpecSchema.parse({
      name: row.name,
      directions: row.directions,
      sampler: row.sampler,
      pruner: row.pruner,
      seed: row.seed,
      userAttrs: row.user_attrs,
    }),
    revision: row.revision,
    trialCount: row.trial_count,
    runId: row.run_id,
    experimentId: row.experiment_id,
    createdAt: row.created_at.getTime(),
  };
}

function trialJson(row: sql.TrialRow): TrialJson {
  return {
    ...(row.body as TrialBodyJson),
    number: row.number,
    state: row.state as TrialJson["state"],
    attempt: row.attempt,
    reports: row.reports as TrialJson["reports"],
  };
}

/** What a trial keeps when it must be begun again: its values, and the steps before its checkpoint. */
function bodyForRetry(row: sql.TrialRow): { body: TrialBodyJson; keepSteps: number } {
  const body = row.body as TrialBodyJson;
  const checkpoint = row.checkpoint as { data: unknown; step: number } | null;
  const systemAttrs = Object.fromEntries(
    Object.entries(body.systemAttrs).filter(([key]) => !key.startsWith("completed_rung_")),
  );
  const fixed = systemAttrs[fixedParamsKey] as Record<string, unknown> | undefined;
  systemAttrs[fixedParamsKey] = { ...fixed, ...body.params } as typeof systemAttrs[string];
  if (checkpoint) systemAttrs["checkpoint"] = checkpoint.data as typeof systemAttrs[string];
  return {
    body: { ...emptyBody(), userAttrs: body.userAttrs, systemAttrs, startTime: body.startTime },
    keepSteps: checkpoint ? checkpoint.step : -1,
  };
}

/** The studies of one server. */
export class StudyService {
  readonly #services: Services;
  /** Recordings of runs, one after the other. */
  #recording: Promise<void> = Promise.resolve();
  readonly #toRecord = new Set<string>();
  /** Runs of studies that were marked as finished here and may begin again. */
  readonly #finishedRuns = new Set<string>();

  constructor(services: Services) {
    this.#services = services;
  }

  async #find(db: Sql, name: string): Promise<sql.StudyRow> {
    const row = await sql.findStudy(db, name);
    if (!row) throw notFound(`No study is named ${JSON.stringify(name)}`);
    return row;
  }

  /** Creates a study, or loads it when the name is taken and `ifExists` says so. */
  async open(study: NewStudy): Promise<StudyState> {
    const { db } = this.#services;
    const { spec } = study;
    const created = await sql.insertStudy(db, { ...spec, maxAttempts: study.maxAttempts });
    if (!created) {
      if (study.ifExists === "error") {
        throw alreadyExists(
          `Cannot create study: name must be new, got ${JSON.stringify(spec.name)}`,
        );
      }
      const known = await this.#find(db, spec.name);
      if (known.directions.join() !== spec.directions.join()) {
        throw new ApiError(
          "INVALID_STATE",
          `Cannot load study ${JSON.stringify(spec.name)}: directions must be ${
            JSON.stringify(known.directions)
          }, got ${JSON.stringify(spec.directions)}`,
        );
      }
      if (known.run_id) this.#recordSoon(known.name);
      return stateOf(known);
    }
    if (study.experiment !== null) {
      const { tracking } = this.#services;
      const experiment = await tracking.getExperimentByName(study.experiment);
      const experimentId = experiment?.experiment_id ??
        await tracking.createExperiment(study.experiment);
      const run = await tracking.createRun({
        experimentId,
        runName: spec.name,
        tags: [{ key: "tapebook.study", value: spec.name }],
      });
      await tracking.logBatch(run.info.run_id, {
        params: [
          { key: "directions", value: spec.directions.join(", ") },
          { key: "sampler", value: spec.sampler?.kind ?? "custom" },
          { key: "pruner", value: spec.pruner?.kind ?? "custom" },
          { key: "seed", value: String(spec.seed) },
        ],
      });
      await sql.setStudyRun(db, created.study_id, experimentId, run.info.run_id);
    }
    return stateOf(await this.#find(db, spec.name));
  }

  async get(name: string): Promise<StudyState> {
    return stateOf(await this.#find(this.#services.db, name));
  }

  async list(): Promise<(StudyState & { counts: Record<string, number> })[]> {
    const rows = await sql.listStudies(this.#services.db);
    return rows.map((row) => ({ ...stateOf(row), counts: row.counts }));
  }

  /** The whole study, for charts and exports. */
  async read(name: string): Promise<{ spec: StudySpecJson; trials: FrozenTrial[] }> {
    const { db } = this.#services;
    const row = await this.#find(db, name);
    const trials: FrozenTrial[] = [];
    for (let after = 0;;) {
      const { trials: page, revision, more } = await this.#changes(db, row.study_id, after, 5000);
      for (const trial of page) {
        const known = trialFromJson(trial);
        trials[known.number] = known;
      }
      after = revision;
      if (!more) break;
    }
    return { spec: stateOf(row).spec, trials: trials.filter((t) => t !== undefined) };
  }

  /** Removes the study and its trials; its runs stay. */
  async remove(name: string): Promise<void> {
    const { db } = this.#services;
    await sql.deleteStudy(db, (await this.#find(db, name)).study_id);
  }

  /** Trials changed above a revision; `more` says that there are further ones. */
  async changes(
    name: string,
    after: number,
    limit = 1000,
  ): Promise<{ trials: TrialJson[]; revision: number; more: boolean }> {
    const { db } = this.#services;
    const study = await this.#find(db, name);
    return await this.#changes(db, study.study_id, after, limit);
  }

  async #changes(db: Sql, studyId: number, after: number, limit: number) {
    const rows = await sql.trialsAfter(db, studyId, after, limit);
    return {
      trials: rows.map(trialJson),
      revision: rows.length > 0 ? rows[rows.length - 1].revision : after,
      more: rows.length === limit,
    };
  }

  /** Gives a worker the next trial: one that waits, or a new one. */
  async claim(name: string, claim: Claim): Promise<Claimed> {
    const { db } = this.#services;
    const { study_id: id, run_id: runId } = await this.#find(db, name);
    const claimed = await db.transaction(async (tx): Promise<Claimed> => {
      const { revision, trial_count, max_attempts } = await sql.nextRevision(tx, id);
      const { leaseId } = claim;
      const { held, expired } = await sql.heldAndExpired(tx, id, leaseId);
      if (held) return { trial: trialJson(held), leaseId, running: 0 };
      for (const row of expired) await this.#putBack(tx, id, row, revision, max_attempts);
      const row = await sql.firstWaiting(tx, id);
      if (!row) {
        if (claim.limit !== undefined && trial_count >= claim.limit) {
          return { trial: null, leaseId: null, running: await sql.countRunning(tx, id) };
        }
        const body = { ...emptyBody(), startTime: Date.now() };
        const number = await sql.insertLeasedTrial(tx, id, { ...claim, revision, body });
        const trial: TrialJson = { ...body, number, state: "running", attempt: 1, reports: [] };
        return { trial, leaseId, running: 0 };
      }
      const body = { ...row.body, startTime: Date.now() };
      await sql.leaseTrial(tx, id, row.number, { ...claim, revision, body });
      const leased = (await sql.findTrial(tx, id, row.number))!;
      return { trial: trialJson(leased), leaseId, running: 0 };
    });
    if (runId && claimed.trial && this.#finishedRuns.delete(runId)) {
      await this.#services.tracking.updateRun(runId, { status: "RUNNING" });
    }
    if (claimed.trial) this.#tell(name, claimed.trial.number, "running");
    else this.#recordSoon(name);
    return claimed;
  }

  /** A trial whose worker was lost waits again, or has failed when it was tried too often. */
  async #putBack(
    tx: Sql,
    id: number,
    row: sql.TrialRow,
    revision: number,
    maxAttempts: number,
  ): Promise<void> {
    if (row.attempt >= maxAttempts) {
      const body = {
        ...row.body,
        endTime: Date.now(),
        error: `lost its worker ${row.attempt} times`,
      };
      await sql.setTrialState(tx, id, row.number, revision, "failed", body);
      return;
    }
    const { body, keepSteps } = bodyForRetry(row);
    await sql.deleteReportsAbove(tx, id, row.number, keepSteps);
    await sql.setTrialState(tx, id, row.number, revision, "waiting", body);
  }

  /** Heartbeat, new values and reports of a running trial; answers with what changed elsewhere. */
  async update(
    name: string,
    number: number,
    update: TrialUpdate,
    after: number,
  ): Promise<{ trials: TrialJson[]; revision: number; more: boolean }> {
    const { db } = this.#services;
    const { study_id: id } = await this.#find(db, name);
    const { leaseId, leaseMs, body, reports = [], checkpoint } = update;
    if (!body && reports.length === 0 && !checkpoint) {
      if (!await sql.prolongLease(db, id, number, leaseId, leaseMs)) throw lostLease(name, number);
    } else {
      await db.transaction(async (tx) => {
        const { revision } = await sql.nextRevision(tx, id);
        if (!await sql.prolongLease(tx, id, number, leaseId, leaseMs)) {
          throw lostLease(name, number);
        }
        const row = (await sql.findTrial(tx, id, number))!;
        await sql.saveBody(tx, id, number, revision, body ?? row.body);
        await sql.saveReports(tx, id, number, reports);
        if (checkpoint) {
          const known = trialFromJson(trialJson(row));
          for (const [step] of reports) known.intermediate.set(step, 0);
          const step = lastStep(known) ?? -1;
          await sql.saveCheckpoint(tx, id, number, { data: checkpoint.data, step });
        }
      });
      this.#tell(name, number, "running");
    }
    return await this.#changes(db, id, after, 1000);
  }

  /**
   * Ends a trial. Sending the same end twice is harmless.
   *
   * @throws {ApiError} RESOURCE_CONFLICT if the lease belongs to someone else by now.
   */
  async finish(
    name: string,
    number: number,
    end: {
      leaseId: string;
      state: "complete" | "pruned" | "failed";
      body: TrialBodyJson;
      reports: [number, number][];
    },
  ): Promise<void> {
    const { db } = this.#services;
    const { study_id: id, directions } = await this.#find(db, name);
    if (end.state === "complete") {
      const values = end.body.values ?? [];
      if (values.length !== directions.length || values.some((v) => Number.isNaN(Number(v)))) {
        throw invalid(
          `Cannot end trial ${number}: values must be ${directions.length} numbers, got ${
            JSON.stringify(values)
          }`,
        );
      }
    }
    await db.transaction(async (tx) => {
      const { revision } = await sql.nextRevision(tx, id);
      const row = await sql.findTrial(tx, id, number);
      if (!row) throw notFound(`Study ${JSON.stringify(name)} has no trial ${number}`);
      if (row.lease_id !== end.leaseId) throw lostLease(name, number);
      if (isFinished(row.state as FrozenTrial["state"])) return;
      await sql.saveReports(tx, id, number, end.reports);
      await sql.setTrialState(tx, id, number, revision, end.state, end.body);
    });
    this.#tell(name, number, end.state);
    this.#recordSoon(name);
  }

  /** A worker gives its trial back: it waits for another one, and the attempt does not count. */
  async release(name: string, number: number, leaseId: string): Promise<void> {
    const { db } = this.#services;
    const { study_id: id } = await this.#find(db, name);
    await db.transaction(async (tx) => {
      const { revision, max_attempts } = await sql.nextRevision(tx, id);
      const row = await sql.findTrial(tx, id, number);
      if (!row || row.lease_id !== leaseId || row.state !== "running") {
        throw lostLease(name, number);
      }
      await this.#putBack(tx, id, row, revision, max_attempts + 1);
    });
    this.#tell(name, number, "waiting");
  }

  /** Adds a waiting trial with fixed values, or a finished one made elsewhere. */
  async add(name: string, trial: FrozenTrial): Promise<number> {
    const { db } = this.#services;
    const { study_id: id, directions } = await this.#find(db, name);
    if (trial.state === "running") throw invalid("Cannot add trial: state must not be running");
    if (trial.state === "complete" && trial.values?.length !== directions.length) {
      throw invalid(
        `Cannot add trial: values must be ${directions.length} numbers, got ${
          trial.values?.length ?? 0
        }`,
      );
    }
    const number = await db.transaction(async (tx) => {
      const { revision } = await sql.nextRevision(tx, id);
      const number = await sql.insertTrial(tx, id, revision, {
        state: trial.state,
        body: bodyToJson(trial),
      });
      await sql.saveReports(tx, id, number, [...trial.intermediate]);
      return number;
    });
    this.#tell(name, number, trial.state);
    if (isFinished(trial.state)) this.#recordSoon(name);
    return number;
  }

  #tell(study: string, number: number, state: string): void {
    this.#services.events.emit({ kind: "trial.changed", id: study, data: { number, state } });
  }

  /** Writes the missing runs in the background; a failure is logged and tried again next time. */
  #recordSoon(name: string): void {
    if (this.#toRecord.has(name)) return;
    this.#toRecord.add(name);
    this.#recording = this.#recording.then(async () => {
      this.#toRecord.delete(name);
      try {
        await this.#record(name);
      } catch (error) {
        this.#services.log.error("cannot record the runs of a study", {
          study: name,
          error: String(error),
        });
      }
    });
  }

  /** Resolves when all runs due by now are written. */
  async settled(): Promise<void> {
    await this.#recording;
  }

  async #record(name: string): Promise<void> {
    const { db, tracking } = this.#services;
    const study = await sql.findStudy(db, name);
    if (!study?.run_id || !study.experiment_id) return;
    const { experiment_id: experimentId, run_id: parent } = study;
    for (;;) {
      const rows = await sql.trialsWithoutRun(db, study.study_id, 50);
      if (rows.length === 0) break;
      for (const row of rows) {
        const trial = trialFromJson(trialJson(row));
        const key = `${name}/${row.number}`;
        // A run that was begun before a crash is continued, not made twice.
        const before = await tracking.searchRuns([experimentId], {
          filter: `tags."tapebook.trial" = '${key.replaceAll("'", "''")}'`,
          maxResults: 1,
        });
        const run = before.items[0] ?? await tracking.createRun({
          experimentId,
          runName: `${name}-${row.number}`,
          startTime: trial.startTime ?? undefined,
          tags: [
            { key: "mlflow.parentRunId", value: parent },
            { key: "tapebook.trial", value: key },
            { key: "tapebook.trial_state", value: trial.state },
          ],
        });
        await tracking.logBatch(run.info.run_id, runContents(trial, study.directions.length));
        await tracking.updateRun(run.info.run_id, {
          status: trial.state === "failed" ? "FAILED" : "FINISHED",
          endTime: trial.endTime ?? undefined,
        });
        await sql.setTrialRun(db, study.study_id, row.number, run.info.run_id);
      }
    }
    await this.#recordStudy(study, parent);
  }

  /** The study's own run: its best value so far, and finished while no trial is open. */
  async #recordStudy(study: sql.StudyRow, runId: string): Promise<void> {
    const { db, tracking, clock } = this.#services;
    const { open, complete, least, greatest } = await sql.studyProgress(db, study.study_id);
    if (open > 0) return;
    const best = study.directions[0] === "maximize" ? greatest : least;
    if (study.directions.length === 1 && best !== null) {
      const metric = { key: "best_value", value: best, timestamp: clock.now(), step: complete };
      await tracking.logMetrics(runId, [metric]);
    }
    await tracking.updateRun(runId, { status: "FINISHED", endTime: clock.now() });
    this.#finishedRuns.add(runId);
  }
}

/** Params, metrics and tags of a trial's run. */
function runContents(trial: FrozenTrial, objectives: number) {
  const timestamp = trial.endTime ?? Date.now();
  const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
  const metrics = [...trial.intermediate].slice(-900)
    .map(([step, value]) => ({ key: "intermediate", value, timestamp, step }));
  trial.values?.forEach((value, i) =>
    metrics.push({ key: objectives === 1 ? "value" : `value_${i}`, value, timestamp, step: 0 })
  );
  return {
    params: Object.entries(trial.params).slice(0, 100)
      .map(([key, value]) => ({ key, value: text(value).slice(0, 6000) })),
    metrics,
    tags: [
      ...(trial.error ? [{ key: "tapebook.error", value: trial.error.slice(0, 5000) }] : []),
      ...Object.entries(trial.userAttrs).slice(0, 50)
        .map(([key, value]) => ({ key, value: text(value).slice(0, 5000) })),
    ],
  };
}

function lostLease(name: string, number: number): ApiError {
  return new ApiError(
    "RESOURCE_CONFLICT",
    `Trial ${number} of study ${JSON.stringify(name)} is no longer leased to this worker`,
  );
}

const byServices = new WeakMap<Services, StudyService>();

/** The study service of a server. */
export function studiesOf(services: Services): StudyService {
  let service = byServices.get(services);
  if (!service) byServices.set(services, service = new StudyService(services));
  return service;
}
