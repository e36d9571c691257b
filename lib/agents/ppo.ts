/**
 * Proximal policy optimization over choices.
 *
 * All epochs and minibatches of an update run in one native call, and so does the policy's answer to
 * all environments. docs/agents.md lists the implementation details with their switches.
 *
 * @see Schulman et al. 2017, arXiv:1707.06347
 * @module
 */
import { createRng } from "../math/mod.ts";
import { mean } from "../math/mod.ts";
import { createActorCritic } from "./actor_critic.ts";
import { spaceSize } from "./environment.ts";
import { DiscretePolicy } from "./policy.ts";
import { type PpoConfig, resolvePpoConfig } from "./ppo_config.ts";
import { type PpoBatch, ppoLoss } from "./ppo_loss.ts";
import { Rollout } from "./rollout.ts";
import { type MakeEnvironment, vectorize } from "./vector_environment.ts";

/** One update. NaN stands for what is not known yet. */
export interface TrainingRecord {
  /** Environment steps so far. */
  steps: number;
  /** Episodes ended so far. */
  episodes: number;
  /** Means over the last 100 episodes. */
  meanReturn: number;
  meanLength: number;
  /** Means over the update's minibatches. */
  loss: number;
  policyLoss: number;
  valueLoss: number;
  entropy: number;
  approxKl: number;
  clipFraction: number;
  explainedVariance: number;
  learningRate: number;
  /** Passes made over the rollout; fewer than configured when targetKl stopped them. */
  epochs: number;
  /** Environment steps per second since the start, updates included. */
  stepsPerSecond: number;
}

export interface TrainingCallbacks {
  onProgress?: (record: TrainingRecord, policy: DiscretePolicy) => void;
  /** Stops the training before the next rollout. */
  signal?: AbortSignal;
}

export interface TrainingResult {
  policy: DiscretePolicy;
  history: TrainingRecord[];
}

/**
 * Trains a policy. The same configuration and seed give the same policy.
 *
 * @throws {RangeError} If the configuration or the environments' action space does not fit.
 * @throws {EnvironmentError} If an environment gives a NaN.
 * @throws {TrainingDivergedError} If the loss is no longer a number.
 * @throws The signal's reason, if it aborts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cartPole } from "./cart_pole.ts";
 * import { ppo } from "./ppo.ts";
 * const { policy, history } = await ppo.train(() => cartPole(), {
 *   totalSteps: 512, environments: 2, rolloutSteps: 128,
 * });
 * assert.equal(history.length, 2);
 * assert.equal(policy.predict(Float32Array.of(0, 0, 0.1, 0)).length, 1);
 * policy.dispose();
 * ```
 */
async function train(
  makeEnvironment: MakeEnvironment,
  config: PpoConfig,
  callbacks: TrainingCallbacks = {},
): Promise<TrainingResult> {
  const c = resolvePpoConfig(config);
  callbacks.signal?.throwIfAborted();
  const environments = vectorize(makeEnvironment, c.environments);
  const { actionSpace, observationSpace } = environments;
  if (actionSpace.kind !== "discrete") {
    throw new RangeError(
      `Cannot train PPO: actionSpace must be discrete, got ${actionSpace.kind}`,
    );
  }
  const rng = createRng(c.seed);
  const actionRng = rng.split("actions"), shuffleRng = rng.split("minibatches");
  const observationSize = spaceSize(observationSpace);
  const network = await createActorCritic({
    observationSize,
    actions: actionSpace.n,
    hidden: c.hidden,
    seed: c.seed,
  });
  const policy = await DiscretePolicy.create(network, c.environments);
  const { compileStep } = await import("../onnx/mod.ts");
  const row = { shape: [c.batchSize] };
  const step = await compileStep({
    variables: network.variables,
    inputs: {
      observations: { shape: [c.batchSize, observationSize] },
      actions: { shape: [c.batchSize], dtype: "int32" },
      oldLogProbabilities: row,
      oldValues: row,
      advantages: row,
      returns: row,
    },
    loss: (batch) => ppoLoss(network, batch as unknown as PpoBatch, c),
    optimizer: { kind: "adam", learningRate: c.learningRate, epsilon: c.adamEpsilon },
    clipNorm: c.maxGradientNorm,
    seed: c.seed,
  });

  const rollout = new Rollout(environments, c.rolloutSteps);
  const { observations, actions, oldLogProbabilities, oldValues, advantages, returns } = rollout;
  const data: Record<string, Float32Array | Int32Array> = {
    observations,
    actions,
    oldLogProbabilities,
    advantages,
    returns,
    oldValues,
  };
  const order = Int32Array.from({ length: rollout.rows }, (_, i) => i);
  // Passes can share a native call when each is whole minibatches and none may be the last.
  const passes = c.targetKl === null && rollout.rows % c.batchSize === 0 ? c.epochs : 1;
  const indices = new Int32Array(passes * rollout.rows);
  const recent: { episodeReturn: number; length: number }[] = [];
  const history: TrainingRecord[] = [];
  const started = performance.now();
  let steps = 0, episodes = 0;
  const onEpisode = (episodeReturn: number, length: number) => {
    episodes++;
    recent.push({ episodeReturn, length });
    if (recent.length > 100) recent.shift();
  };

  const update = (learningRate: number) => {
    const sums: Record<string, number> = {};
    let minibatches = 0, epochs = 0, isStopped = false;
    while (epochs < c.epochs && !isStopped) {
      for (let p = 0; p < passes; p++) indices.set(shuffleRng.shuffle(order), p * rollout.rows);
      const metrics = step.epochMetrics(data, indices, { learningRate });
      for (const [name, values] of Object.entries(metrics)) {
        for (let i = 0; i < values.length; i++) sums[name] = (sums[name] ?? 0) + values[i];
      }
      minibatches += metrics.loss.length;
      epochs += passes;
      isStopped = c.targetKl !== null && mean(metrics.approxKl) > 1.5 * c.targetKl;
    }
    for (const name of Object.keys(sums)) sums[name] /= minibatches;
    return { ...sums, epochs } as unknown as Pick<
      TrainingRecord,
      "loss" | "policyLoss" | "valueLoss" | "entropy" | "approxKl" | "clipFraction" | "epochs"
    >;
  };

  try {
    environments.reset(c.seed);
    while (steps < c.totalSteps) {
      callbacks.signal?.throwIfAborted();
      const left = 1 - steps / c.totalSteps;
      const learningRate = c.learningRate * (c.learningRateSchedule === "linear" ? left : 1);
      rollout.collect(policy, actionRng, { gamma: c.gamma, gaeLambda: c.gaeLambda }, onEpisode);
      const updated = update(learningRate);
      steps += rollout.rows;
      if (!Number.isFinite(updated.loss)) {
        throw new TrainingDivergedError(
          `Cannot train PPO: loss must be finite, got ${updated.loss} after ${steps} steps`,
          history,
        );
      }
      step.syncVariables();
      const record: TrainingRecord = {
        steps,
        episodes,
        meanReturn: mean(recent.map((e) => e.episodeReturn)),
        meanLength: mean(recent.map((e) => e.length)),
        ...updated,
        explainedVariance: rollout.explainedVariance(),
        learningRate,
        stepsPerSecond: steps / ((performance.now() - started) / 1000),
      };
      history.push(record);
      callbacks.onProgress?.(record, policy);
      // Lets servers, signals and other workers of this thread have their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } catch (error) {
    policy.dispose();
    throw error;
  } finally {
    step.dispose();
  }
  return { policy, history };
}

/** The loss is no longer a number; `history` tells how it came to that. */
export class TrainingDivergedError extends Error {
  override name = "TrainingDivergedError";
  constructor(message: string, readonly history: TrainingRecord[]) {
    super(message);
  }
}

/** Proximal policy optimization. */
export const ppo = { train };
