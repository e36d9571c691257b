/**
 * The short way for notebooks: one tracker, a current run, functions that log to it.
 *
 * The current run follows asynchronous calls: two `withRun` bodies that go on side by side each log
 * to their own run, and a `withRun` inside another makes a child run.
 *
 * @example
 * ```ts ignore
 * import * as tracking from "./fluent.ts";
 *
 * tracking.setTrackingUri("http://127.0.0.1:5000");
 * tracking.setExperiment("momentum");
 * await tracking.withRun({ name: "grid" }, async () => {
 *   for (const lr of [0.1, 0.01]) {
 *     await tracking.withRun({ name: `lr ${lr}` }, async () => {
 *       tracking.logParams({ lr });
 *       tracking.logMetric("loss", lr * 2);
 *     });
 *   }
 * });
 * ```
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { DatasetInput, RunStatus } from "./operation.ts";
import type { MetricOptions, Run } from "./run.ts";
import { connect, type ConnectOptions, type StartRunOptions, type Tracker } from "./tracker.ts";

const scoped = new AsyncLocalStorage<Run>();
let tracker: Tracker | null = null;
let uri: string | undefined;
let connectOptions: ConnectOptions = {};
let experiment: string | undefined;
/** Started by `startRun`, not by `withRun`. */
const open: Run[] = [];

/** Where runs go from now on. A tracker of another address is closed. */
export async function setTrackingUri(address: string, options: ConnectOptions = {}): Promise<void> {
  const former = tracker;
  tracker = null;
  uri = address;
  connectOptions = options;
  await former?.close();
}

/** The experiment of runs that name none. */
export function setExperiment(name: string): void {
  experiment = name;
}

/** The tracker behind these functions. */
export function getTracker(): Tracker {
  return tracker ??= connect(uri, connectOptions);
}

/** The run that functions log to now, or null. */
export function activeRun(): Run | null {
  return scoped.getStore() ?? open.at(-1) ?? null;
}

function current(): Run {
  const run = activeRun();
  if (run === null) {
    throw new TypeError("Cannot log: a run must be active, got none (call startRun or withRun)");
  }
  return run;
}

function withDefaults(options: StartRunOptions): StartRunOptions {
  return {
    experiment,
    ...options,
    parentRunId: options.parentRunId ?? activeRun()?.id,
  };
}

/** Starts a run that stays current until `endRun`; inside another one it is its child. */
export async function startRun(options: StartRunOptions = {}): Promise<Run> {
  const run = await getTracker().startRun(withDefaults(options));
  open.push(run);
  return run;
}

/** Ends the run that `startRun` started last. */
export async function endRun(status: RunStatus = "FINISHED"): Promise<void> {
  await open.pop()?.end(status);
}

/** Runs `body` with a run of its own as the current one; ends it FINISHED, or FAILED on an error. */
export function withRun<T>(
  options: StartRunOptions,
  body: (run: Run) => T | Promise<T>,
): Promise<T> {
  return getTracker().withRun(withDefaults(options), (run) => scoped.run(run, () => body(run)));
}

export function logParam(key: string, value: unknown): void {
  current().logParam(key, value);
}

export function logParams(params: object): void {
  current().logParams(params);
}

export function logMetric(key: string, value: number, options?: MetricOptions): void {
  current().logMetric(key, value, options);
}

export function logMetrics(metrics: Record<string, number>, options?: MetricOptions): void {
  current().logMetrics(metrics, options);
}

export function setTag(key: string, value: unknown): void {
  current().setTag(key, value);
}

export function setTags(tags: Record<string, unknown>): void {
  current().setTags(tags);
}

export function logInputs(datasets: DatasetInput | DatasetInput[]): void {
  current().logInputs(datasets);
}

export function logArtifact(path: string, content: string | Uint8Array | object): Promise<void> {
  return current().logArtifact(path, content);
}

/** Waits until the server has everything. */
export function flush(options?: { timeoutMs?: number }): Promise<void> {
  return getTracker().flush(options);
}
