/**
 * Calls of many callers, made together: while one statement runs, what arrives meanwhile is gathered
 * for the next. Each caller is answered when its own part is done.
 * @module
 */

import { setImmediate } from "node:timers";

export interface GatherOptions<Call> {
  /** Statements that run side by side at most. */
  lanes: number;
  /** What the calls of one statement weigh together at most; one heavier call goes alone. */
  most: number;
  /** What a call weighs, one unless said otherwise. */
  weightOf?(call: Call): number;
  /** Calls with the same key never go in one statement, nor side by side. */
  keyOf?(call: Call): string;
}

export interface Gathered<Call, Result> {
  call(call: Call): Promise<Result>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

interface Waiting<Call, Result> {
  call: Call;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * One turn of the event loop, in which the requests that wait in sockets are read: a database in this
 * process holds it while it works, so that none arrives meanwhile.
 */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Makes calls through `run`, which answers a list of them with their results in the same order. When
 * it throws, each of the calls is tried by itself, so that one caller's fault is not the others'.
 */
export function gatherCalls<Call, Result>(
  run: (calls: Call[]) => Promise<Result[]>,
  { lanes, most, weightOf = () => 1, keyOf }: GatherOptions<Call>,
): Gathered<Call, Result> {
  let queue: Waiting<Call, Result>[] = [];
  let running = 0;
  const busy = new Set<string>();
  const idle: (() => void)[] = [];

  /** The first calls that fit into one statement, taken off the queue. */
  function take(): Waiting<Call, Result>[] {
    const taken: Waiting<Call, Result>[] = [];
    const left: Waiting<Call, Result>[] = [];
    const seen = new Set(busy);
    let weight = 0;
    for (const [i, waiting] of queue.entries()) {
      if (taken.length > 0 && weight >= most) {
        left.push(...queue.slice(i));
        break;
      }
      const key = keyOf?.(waiting.call);
      if (key !== undefined && seen.has(key)) left.push(waiting);
      else {
        taken.push(waiting);
        weight += weightOf(waiting.call);
      }
      // A later call with the same key waits behind this one.
      if (key !== undefined) seen.add(key);
    }
    queue = left;
    return taken;
  }

  async function flush(): Promise<void> {
    running++;
    for (;;) {
      await turn();
      const batch = take();
      if (batch.length === 0) break;
      const keys = keyOf ? batch.map(({ call }) => keyOf(call)) : [];
      keys.forEach((key) => busy.add(key));
      try {
        const results = await run(batch.map(({ call }) => call));
        batch.forEach(({ resolve }, i) => resolve(results[i]));
      } catch (error) {
        if (batch.length === 1) batch[0].reject(error);
        else await Promise.all(batch.map(alone));
      }
      keys.forEach((key) => busy.delete(key));
    }
    running--;
    if (running === 0) idle.splice(0).forEach((done) => done());
  }

  async function alone({ call, resolve, reject }: Waiting<Call, Result>): Promise<void> {
    try {
      resolve((await run([call]))[0]);
    } catch (error) {
      reject(error);
    }
  }

  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        queue.push({ call, resolve, reject });
        if (running < lanes) flush();
      }),
    drain() {
      if (running === 0 && queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}
