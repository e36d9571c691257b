/** What workers and the studies of the server say to each other. @module */
import type { z } from "zod";
import type { studySpecSchema, TrialBodyJson, TrialJson } from "../../lib/tuner/wire.ts";

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
