/**
 * CartPole in which something goes wrong, for tests of workers.
 * @module
 */
import { cartPole } from "../../cart_pole.ts";
import type { Environment } from "../../environment.ts";

export interface FaultOptions {
  /**
   * `throw`: an error; `close`: the thread ends without a word; `hang`: it never comes back;
   * `crash`: an error that nobody catches; `nan`: an observation that is not a number.
   */
  fault: "throw" | "close" | "hang" | "crash" | "nan";
  /** Steps of an environment before it happens. */
  afterSteps: number;
  /** How often it may happen still, in all workers together; shared memory. */
  left: Int32Array;
}

export function faultyCartPole({ fault, afterSteps, left }: FaultOptions): Environment {
  const environment = cartPole();
  let steps = 0;
  const step: Environment["step"] = (action) => {
    const result = environment.step(action);
    if (++steps < afterSteps || Atomics.sub(left, 0, 1) <= 0) return result;
    if (fault === "throw") throw new Error("the exchange hung up");
    if (fault === "close") (globalThis as unknown as { close(): void }).close();
    if (fault === "crash") queueMicrotask(() => Promise.reject(new Error("nobody catches this")));
    if (fault === "hang") { for (;;); }
    if (fault === "nan") result.observation[1] = NaN;
    return result;
  };
  return {
    observationSpace: environment.observationSpace,
    actionSpace: environment.actionSpace,
    reset: (seed) => environment.reset(seed),
    step,
  };
}
