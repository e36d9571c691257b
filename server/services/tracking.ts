/** Experiments, runs and metrics: what the tracking service does for routes and other services. @module */
import type {
  DatasetInput,
  Experiment,
  KeyValue,
  Metric,
  Run,
  RunInfo,
  RunStatus,
  ViewType,
} from "../../lib/contracts/mlflow/mod.ts";
import type { Page } from "../db/paging.ts";

export type { Page };

export interface SearchOptions {
  /** MLflow's filter grammar, with OR, NOT and parentheses. */
  filter?: string;
  orderBy?: string[];
  maxResults?: number;
  pageToken?: string;
  viewType?: ViewType;
}

export interface NewRun {
  experimentId: string;
  /** Made up when absent. */
  runName?: string;
  userId?: string;
  /** Milliseconds since 1970; now when absent. */
  startTime?: number;
  tags?: KeyValue[];
}

export interface MetricPoint {
  value: number;
  timestamp: number;
  step: number;
}

export interface DatasetSummary {
  experiment_id: string;
  name: string;
  digest: string;
  /** What it was used for, as the input's tag `mlflow.data.context` says. */
  context?: string;
}

/** All methods throw ApiError with MLflow's code and wording. */
export interface TrackingService {
  createExperiment(
    name: string,
    options?: { artifactLocation?: string; tags?: KeyValue[] },
  ): Promise<string>;
  getExperiment(experimentId: string): Promise<Experiment>;
  /** Null when no experiment, active or deleted, has the name. */
  getExperimentByName(name: string): Promise<Experiment | null>;
  renameExperiment(experimentId: string, newName: string): Promise<void>;
  deleteExperiment(experimentId: string): Promise<void>;
  restoreExperiment(experimentId: string): Promise<void>;
  setExperimentTag(experimentId: string, key: string, value: string): Promise<void>;
  deleteExperimentTag(experimentId: string, key: string): Promise<void>;
  searchExperiments(options?: SearchOptions): Promise<Page<Experiment>>;

  createRun(run: NewRun): Promise<Run>;
  getRun(runId: string): Promise<Run>;
  updateRun(
    runId: string,
    changes: { status?: RunStatus; endTime?: number; runName?: string },
  ): Promise<RunInfo>;
  deleteRun(runId: string): Promise<void>;
  restoreRun(runId: string): Promise<void>;
  searchRuns(experimentIds: string[], options?: SearchOptions): Promise<Page<Run>>;
  /** As searchRuns, each run as the JSON of MLflow's protocol. */
  searchRunsJson(experimentIds: string[], options?: SearchOptions): Promise<Page<string>>;

  /** Resolves once the points are committed. */
  logMetrics(runId: string, metrics: Metric[]): Promise<void>;
  logParams(runId: string, params: KeyValue[]): Promise<void>;
  setTags(runId: string, tags: KeyValue[]): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  /** Metrics, params and tags together or not at all. */
  logBatch(
    runId: string,
    batch: { metrics?: Metric[]; params?: KeyValue[]; tags?: KeyValue[] },
  ): Promise<void>;
  logInputs(
    runId: string,
    inputs: { datasets?: DatasetInput[]; models?: { model_id: string }[] },
  ): Promise<void>;
  logOutputs(runId: string, models: { model_id: string; step?: number }[]): Promise<void>;

  /** Ordered by timestamp, step, value. */
  getMetricHistory(
    runId: string,
    key: string,
    options?: { maxResults?: number; pageToken?: string },
  ): Promise<Page<Metric>>;
  /** As getMetricHistory, the items as one JSON text, for histories of millions of points. */
  getMetricHistoryJson(
    runId: string,
    key: string,
    options?: { maxResults?: number; pageToken?: string },
  ): Promise<{ json: string; count: number; nextPageToken?: string }>;
  /** Of several runs, ordered by run id, timestamp, step, value; `limit` points in all. */
  getMetricHistories(
    runIds: string[],
    key: string,
    limit: number,
  ): Promise<(MetricPoint & { key: string; run_id: string })[]>;
  /** Of several runs, each evenly thinned out to `perRun` points, first and last kept. */
  sampleMetricHistories(
    runIds: string[],
    key: string,
    options: { perRun: number; steps?: [from: number, to: number] },
  ): Promise<(MetricPoint & { key: string; run_id: string })[]>;
  /** Appends what MLflow 2's log_model sends to the run's tag `mlflow.log-model.history`. */
  recordModel(runId: string, model: Record<string, unknown>): Promise<void>;
  searchDatasets(experimentIds: string[]): Promise<DatasetSummary[]>;

  /** At most `points` of the metric's points, chosen so that a chart keeps its shape. */
  sampleMetric(runId: string, key: string, points: number): Promise<MetricPoint[]>;
}
