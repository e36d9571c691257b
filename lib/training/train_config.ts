/**
 * The trainer's configuration.
 * @module
 */
import { z } from "zod";
import { parseConfig } from "../models/mod.ts";
import type { Augmentation } from "../datasets/mod.ts";
import { lossSchema } from "./losses.ts";
import { optimizerSchema } from "./optimizers.ts";
import { scheduleSchema } from "./schedules.ts";
import { backendNames } from "./backend.ts";

export const trainConfigSchema = z.strictObject({
  epochs: z.int().min(1).default(50),
  batchSize: z.int().min(1).default(64),
  /** Optimizer; a name stands for its defaults. */
  optimizer: z.union([optimizerSchema, z.enum(["adam", "adamw", "sgd", "rmsprop"])])
    .default("adam"),
  /** Replaces the optimizer's own learning rate. */
  learningRate: z.number().positive().optional(),
  schedule: z.union([scheduleSchema, z.enum(["constant", "cosine", "oneCycle", "plateau"])])
    .default("constant"),
  /** Epochs (a fraction is fine) over which the learning rate rises from near 0. */
  warmupEpochs: z.number().min(0).default(0),
  /** Gradients longer than this are shortened to it. */
  clipNorm: z.number().positive().optional(),
  /** One loss for all heads, or one per head's name. Default by kind of head. */
  loss: z.union([lossSchema, z.record(z.string(), lossSchema)]).optional(),
  /** `balanced`, or one weight per class of the first classification head. */
  classWeights: z.union([z.literal("balanced"), z.array(z.number().min(0)).min(2)]).optional(),
  shuffle: z.boolean().default(true),
  dropLast: z.boolean().default(false),
  augmentations: z.custom<readonly Augmentation[]>((v) => Array.isArray(v), "a list").optional(),
  /** Stop after this many epochs without a better validation loss; 0 never stops. */
  patience: z.int().min(0).default(0),
  minDelta: z.number().min(0).default(0),
  /** End with the weights of the best epoch rather than the last. */
  restoreBest: z.boolean().default(true),
  /** Seed of the order, the augmentation and the dropout. */
  seed: z.int().min(0).default(0),
  backend: z.enum(backendNames).optional(),
  /**
   * Number of the GPU for backend `tensorflow`; where there is none, training does not start. `auto`: a
   * GPU if `tensorflow` has one, else the usual backend.
   */
  device: z.union([z.int().min(0), z.literal("auto")]).optional(),
  /** Threads of the `ort` backend: two pay for large networks or batches only. */
  threads: z.int().min(1).max(64).default(1),
  /** Threads that share each batch of the `ort` backend. Default: as many as pay (see `chooseParts`). */
  lanes: z.int().min(1).max(64).optional(),
  /** Samples that a thread of the `ort` backend computes at once. Default: as many as pay. */
  microBatch: z.int().min(1).optional(),
  /** Processes that share each batch and average their gradients. */
  workers: z.int().min(1).max(64).default(1),
});

export type TrainConfigInput = z.input<typeof trainConfigSchema>;
type Parsed = z.infer<typeof trainConfigSchema>;

/** The configuration with every default written out. */
export interface TrainConfig extends Omit<Parsed, "optimizer" | "schedule" | "learningRate"> {
  optimizer: z.infer<typeof optimizerSchema>;
  schedule: z.infer<typeof scheduleSchema>;
}

/** @throws {RangeError} Naming the field, what is allowed and the value. */
export function parseTrainConfig(value: unknown): TrainConfig {
  const { learningRate, ...rest } = parseConfig(trainConfigSchema, value ?? {}, "train");
  const optimizer = typeof rest.optimizer === "string"
    ? optimizerSchema.parse({ kind: rest.optimizer })
    : { ...rest.optimizer };
  if (learningRate !== undefined) optimizer.learningRate = learningRate;
  const schedule = typeof rest.schedule === "string"
    ? scheduleSchema.parse({ kind: rest.schedule })
    : rest.schedule;
  return { ...rest, optimizer, schedule };
}
