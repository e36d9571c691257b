/**
 * Learning rate over the course of training.
 * @module
 */
import { z } from "zod";

export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant") }),
  /** From the base rate to `final` times it along half a cosine. */
  z.strictObject({ kind: z.literal("cosine"), final: z.number().min(0).max(1).default(0) }),
  /**
   * Up to the base rate during `rise` of the steps, then down to `final` times it, both along
   * cosines, starting at `start` times it (Smith & Topin 2018; PyTorch's OneCycleLR).
   */
  z.strictObject({
    kind: z.literal("oneCycle"),
    rise: z.number().gt(0).lt(1).default(0.3),
    start: z.number().gt(0).max(1).default(0.04),
    final: z.number().min(0).max(1).default(4e-6),
  }),
  /** Times `factor` after `patience` epochs without a better validation loss, not below `minimum`. */
  z.strictObject({
    kind: z.literal("plateau"),
    factor: z.number().gt(0).lt(1).default(0.5),
    patience: z.int().min(0).default(3),
    minDelta: z.number().min(0).default(0),
    minimum: z.number().min(0).default(1e-6),
  }),
]);

export type ScheduleConfig = z.infer<typeof scheduleSchema>;

/** What a schedule remembers between epochs; only `plateau` does. */
export interface ScheduleState {
  scale: number;
  best: number | null;
  epochsWithout: number;
}

export interface Schedule {
  readonly state: ScheduleState;
  /** Learning rate of update `step` (from 0). */
  rate(step: number): number;
  /** Tells the schedule the loss it watches, at the end of an epoch. */
  endEpoch(loss: number): void;
}

/**
 * A schedule around `base`.
 *
 * @param totalSteps Updates in the whole training, warm-up included.
 * @param warmupSteps Updates over which the rate rises linearly to its schedule's start.
 */
export function createSchedule(
  config: ScheduleConfig,
  base: number,
  totalSteps: number,
  warmupSteps = 0,
  state?: ScheduleState,
): Schedule {
  const own: ScheduleState = state ? { ...state } : { scale: 1, best: null, epochsWithout: 0 };
  const cosine = (from: number, to: number, share: number) =>
    to + (from - to) * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, share)))) / 2;
  return {
    state: own,
    rate(step) {
      if (step < warmupSteps) return base * own.scale * (step + 1) / warmupSteps;
      const span = Math.max(1, totalSteps - warmupSteps - 1);
      const share = (step - warmupSteps) / span;
      switch (config.kind) {
        case "cosine":
          return cosine(base, base * config.final, share);
        case "oneCycle":
          return share < config.rise
            ? cosine(base * config.start, base, share / config.rise)
            : cosine(base, base * config.final, (share - config.rise) / (1 - config.rise));
        default:
          return base * own.scale;
      }
    },
    endEpoch(loss) {
      if (config.kind !== "plateau") return;
      if (own.best === null || loss < own.best - config.minDelta) {
        own.best = loss;
        own.epochsWithout = 0;
      } else if (++own.epochsWithout > config.patience) {
        own.epochsWithout = 0;
        own.scale = Math.max(own.scale * config.factor, config.minimum / base);
      }
    },
  };
}
