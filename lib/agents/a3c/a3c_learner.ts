/**
 * A3C as the trainer sees it: threads that learn by themselves, looked after at intervals.
 * @module
 */
import { createActorCritic } from "../actor_critic.ts";
import { ActorCriticPolicy } from "../actor_critic_policy.ts";
import { countParameters, packParameters, unpackParameters } from "../a2c/flat_graph.ts";
import { type Environment, spaceSize } from "../environment.ts";
import type { Learner, LearnerState, LearnerUpdate } from "../learner.ts";
import { parseConfig } from "../parse_config.ts";
import type { MakeEnvironment } from "../vector_environment.ts";
import { type A3cConfig, a3cConfigSchema, type ResolvedA3cConfig } from "./a3c_config.ts";
import { addressOf, type EnvironmentModule, makeFromModule } from "./environment_module.ts";
import { createRemotePort } from "./remote_environment.ts";
import { encodeSegmentGraphs } from "./segment_graphs.ts";
import {
  allocateSharedMemory,
  counter,
  lossIndex,
  lossView,
  recentEpisodes,
  type SharedMemory,
  workerCounter,
  workerView,
} from "./shared_memory.ts";
import { Supervisor, type WorkerReplacement } from "./supervisor.ts";

/** Milliseconds between two looks at the workers. */
const glanceMs = 5;

export interface A3cLearnerOptions {
  /** A worker died and another took its place. */
  onReplace?: (replacement: WorkerReplacement) => void;
  /** Ends a wait for steps, too: `advance` throws its reason. */
  signal?: AbortSignal;
}

/**
 * Asynchronous advantage actor-critic.
 *
 * Workers go on between calls of `advance`, which only waits for steps and tells of them; its record
 * adds `updates`, `staleness` (mean number of updates by others between a worker's read and its write),
 * `maxStaleness`, `replacements`, and `worker0StepsPerSecond`, ….
 */
export class A3cLearner implements Learner<ActorCriticPolicy> {
  readonly algorithm = "a3c";
  readonly config: ResolvedA3cConfig;
  readonly policy: ActorCriticPolicy;
  readonly memory: SharedMemory;
  readonly #supervisor: Supervisor;
  readonly #signal: AbortSignal | undefined;
  #isStarted = false;
  #reported = 0;
  #last = { at: 0, updates: 0, staleness: 0, workerSteps: [] as number[] };

  private constructor(
    config: ResolvedA3cConfig,
    policy: ActorCriticPolicy,
    memory: SharedMemory,
    supervisor: Supervisor,
    signal: AbortSignal | undefined,
  ) {
    this.#signal = signal;
    this.config = config;
    this.policy = policy;
    this.memory = memory;
    this.#supervisor = supervisor;
  }

  /**
   * Makes the network and compiles what workers run; they start with the first `advance`.
   *
   * @param environment A module that workers make their environments from, or a function: then the
   * environments live on the calling thread, which costs a message between threads per step.
   * @throws {RangeError} If the configuration does not fit.
   */
  static async create(
    environment: EnvironmentModule | MakeEnvironment,
    config: A3cConfig,
    options: A3cLearnerOptions = {},
  ): Promise<A3cLearner> {
    const c = parseConfig(a3cConfigSchema, config, "train A3C");
    const count = c.workers;
    const isFunction = typeof environment === "function";
    const local: Environment[] = isFunction
      ? Array.from({ length: count }, (_, i) => environment(i))
      // One copy here tells the spaces.
      : [await makeFromModule(addressOf(environment), 0)];
    const [first] = local;
    const network = await createActorCritic({
      observationSize: spaceSize(first.observationSpace),
      actionSpace: first.actionSpace,
      masked: first.actionMask !== undefined,
      hidden: c.hidden,
      recurrent: c.lstmUnits === null ? null : { units: c.lstmUnits, shared: true },
      seed: c.seed,
    });
    const policy = await ActorCriticPolicy.create(network);
    const { variables, stateSize } = network;
    const memory = allocateSharedMemory(countParameters(variables), count);
    packParameters(variables, memory.parameters);
    const graphs = await encodeSegmentGraphs(network, c, network.isMasked);
    const supervisor = new Supervisor({
      memory,
      config: c,
      init: { ...graphs, stateSize },
      environments: isFunction
        ? local.map((e) => ({ kind: "remote", port: createRemotePort(e), environment: e }))
        : Array.from({ length: count }, () => ({
          kind: "module",
          address: addressOf(environment),
        })),
      onReplace: options.onReplace,
    });
    return new A3cLearner(c, policy, memory, supervisor, options.signal);
  }

  get steps(): number {
    return this.#reported;
  }

  get totalSteps(): number {
    return this.config.totalSteps;
  }

  /** Workers that died and were replaced. */
  get replacements(): readonly WorkerReplacement[] {
    return this.#supervisor.replacements;
  }

  /** Waits until `reportSteps` more steps are done, or all of them and every worker has ended. */
  async advance(): Promise<LearnerUpdate> {
    const { counters } = this.memory;
    const { totalSteps, reportSteps } = this.config;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#last.at = performance.now();
      this.#last.workerSteps = this.#workerSteps();
      this.#supervisor.start();
    }
    const goal = Math.min(totalSteps, this.#reported + reportSteps);
    for (;;) {
      this.#signal?.throwIfAborted();
      this.#supervisor.check();
      const steps = Atomics.load(counters, counter.steps);
      if (steps >= goal && (goal < totalSteps || this.#supervisor.isDone)) break;
      await new Promise((resolve) => setTimeout(resolve, glanceMs));
    }
    this.#takeParameters();
    return this.#report();
  }

  #workerSteps(): number[] {
    return Array.from(
      { length: this.config.workers },
      (_, i) => workerView(this.memory, i)[workerCounter.steps],
    );
  }

  #takeParameters(): void {
    const { tf, variables } = this.policy.network;
    unpackParameters(tf, variables, this.memory.parameters);
  }

  #report(): LearnerUpdate {
    const { memory, config } = this;
    const { counters } = memory;
    this.#reported = Atomics.load(counters, counter.steps);
    const updates = Atomics.load(counters, counter.updates);
    const staleness = Atomics.load(counters, counter.staleness);
    const now = performance.now(), last = this.#last;
    const seconds = (now - last.at) / 1000;
    const workerSteps = this.#workerSteps();
    const mean = (index: number) => {
      let sum = 0;
      for (let i = 0; i < config.workers; i++) sum += lossView(memory, i)[index];
      return sum / config.workers;
    };
    const perWorker: Record<string, number> = {};
    workerSteps.forEach((steps, i) =>
      perWorker[`worker${i}StepsPerSecond`] = (steps - last.workerSteps[i]) / seconds
    );
    let maxStaleness = 0;
    for (let i = 0; i < config.workers; i++) {
      maxStaleness = Math.max(maxStaleness, workerView(memory, i)[workerCounter.maxStaleness]);
    }
    const left = Math.max(0, 1 - this.#reported / config.totalSteps);
    const update = {
      steps: this.#reported,
      episodes: Atomics.load(counters, counter.episodes),
      ...recentEpisodes(memory),
      loss: mean(lossIndex.loss),
      policyLoss: mean(lossIndex.policyLoss),
      valueLoss: mean(lossIndex.valueLoss),
      entropy: mean(lossIndex.entropy),
      // Of segments of a few steps it says nothing.
      explainedVariance: NaN,
      learningRate: config.learningRate * (config.learningRateSchedule === "linear" ? left : 1),
      updates,
      // The counter wraps around; the difference does not.
      staleness: updates === last.updates
        ? NaN
        : ((staleness - last.staleness) | 0) / (updates - last.updates),
      maxStaleness,
      replacements: this.replacements.length,
      ...perWorker,
    };
    this.#last = { at: now, updates, staleness, workerSteps };
    return update;
  }

  /**
   * Parameters, statistics and counters as they are at this moment: while workers write, as one of
   * them would read them. Episodes in progress are not part of it; they begin anew.
   */
  saveState(): LearnerState {
    const { parameters, meanSquare, counters, episodeReturns, episodeLengths } = this.memory;
    const copy = (name: string, from: Float32Array) => ({
      name,
      shape: [from.length],
      values: Float32Array.from(from),
    });
    return {
      tensors: [
        copy("parameters", parameters),
        copy("meanSquare", meanSquare),
        copy("episodeReturns", episodeReturns),
        copy("episodeLengths", episodeLengths),
      ],
      data: {
        steps: Atomics.load(counters, counter.steps),
        updates: Atomics.load(counters, counter.updates),
        episodes: Atomics.load(counters, counter.episodes),
      },
    };
  }

  restoreState(state: LearnerState): void {
    if (this.#isStarted) throw new Error("Cannot restore A3C: workers must not have started");
    const { memory } = this;
    const targets = (["parameters", "meanSquare", "episodeReturns", "episodeLengths"] as const)
      .map((name) => ({
        name,
        into: memory[name],
        tensor: state.tensors.find((t) => t.name === name),
      }));
    for (const { name, into, tensor } of targets) {
      if (tensor?.values.length !== into.length) {
        throw new RangeError(
          `Cannot restore A3C: ${name} must have ${into.length} elements, got ${
            tensor?.values.length ?? "none"
          }`,
        );
      }
    }
    for (const { into, tensor } of targets) into.set(tensor!.values);
    for (const name of ["steps", "updates", "episodes"] as const) {
      Atomics.store(memory.counters, counter[name], Number(state.data[name]));
    }
    this.#reported = Number(state.data.steps);
    this.#last.updates = Number(state.data.updates);
    this.#takeParameters();
  }

  /** Ends the workers; the policy keeps what was learned. */
  dispose(): void {
    Atomics.store(this.memory.counters, counter.stop, 1);
    this.#supervisor.terminate();
  }
}
