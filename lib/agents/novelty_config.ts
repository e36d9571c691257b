/**
 * Configuration of rewards for novelty.
 * @module
 */
import { z } from "zod";
import { scheduleSchema } from "./schedule.ts";

const count = z.number().int().min(1);
const coefficient = scheduleSchema(z.number().min(0)).default(1);

export const noveltySchema = z.discriminatedUnion("kind", [
  /** Coefficient / sqrt(visits of the cell that the observation falls into). */
  z.strictObject({
    kind: z.literal("count"),
    coefficient,
    /** Side of a cell, in each dimension. */
    cell: z.number().positive().default(0.1),
  }),
  /** How badly a trained network predicts a fixed random one (random network distillation). */
  z.strictObject({
    kind: z.literal("rnd"),
    coefficient,
    hidden: count.default(64),
    outputs: count.default(32),
    learningRate: z.number().positive().default(1e-3),
    batchSize: count.default(64),
  }),
]);

export type NoveltyConfig = z.output<typeof noveltySchema>;
