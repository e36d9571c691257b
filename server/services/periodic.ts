/** Work by the clock: once a period, never twice at once. @module */
import type { Clock } from "./clock.ts";

export interface Periodic {
  /** Works if it is time; what is under way is not joined by another. */
  tick(): Promise<boolean>;
  /** Ends it, when what is under way is done. */
  close(): Promise<void>;
}

/** How often the clock is looked at. */
const lookMs = 60_000;

/** Calls `work`, which does not throw, every `periodMs` of the clock, first one period after the start. */
export function repeat(clock: Clock, periodMs: number, work: () => Promise<void>): Periodic {
  let next = clock.now() + periodMs;
  let running: Promise<void> | null = null;

  async function tick(): Promise<boolean> {
    if (running || clock.now() < next) return false;
    next = clock.now() + periodMs;
    running = work();
    await running;
    running = null;
    return true;
  }

  const timer = setInterval(() => void tick(), Math.min(lookMs, periodMs));
  // It keeps no process alive by itself.
  Deno.unrefTimer(timer as unknown as number);
  return {
    tick,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
