/**
 * Numbers that change over a training.
 * @module
 */
import { z } from "zod";

/** A constant, or a straight line from the first to the last step of the training. */
export type Schedule = number | { from: number; to: number };

/** The schema of a schedule of numbers that each satisfy `of`. */
export const scheduleSchema = (of: z.ZodNumber) =>
  z.union([of, z.strictObject({ from: of, to: of })]);

/** The number at `progress`, 0 at the start and 1 at the end of the training. */
export function scheduled(schedule: Schedule, progress: number): number {
  if (typeof schedule === "number") return schedule;
  return schedule.from + (schedule.to - schedule.from) * Math.min(1, progress);
}
