/**
 * Scoring as a service: finds the version an alias points at, loads it, runs it, logs and counts.
 * @module
 */
import {
  createLatencyWindow,
  type LatencySummary,
  type LatencyWindow,
} from "../monitoring/latency.ts";
import type { ServerMetrics } from "../monitoring/metrics.ts";
import type { Clock } from "../services/clock.ts";
import type { EventHub } from "../services/events.ts";
import { badRequest, ServingError } from "./errors.ts";
import { type LoadedModel, loadModel } from "./loaded_model.ts";
import { createModelCache } from "./model_cache.ts";
import type { AliasTarget, ModelSource, ModelVersionRef } from "./model_source.ts";
import { loggedTensor, type PredictionLog, type PredictionRecord } from "./prediction_log.ts";
import { checkInputs, type Signature } from "./signature.ts";
import type { Tensor } from "./tensor.ts";

/** The alias whose version answers for a model. */
export const servedAlias = "champion";

export interface Prediction {
  id: string;
  model: string;
  version: string;
  outputs: Tensor[];
  /** Milliseconds from parsed tensors to results. */
  ms: number;
}

export interface PredictRequest {
  model: string;
  /** A version number; the champion when absent. */
  version?: string;
  id?: string;
  inputs: readonly Tensor[];
  /** Names of the outputs wanted, all when absent. */
  outputs?: readonly string[];
  caller?: string;
}

export interface DeploymentSummary {
  model: string;
  version: string;
  alias: string;
  runId: string | null;
  latency: LatencySummary;
}

export interface Serving {
  /** Models that have a champion. */
  deployments(): Promise<DeploymentSummary[]>;
  /** The champion of one model, loaded. */
  deployment(name: string): Promise<DeploymentSummary & { loaded: LoadedModel }>;
  /** Versions of a model in rising order. */
  versions(name: string): Promise<string[]>;
  /** Loads a version (the champion when absent) and describes it. */
  describe(name: string, version?: string): Promise<LoadedModel>;
  /** Whether a version (the champion when absent) can answer. */
  isReady(name: string, version?: string): Promise<boolean>;
  predict(request: PredictRequest): Promise<Prediction>;
  recent(name: string, limit?: number): PredictionRecord[];
  /** Latency of a version since this process started. */
  latency(name: string, version: string): LatencySummary;
  close(): Promise<void>;
}

export interface ServingOptions {
  source: ModelSource;
  log: PredictionLog;
  metrics: ServerMetrics;
  clock: Clock;
  events: EventHub;
  /** How long an alias is believed without asking again; other processes may move it meanwhile. */
  aliasTtlMs?: number;
}

/** Scoring over the models of `source`. */
export function createServing(options: ServingOptions): Serving {
  const { source, log, metrics, clock, events, aliasTtlMs = 1000 } = options;
  const latency = new Map<string, LatencyWindow>();
  const champions = new Map<string, { target: AliasTarget; at: number }>();
  let generation = 0;

  const cache = createModelCache(async (ref) => {
    try {
      const model = await loadModel(source, ref);
      metrics.modelLoads.inc({ model: ref.name, outcome: "ok" });
      return model;
    } catch (error) {
      metrics.modelLoads.inc({ model: ref.name, outcome: "failed" });
      if (error instanceof ServingError) throw error;
      throw new ServingError(
        503,
        `Cannot load ${ref.name} version ${ref.version}: ${(error as Error).message}`,
      );
    }
  });

  const stop = events.on("*", (event) => {
    if (!/^(alias|version|model)\./.test(event.kind)) return;
    generation++;
    champions.clear();
  });

  async function champion(name: string): Promise<AliasTarget> {
    const known = champions.get(name);
    if (known && clock.now() - known.at < aliasTtlMs) return known.target;
    const asked = generation;
    const target = await source.target(name, servedAlias);
    if (target === undefined) throw new ServingError(404, `Model "${name}" does not exist`);
    if (target === null) {
      throw new ServingError(
        404,
        `Model "${name}" is not deployed: no version has the alias "${servedAlias}"`,
      );
    }
    // An answer that was asked for before the alias moved must not be remembered after.
    if (asked === generation) champions.set(name, { target, at: clock.now() });
    return target;
  }

  async function resolve(name: string, version?: string): Promise<ModelVersionRef> {
    if (version === undefined) return await champion(name);
    const ref = await source.version(name, version);
    if (!ref) throw new ServingError(404, `Model "${name}" has no version "${version}"`);
    return ref;
  }

  function windowOf(name: string, version: string): LatencyWindow {
    const key = `${name}\n${version}`;
    let window = latency.get(key);
    if (!window) latency.set(key, window = createLatencyWindow());
    return window;
  }

  function summary(target: AliasTarget): DeploymentSummary {
    const { name, version, alias, runId } = target;
    return {
      model: name,
      version,
      alias,
      runId,
      latency: windowOf(name, version).summary(),
    };
  }

  function wantedOutputs(signature: Signature, wanted?: readonly string[]) {
    if (!wanted || wanted.length === 0) return undefined;
    const names = signature.outputs.map((spec) => spec.name);
    for (const name of wanted) {
      if (!names.includes(name)) {
        throw badRequest(`Output "${name}" is unknown; the model gives ${names.join(", ")}`);
      }
    }
    return wanted;
  }

  async function run(model: LoadedModel, request: PredictRequest): Promise<Prediction> {
    const { name, version } = model.ref;
    const labels = { model: name, version };
    let inputs: Tensor[], wanted: readonly string[] | undefined;
    try {
      inputs = checkInputs(model.signature, request.inputs);
      wanted = wantedOutputs(model.signature, request.outputs);
    } catch (error) {
      metrics.predictions.inc({ ...labels, outcome: "refused" });
      throw error;
    }
    const started = performance.now();
    let outputs: Tensor[];
    try {
      outputs = await model.session.run(inputs, wanted);
    } catch (error) {
      metrics.predictions.inc({ ...labels, outcome: "failed" });
      throw badRequest(`The model refused the inputs: ${(error as Error).message.trim()}`);
    }
    const ms = performance.now() - started;
    const id = request.id ?? crypto.randomUUID();
    windowOf(name, version).record(ms);
    metrics.predictions.inc({ ...labels, outcome: "ok" });
    metrics.predictionSeconds.observe(labels, ms / 1000);
    log.append({
      id,
      time: clock.now(),
      model: name,
      version,
      ms,
      caller: request.caller ?? "anonymous",
      inputs: inputs.map(loggedTensor),
      outputs: outputs.map(loggedTensor),
    });
    return { id, model: name, version, outputs, ms };
  }

  return {
    async deployments() {
      return (await source.targets(servedAlias)).map(summary);
    },
    async deployment(name) {
      const target = await champion(name);
      const loaded = await cache.use(target, (model) => Promise.resolve(model));
      return { ...summary(target), loaded };
    },
    async versions(name) {
      const versions = await source.versions(name);
      if (!versions) throw new ServingError(404, `Model "${name}" does not exist`);
      return versions;
    },
    async describe(name, version) {
      return await cache.use(await resolve(name, version), (model) => Promise.resolve(model));
    },
    async isReady(name, version) {
      try {
        await cache.use(await resolve(name, version), () => Promise.resolve());
        return true;
      } catch (error) {
        if (error instanceof ServingError) return false;
        throw error;
      }
    },
    async predict(request) {
      const ref = await resolve(request.model, request.version);
      const prediction = await cache.use(ref, (model) => run(model, request));
      metrics.modelsLoaded.set(cache.size);
      return prediction;
    },
    recent: (name, limit) => log.recent(name, limit),
    latency: (name, version) => windowOf(name, version).summary(),
    async close() {
      stop();
      await log.close();
      await cache.clear();
    },
  };
}
