/**
 * Records runs at a tracking server over MLflow's REST protocol: Tapebook's own, or a real MLflow.
 *
 * Logging returns at once and is sent in batches. While the server is away, everything waits on
 * disk and is delivered later, by this program or the next one, exactly once.
 *
 * @example
 * ```ts ignore
 * import { connect } from "./mod.ts";
 *
 * const tracker = connect("http://127.0.0.1:5000");
 * const run = await tracker.startRun({ experiment: "momentum", name: "lstm-7" });
 * run.logParams({ model: { units: 32 }, learningRate: 1e-3 });
 * for (let epoch = 0; epoch < 10; epoch++) run.logMetric("loss", 1 / (epoch + 1), { step: epoch });
 * await run.logMetricColumn("equity", new Float64Array([1, 1.02, 1.01]));
 * await run.logArtifact("report.md", "# It worked");
 * await run.end();
 * ```
 * @module
 */
export {
  type BacktestLike,
  type EpochLike,
  logBacktest,
  trainingCallbacks,
  trialCallbacks,
  type TrialLike,
} from "./autolog.ts";
export { type Connection, resolveConnection } from "./connection.ts";
export { type EndOnSignalOptions, endRunsOnSignal } from "./end_on_signal.ts";
export {
  RejectedError,
  type Rejection,
  TrackingError,
  TrackingUnavailableError,
} from "./errors.ts";
export {
  activeRun,
  endRun,
  getTracker,
  logArtifact,
  logInputs,
  logMetric,
  logMetrics,
  logParam,
  logParams,
  setExperiment,
  setTag,
  setTags,
  setTrackingUri,
  startRun,
  withRun,
} from "./fluent.ts";
export type { DatasetInput, RunStatus } from "./operation.ts";
export { type ModelVersion, type RegisterOptions, Registry } from "./registry.ts";
export { type MetricOptions, Run } from "./run.ts";
export {
  type ArtifactInfo,
  type MetricHistory,
  RunReader,
  type RunRecord,
  type SearchOptions,
} from "./run_reader.ts";
export { logSystemMetrics, type SystemMetricsOptions, SystemSampler } from "./system_metrics.ts";
export { connect, type ConnectOptions, type StartRunOptions, Tracker } from "./tracker.ts";
