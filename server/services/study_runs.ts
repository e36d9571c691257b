/**
 * The runs that tell of a study: one for the study, one below it for each trial that has ended.
 *
 * They are written in the background, one after the other, and from what the database holds: a
 * server that was killed in between leaves nothing that the next one cannot finish.
 * @module
 */
import type { FrozenTrial } from "../../lib/tuner/trial_record.ts";
import { type TrialBodyJson, trialFromJson, type TrialJson } from "../../lib/tuner/wire.ts";
import * as sql from "../db/studies.ts";
import type { Services } from "./mod.ts";

/** A row as the protocol of workers and browsers has it. */
export function trialJson(row: sql.TrialRow): TrialJson {
  return {
    ...(row.body as TrialBodyJson),
    number: row.number,
    state: row.state as TrialJson["state"],
    attempt: row.attempt,
    reports: row.reports as TrialJson["reports"],
  };
}

/** What the study's run says of how it searches. */
interface Search {
  name: string;
  directions: string[];
  sampler: { kind: string } | null;
  pruner: { kind: string } | null;
  seed: number;
}

export class StudyRuns {
  readonly #services: Services;
  /** Recordings, one after the other. */
  #recording: Promise<void> = Promise.resolve();
  readonly #toRecord = new Set<string>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Starts the study's own run. */
  async begin(
    search: Search,
    experimentName: string,
  ): Promise<{ experimentId: string; runId: string }> {
    const { tracking } = this.#services;
    const experiment = await tracking.getExperimentByName(experimentName);
    const experimentId = experiment?.experiment_id ??
      await tracking.createExperiment(experimentName);
    const run = await tracking.createRun({
      experimentId,
      runName: search.name,
      tags: [{ key: "tapebook.study", value: search.name }],
    });
    await tracking.logBatch(run.info.run_id, {
      params: [
        { key: "directions", value: search.directions.join(", ") },
        { key: "sampler", value: search.sampler?.kind ?? "custom" },
        { key: "pruner", value: search.pruner?.kind ?? "custom" },
        { key: "seed", value: String(search.seed) },
      ],
    });
    return { experimentId, runId: run.info.run_id };
  }

  /**
   * A trial has begun: a run that was finished, by whichever server, runs again. Called after the
   * trial was committed, as {@linkcode StudyRuns} looks for open trials after it marked the run as
   * finished: so one of both sees the other.
   */
  async goOn({ run_id: runId }: sql.StudyRow): Promise<void> {
    const { db, tracking } = this.#services;
    if (runId === null || await sql.studyRunStatus(db, runId) !== "FINISHED") return;
    await tracking.updateRun(runId, { status: "RUNNING" });
  }

  /** Writes the missing runs in the background; a failure is logged and tried again next time. */
  recordSoon(name: string): void {
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
    // A trial that began since then saw the run as it was before.
    const now = await sql.studyProgress(db, study.study_id);
    if (now.open > 0) await tracking.updateRun(runId, { status: "RUNNING" });
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
