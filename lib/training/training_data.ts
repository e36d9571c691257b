/**
 * From datasets to what engines take: checks, encoded targets, weights.
 * @module
 */
import {
  balancedClassWeights,
  type Batch,
  type BatchSource,
  SupervisedDataset,
} from "../datasets/mod.ts";
import type { Model } from "../models/mod.ts";
import type { EncodedBatch, ResidentData } from "./engine.ts";
import { encodedWidth, encodeTargets, type Loss, targetColumns } from "./losses.ts";
import type { TrainConfigInput } from "./train_config.ts";

/** A dataset to train or validate on: in memory, or one that loads batches as it goes. */
export interface TrainingData extends BatchSource {
  readonly targets: number;
  /** Labels of all samples, [length, targets], where they are in memory. */
  readonly y?: Float32Array;
}

export function checkData(
  model: Model,
  losses: readonly Loss[],
  name: string,
  data: TrainingData,
): void {
  const expected = model.heads.reduce((sum, h, i) => sum + targetColumns(h, losses[i]), 0);
  if (data.targets !== expected) {
    throw new RangeError(
      `Cannot train: ${name} must have ${expected} label columns, got ${data.targets}`,
    );
  }
  const shape = data as unknown as { windowBars?: number; features?: number };
  for (const field of ["windowBars", "features"] as const) {
    if (shape[field] !== undefined && shape[field] !== model.config[field]) {
      throw new RangeError(
        `Cannot train: ${field} of ${name} must be the model's ${model.config[field]}, got ${
          shape[field]
        }`,
      );
    }
  }
}

/** A class that training never shows can't be learned: a fold that lacks one is a mistake. */
export function checkClasses(
  model: Model,
  losses: readonly Loss[],
  data: TrainingData,
  where = "train",
): void {
  if (!data.y) return;
  let column = 0;
  for (let k = 0; k < model.heads.length; k++) {
    const head = model.heads[k];
    if (head.kind === "classification" || head.kind === "binary") {
      const counts = new Float64Array(head.kind === "binary" ? 2 : head.classes);
      for (let i = 0; i < data.length; i++) counts[Math.round(data.y[i * data.targets + column])]++;
      const missing = counts.indexOf(0);
      if (missing >= 0) {
        throw new RangeError(
          `Cannot train: class ${missing} of head ${head.name} must have at least one sample in ${where}, got 0 of ${data.length}`,
        );
      }
    }
    column += targetColumns(head, losses[k]);
  }
}

export interface ClassWeighting {
  column: number;
  weights: ArrayLike<number>;
}

export function classWeightsOf(
  model: Model,
  losses: readonly Loss[],
  data: TrainingData,
  asked: "balanced" | number[] | undefined,
): ClassWeighting | null {
  if (asked === undefined) return null;
  let column = 0;
  for (let k = 0; k < model.heads.length; k++) {
    const head = model.heads[k];
    if (head.kind === "classification" || head.kind === "binary") {
      const classes = head.kind === "binary" ? 2 : head.classes;
      if (asked !== "balanced") {
        if (asked.length !== classes) {
          throw new RangeError(
            `Cannot train: classWeights must have one entry per class (${classes}), got ${asked.length}`,
          );
        }
        return { column, weights: asked };
      }
      if (!data.y) {
        throw new RangeError(
          "Cannot train: classWeights must be a list where labels are not in memory, got balanced",
        );
      }
      const labels = Float32Array.from(
        { length: data.length },
        (_, i) => data.y![i * data.targets + column],
      );
      return { column, weights: balancedClassWeights(labels, classes) };
    }
    column += targetColumns(head, losses[k]);
  }
  throw new RangeError(
    `Cannot train: classWeights must be left out for a model without classification head, got ${asked}`,
  );
}

/** A batch with its targets encoded and its weights filled in. */
export function encode(
  batch: Batch,
  model: Model,
  losses: readonly Loss[],
  classWeights: ClassWeighting | null,
): Batch {
  const n = batch.shape[0];
  const weights = batch.weights ?? new Float32Array(n).fill(1);
  if (classWeights) {
    for (let i = 0; i < n; i++) {
      weights[i] *= classWeights.weights[batch.y[i * batch.targets + classWeights.column]];
    }
  }
  return {
    ...batch,
    y: encodeTargets(batch.y, n, model.heads, losses),
    targets: encodedWidth(model.heads),
    weights,
  };
}

/** The whole training set for an engine that gathers windows itself; null where it can't. */
export function residentData(
  model: Model,
  losses: readonly Loss[],
  data: TrainingData,
  classWeights: ClassWeighting | null,
  augmentations: TrainConfigInput["augmentations"],
): ResidentData | null {
  if (!(data instanceof SupervisedDataset) || augmentations?.length) return null;
  const weights = data.weights?.slice() ?? new Float32Array(data.length).fill(1);
  if (classWeights) {
    for (let i = 0; i < data.length; i++) {
      weights[i] *= classWeights.weights[data.y[i * data.targets + classWeights.column]];
    }
  }
  return {
    matrix: data.matrix,
    bars: data.frame.length,
    rows: data.rows,
    y: encodeTargets(data.y, data.length, model.heads, losses),
    weights,
  };
}

export function asEncoded(batch: Batch): EncodedBatch {
  return { n: batch.shape[0], x: batch.x, y: batch.y, weights: batch.weights! };
}

export interface ValidationBatch extends EncodedBatch {
  raw: Float32Array;
  targets: number;
}

export async function readValidation(
  data: TrainingData,
  model: Model,
  losses: readonly Loss[],
): Promise<ValidationBatch> {
  const batch = await data.batch(Int32Array.from({ length: data.length }, (_, i) => i));
  const n = batch.shape[0];
  return {
    n,
    x: batch.x,
    raw: batch.y,
    targets: batch.targets,
    y: encodeTargets(batch.y, n, model.heads, losses),
    weights: batch.weights ?? new Float32Array(n).fill(1),
  };
}
