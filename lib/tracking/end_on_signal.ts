/**
 * Ctrl-C must not leave runs that look alive.
 * @module
 */
import type { Tracker } from "./tracker.ts";

export interface EndOnSignalOptions {
  /** Default SIGINT and SIGTERM. */
  signals?: Deno.Signal[];
  /** Called after the runs are marked; default leaves the program with status 128 + signal. */
  afterwards?: (signal: Deno.Signal) => void;
  /** How long to wait for the server before the end goes to the spool. Default 5 s. */
  timeoutMs?: number;
}

const exitStatus: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Marks every active run KILLED when the program is told to stop. Gives a function that takes the
 * listeners away again. A second signal during the wait ends the program at once.
 */
export function endRunsOnSignal(tracker: Tracker, options: EndOnSignalOptions = {}): () => void {
  const signals = options.signals ?? ["SIGINT", "SIGTERM"];
  let isEnding = false;
  const listeners = signals.map((signal) => {
    const listener = async () => {
      const leave = () =>
        options.afterwards ? options.afterwards(signal) : Deno.exit(exitStatus[signal] ?? 1);
      if (isEnding) return leave();
      isEnding = true;
      try {
        await tracker.endAll("KILLED", { timeoutMs: options.timeoutMs ?? 5_000 });
      } catch (error) {
        console.warn(error instanceof Error ? error.message : error);
      }
      leave();
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}
