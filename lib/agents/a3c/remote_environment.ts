/**
 * An environment that lives on the training's own thread and is stepped by a worker.
 *
 * The worker writes its request into shared memory, sends a message and sleeps; the answer wakes it.
 * A step costs a message between threads (tens of microseconds), which an environment made inside of
 * the worker does not.
 * @module
 */
import {
  type BoxSpace,
  type Environment,
  maskSize,
  type Space,
  spaceSize,
} from "../environment.ts";
import type { Action, StepResult } from "../environment.ts";

/** The buffers of one worker's environment; plain data. */
export interface RemotePort {
  readonly observationSpace: BoxSpace;
  readonly actionSpace: Space;
  /** [whose turn, what is asked, 1: terminated, 1: truncated]. */
  readonly control: Int32Array;
  /** [seed or -1, reward, action …]. */
  readonly numbers: Float64Array;
  readonly observation: Float32Array;
  /** Empty where the environment masks nothing. */
  readonly mask: Uint8Array;
}

const asked = 1, answered = 2;
const reset = 0, step = 1;

/** Buffers for an environment. */
export function createRemotePort(environment: Environment): RemotePort {
  const { observationSpace, actionSpace } = environment;
  const masked = environment.actionMask ? maskSize(actionSpace) : 0;
  return {
    observationSpace,
    actionSpace,
    control: new Int32Array(new SharedArrayBuffer(16)),
    numbers: new Float64Array(new SharedArrayBuffer(8 * (2 + spaceSize(actionSpace)))),
    observation: new Float32Array(new SharedArrayBuffer(4 * spaceSize(observationSpace))),
    mask: new Uint8Array(new SharedArrayBuffer(masked)),
  };
}

/** Does what the worker asked for and wakes it. Errors of the environment are the caller's. */
export function answerRemote(environment: Environment, port: RemotePort): void {
  const { control, numbers, observation, mask } = port;
  if (control[1] === reset) {
    observation.set(environment.reset(numbers[0] < 0 ? undefined : numbers[0]));
  } else {
    const isChoice = port.actionSpace.kind === "discrete";
    const result = environment.step(isChoice ? numbers[2] : numbers.slice(2));
    observation.set(result.observation);
    numbers[1] = result.reward;
    control[2] = result.terminated ? 1 : 0;
    control[3] = result.truncated ? 1 : 0;
  }
  if (environment.actionMask) mask.set(environment.actionMask);
  Atomics.store(control, 0, answered);
  Atomics.notify(control, 0);
}

/**
 * The worker's side.
 *
 * @param ask Tells the owning thread that a request waits.
 * @param isStopped Asked while waiting, so that a worker is not left behind; makes the call throw.
 */
export function remoteEnvironment(
  port: RemotePort,
  ask: () => void,
  isStopped: () => boolean,
): Environment {
  const { control, numbers, observation } = port;
  const call = (what: number): void => {
    control[1] = what;
    Atomics.store(control, 0, asked);
    ask();
    while (Atomics.load(control, 0) === asked) {
      Atomics.wait(control, 0, asked, 200);
      if (isStopped() && Atomics.load(control, 0) === asked) throw new Error("stopped");
    }
  };
  // Copies, since policies check and pass on arrays that are not shared.
  const seen = new Float32Array(observation.length);
  const result: StepResult = {
    observation: seen,
    reward: 0,
    terminated: false,
    truncated: false,
    info: {},
  };
  const actionMask = port.mask.length > 0 ? new Uint8Array(port.mask.length) : undefined;
  const take = (): void => {
    seen.set(observation);
    actionMask?.set(port.mask);
  };
  return {
    observationSpace: port.observationSpace,
    actionSpace: port.actionSpace,
    actionMask,
    reset(seed) {
      numbers[0] = seed ?? -1;
      call(reset);
      take();
      return seen;
    },
    step(action: Action) {
      if (typeof action === "number") numbers[2] = action;
      else numbers.set(action, 2);
      call(step);
      take();
      result.reward = numbers[1];
      result.terminated = control[2] === 1;
      result.truncated = control[3] === 1;
      return result;
    },
  };
}
