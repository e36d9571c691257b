/**
 * A worker of A3C: acts in its own environment and changes the shared parameters, until it is told to
 * stop or the steps are done. It has no TensorFlow.js: both graphs come ready made.
 * @module
 */
import { createRng } from "../../math/mod.ts";
import type { Tf } from "../../models/tensorflow.ts";
import { createSession, type OrtFeeds, ortTensor, ortZeros } from "../../onnx/runtime.ts";
import { type ActionHead, createHead } from "../action_head.ts";
import {
  ActionError,
  type Environment,
  EnvironmentError,
  type Space,
  spaceSize,
} from "../environment.ts";
import { computeGae } from "../gae.ts";
import type { PolicyOutputs } from "../policy.ts";
import { vectorize } from "../vector_environment.ts";
import { makeFromModule } from "./environment_module.ts";
import { remoteEnvironment } from "./remote_environment.ts";
import {
  applySharedRmsprop,
  counter,
  lossIndex,
  lossView,
  recordEpisode,
  workerCounter,
  workerView,
} from "./shared_memory.ts";
import type { WorkerInit, WorkerReply } from "./worker_protocol.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerInit>) => void;
  postMessage(reply: WorkerReply): void;
};

/** Longest time without a turn for other things on this thread. */
const turnMs = 50;

/** A gradient that is not a number: more of it would spoil the parameters for all. */
class GradientError extends Error {
  override name = "GradientError";
}

/**
 * Acting alone, over typed arrays: of the tensors' side of a head nothing is called here, and of its
 * variables only a Gaussian's log deviation is read, which is the end of the parameters.
 */
function headWithoutTensors(space: Space, parameters: Float32Array): ActionHead {
  const logStd = parameters.subarray(parameters.length - spaceSize(space));
  const variable = { dataSync: () => logStd };
  const tensors = { fill: () => variable, variable: () => variable };
  return createHead(tensors as unknown as Tf, space);
}

async function makeEnvironment(init: WorkerInit): Promise<Environment> {
  const { environment, memory } = init;
  if (environment.kind === "module") return await makeFromModule(environment.address, init.index);
  return remoteEnvironment(
    environment.port,
    () => scope.postMessage({ kind: "environment" }),
    () => Atomics.load(memory.counters, counter.stop) === 1,
  );
}

async function work(init: WorkerInit): Promise<void> {
  const { memory, config, stateSize, index } = init;
  const { counters } = memory;
  const own = workerView(memory, index), losses = lossView(memory, index);
  const beat = () => Atomics.add(own, workerCounter.heartbeat, 1);
  const isStopped = () =>
    Atomics.load(counters, counter.stop) === 1 ||
    Atomics.load(counters, counter.steps) >= config.totalSteps;

  const forward = await createSession(init.forward), gradient = await createSession(init.gradient);
  const made = await makeEnvironment(init);
  const environments = vectorize(() => made, 1);
  const { actionSpace } = environments;
  const { observations, finalObservations, rewards, terminated, truncated, masks } = environments;
  const rng = createRng(config.seed).split(`worker ${index}`).split(init.attempt);

  const { nSteps } = config;
  const size = observations.length;
  const parameters = new Float32Array(memory.parameters.length);
  // Statistics of its own where they are not shared.
  const meanSquare = config.sharedStatistics
    ? memory.meanSquare
    : new Float32Array(memory.parameters.length);
  const head = headWithoutTensors(actionSpace, parameters);
  const actions = head.dtype === "int32"
    ? new Int32Array(head.actionSize)
    : new Float32Array(head.actionSize);
  const out: PolicyOutputs = {
    actions,
    drawn: head.dtype === "int32" ? actions : new Float32Array(head.actionSize),
    logProbabilities: new Float32Array(1),
    values: new Float32Array(1),
  };

  const tensor = (name: string, data: Float32Array) =>
    ortTensor(data, "float32", gradient.inputs.find((i) => i.name === name)!.shape as number[]);
  const parametersTensor = tensor("parameters", parameters);
  const seen = new Float32Array(size);
  const state = new Float32Array(stateSize), before = new Float32Array(stateSize);
  const forwardFeeds: OrtFeeds = {
    parameters: parametersTensor,
    observation: ortTensor(seen, "float32", [1, size]),
  };
  const forwardResults: OrtFeeds = {
    outputs: ortZeros("float32", [1, head.outputs]),
    value: ortZeros("float32", [1]),
  };
  if (stateSize > 0) {
    forwardFeeds.state = ortTensor(state, "float32", [1, stateSize]);
    forwardResults.next = ortZeros("float32", [1, stateSize]);
  }
  const outputs = forwardResults.outputs.data as Float32Array;
  const value = forwardResults.value.data as Float32Array;
  const next = forwardResults.next?.data as Float32Array | undefined;

  const segment = {
    observations: new Float32Array(nSteps * size),
    advantages: new Float32Array(nSteps),
    returns: new Float32Array(nSteps),
    weights: new Float32Array(nSteps),
  };
  const segmentFeeds: OrtFeeds = { parameters: parametersTensor };
  for (const [name, data] of Object.entries(segment)) segmentFeeds[name] = tensor(name, data);
  const drawn = head.dtype === "int32"
    ? new Int32Array(nSteps * head.actionSize)
    : new Float32Array(nSteps * head.actionSize);
  const drawnInfo = gradient.inputs.find((i) => i.name === "drawn")!;
  segmentFeeds.drawn = ortTensor(drawn, head.dtype, drawnInfo.shape as number[]);
  const maskRows = masks ? new Uint8Array(nSteps * masks.length).fill(1) : null;
  if (maskRows) {
    segmentFeeds.masks = ortTensor(maskRows, "bool", [nSteps, maskRows.length / nSteps]);
  }
  if (stateSize > 0) segmentFeeds.state = ortTensor(before, "float32", [1, stateSize]);
  const segmentResults: OrtFeeds = { gradient: ortZeros("float32", [parameters.length]) };
  for (const name of Object.keys(lossIndex)) segmentResults[name] = ortZeros("float32", []);
  const gradients = segmentResults.gradient.data as Float32Array;
  const rewardsOf = new Float64Array(nSteps), values = new Float32Array(nSteps);
  const dones = new Uint8Array(nSteps);
  const lastValue = new Float64Array(1);

  const act = (observation: Float32Array): void => {
    seen.set(observation);
    forward.run(forwardFeeds, forwardResults);
  };

  environments.reset(rng.integer(2 ** 31));
  beat();
  let turnAt = performance.now();
  while (!isStopped()) {
    // The environment's own timers, and errors that nobody caught, have their turn now and then.
    if (performance.now() - turnAt > turnMs) {
      await new Promise((resolve) => setTimeout(resolve));
      turnAt = performance.now();
    }
    parameters.set(memory.parameters);
    const updatesRead = Atomics.load(counters, counter.updates);
    before.set(state);
    let n = 0, ends = false;
    while (n < nSteps && !ends) {
      segment.observations.set(observations, n * size);
      if (masks) maskRows!.set(masks, n * masks.length);
      act(observations);
      if (next) state.set(next);
      head.act(outputs, 1, { rng, masks }, out);
      drawn.set(out.drawn, n * head.actionSize);
      values[n] = value[0];
      environments.step(actions);
      rewardsOf[n] = rewards[0];
      ends = terminated[0] === 1 || truncated[0] === 1;
      dones[n++] = ends ? 1 : 0;
    }
    // A task that goes on, or was only cut, has a value beyond its last step.
    lastValue[0] = 0;
    if (!terminated[0]) {
      act(truncated[0] ? finalObservations : observations);
      lastValue[0] = value[0];
      if (truncated[0]) rewardsOf[n - 1] += config.gamma * value[0];
    }
    if (ends) {
      state.fill(0);
      recordEpisode(memory, environments.episodeReturns[0], environments.episodeLengths[0]);
      Atomics.add(own, workerCounter.episodes, 1);
    }
    computeGae(
      {
        rewards: rewardsOf.subarray(0, n),
        values: values.subarray(0, n),
        dones: dones.subarray(0, n),
        lastValues: lastValue,
        gamma: config.gamma,
        gaeLambda: config.gaeLambda,
      },
      segment.advantages.subarray(0, n),
      segment.returns.subarray(0, n),
    );
    // A row counts the same in a segment that its episode's end cut short, as in the paper's sums.
    segment.weights.fill(1 / nSteps, 0, n).fill(0, n);
    // Rows left from a longer segment count nothing, but must be numbers.
    segment.advantages.fill(0, n);
    segment.returns.fill(0, n);
    gradient.run(segmentFeeds, segmentResults);
    for (const [name, at] of Object.entries(lossIndex)) {
      losses[at] = (segmentResults[name].data as Float32Array)[0];
    }
    let sum = 0;
    for (let i = 0; i < gradients.length; i++) sum += gradients[i];
    if (!Number.isFinite(sum)) {
      throw new GradientError(
        `Cannot train A3C: gradients must be finite, got ${sum} as their sum in worker ${index} after ${
          Atomics.load(counters, counter.steps)
        } steps`,
      );
    }
    const done = Atomics.load(counters, counter.steps) / config.totalSteps;
    const left = config.learningRateSchedule === "linear" ? Math.max(0, 1 - done) : 1;
    applySharedRmsprop({ parameters: memory.parameters, meanSquare }, gradients, {
      learningRate: config.learningRate * left,
      decay: config.rmspropDecay,
      epsilon: config.rmspropEpsilon,
    });
    const staleness = Atomics.add(counters, counter.updates, 1) - updatesRead;
    Atomics.add(counters, counter.staleness, staleness);
    if (staleness > own[workerCounter.maxStaleness]) {
      Atomics.store(own, workerCounter.maxStaleness, staleness);
    }
    Atomics.add(own, workerCounter.steps, n);
    Atomics.add(own, workerCounter.updates, 1);
    Atomics.add(counters, counter.steps, n);
    beat();
  }
  forward.dispose();
  gradient.dispose();
}

scope.onmessage = async ({ data }) => {
  try {
    await work(data);
    scope.postMessage({ kind: "done" });
  } catch (error) {
    const { name, message } = error as Error;
    const isFatal = error instanceof GradientError || error instanceof ActionError ||
      error instanceof EnvironmentError;
    const environment = error instanceof EnvironmentError ? data.index : undefined;
    scope.postMessage({ kind: "failed", isFatal, error: { name, message, environment } });
  }
};
