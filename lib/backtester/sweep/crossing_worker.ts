/// <reference lib="deno.worker" />
import { type CrossingColumns, type CrossingCosts, runCrossings } from "./crossing_kernel.ts";

/** What a worker gets; all columns lie in shared memory. */
export interface CrossingJob {
  columns: CrossingColumns;
  costs: CrossingCosts;
  /** Next configuration that nobody has taken. */
  next: Int32Array;
  chunk: number;
}

/** Takes chunks of configurations until none are left. */
export function takeChunks(job: CrossingJob): void {
  const count = job.columns.pairs.length / 2;
  for (;;) {
    const from = Atomics.add(job.next, 0, job.chunk);
    if (from >= count) return;
    runCrossings(job.columns, job.costs, from, Math.min(count, from + job.chunk));
  }
}

const scope = globalThis as unknown as {
  WorkerGlobalScope?: unknown;
  onmessage: ((event: MessageEvent<CrossingJob>) => void) | null;
  postMessage(message: unknown): void;
};
if (scope.WorkerGlobalScope !== undefined) {
  scope.onmessage = (event) => {
    takeChunks(event.data);
    scope.postMessage("done");
  };
}
