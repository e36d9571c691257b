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
import * as sql from "../db/studies.ts";
import type { Sql } from "../db/database.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../errors.ts";
import type { Services } from "./mod.ts";
import type {
  Claim,
  Claimed,
  NewStudy,
  StudySpecJson,
  StudyState,
  TrialUpdate,
} from "./study_messages.ts";
import { StudyRuns, trialJson } from "./study_runs.ts";

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
  readonly #runs: StudyRuns;

  constructor(services: Services) {
    this.#services = services;
    this.#runs = new StudyRuns(services);
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
      if (known.run_id) this.#runs.recordSoon(known.name);
      return stateOf(known);
    }
    if (study.experiment !== null) {
      const { experimentId, runId } = await this.#runs.begin(spec, study.experiment);
      await sql.setStudyRun(db, created.study_id, experimentId, runId);
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
    const study = await this.#find(db, name);
    const id = study.study_id;
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
    if (claimed.trial) await this.#runs.goOn(study);
    if (claimed.trial) this.#tell(name, claimed.trial.number, "running");
    else this.#runs.recordSoon(name);
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
    this.#runs.recordSoon(name);
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
    if (isFinished(trial.state)) this.#runs.recordSoon(name);
    return number;
  }

  #tell(study: string, number: number, state: string): void {
    this.#services.events.emit({ kind: "trial.changed", id: study, data: { number, state } });
  }

  /** Resolves when all runs due by now are written. */
  async settled(): Promise<void> {
    await this.#runs.settled();
  }
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
