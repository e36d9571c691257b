/** Requests in MLflow's REST protocol, and rates and percentiles of them. @module */

export interface Client {
  post<T = Record<string, unknown>>(path: string, body: unknown): Promise<T>;
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  /** Milliseconds until the answer has arrived whole, and its text. */
  timed(path: string, body?: unknown): Promise<{ ms: number; text: string }>;
}

/** Asks the server at `url`; anything but 200 is an error. */
export function createClient(url: string): Client {
  async function timed(path: string, body?: unknown) {
    const from = performance.now();
    const answer = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const ms = performance.now() - from;
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
    return { ms, text };
  }
  return {
    timed,
    post: async (path, body) => JSON.parse((await timed(path, body)).text),
    get: async (path) => JSON.parse((await timed(path)).text),
  };
}

/** Clients that write at the same time. */
export const connections = 16;

/**
 * Rates of three rounds: each runs `task` from 16 connections for `ms`, and waits for what is under
 * way then. `task` gets the number of its connection; what it throws goes to `onRefusal` and is not
 * counted, or ends the measurement where that is absent.
 */
export async function rates(
  ms: number,
  task: (connection: number) => Promise<void>,
  onRefusal?: (error: Error) => void,
): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < 3; round++) {
    const from = performance.now();
    let done = 0;
    await Promise.all(Array.from({ length: connections }, async (_, connection) => {
      while (performance.now() - from < ms) {
        try {
          await task(connection);
          done++;
        } catch (error) {
          if (!onRefusal) throw error;
          onRefusal(error as Error);
        }
      }
    }));
    found.push(done / (performance.now() - from) * 1000);
  }
  return found;
}

/** The value below which `share` of the times lie. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}
