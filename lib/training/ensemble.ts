/**
 * Training the members of an ensemble apart, and what combines them.
 * @module
 */
import type { SupervisedDataset } from "../datasets/mod.ts";
import {
  type AnyModelConfig,
  createModel,
  loadTf,
  memberConfig,
  type Model,
  namedWeights,
} from "../models/mod.ts";
import { readWeights, trainableVariables, writeWeights } from "./engine.ts";
import { encodedWidth, lossesOf } from "./losses.ts";
import { logitsOf } from "./predict.ts";
import type { TrainConfigInput } from "./train_config.ts";
import { checkClasses } from "./training_data.ts";
import { type TrainCallbacks, type TrainingData, trainSupervised } from "./trainer.ts";

export interface EnsembleOptions {
  /**
   * `average`: every member learns all of the training data. `stacking`: the combination is fitted on
   * predictions for folds that the predicting member was not trained on; then every member learns
   * all. `blending`: members learn the first part, the combination the last `holdout` of it.
   * The last two need a model with `combine: "weighted"`.
   */
  method?: "average" | "stacking" | "blending";
  /** Folds of stacking: blocks of time. Default 5. */
  folds?: number;
  /** Bars left out on both sides of a fold, so that labels do not reach into it. Default 0. */
  embargoBars?: number;
  /** Share of the samples, the latest, that blending keeps for the combination. Default 0.25. */
  holdout?: number;
  /** How members are trained. */
  train?: TrainConfigInput;
  /** How the combination is trained. Default: Adam at 0.01, 200 epochs. */
  combination?: TrainConfigInput;
  callbacks?: Pick<TrainCallbacks, "log" | "signal">;
}

/**
 * Trains the members of an ensemble one by one and fits what combines them. The result is in the
 * ensemble's weights: it predicts, is saved and exported as any model.
 *
 * @throws {RangeError} On a model of another kind, a combination that the method can't fit, or a fold
 * without a sample of some class.
 */
export async function trainEnsemble(
  ensemble: Model,
  data: { train: SupervisedDataset; validation?: SupervisedDataset },
  options: EnsembleOptions = {},
): Promise<void> {
  const { method = "average", folds = 5, embargoBars = 0, holdout = 0.25 } = options;
  const config = ensemble.config as AnyModelConfig & {
    members: Record<string, unknown>[];
    combine: string;
  };
  if (ensemble.kind !== "ensemble") {
    throw new RangeError(`Cannot train ensemble: kind must be ensemble, got ${ensemble.kind}`);
  }
  const wanted = method === "average" ? "average" : "weighted";
  if (config.combine !== wanted) {
    throw new RangeError(
      `Cannot train ensemble: combine must be ${wanted} for ${method}, got ${config.combine}`,
    );
  }
  const { train } = data;
  if (method === "stacking" && !(Number.isInteger(folds) && folds >= 2 && folds <= train.length)) {
    throw new RangeError(
      `Cannot train ensemble: folds must be an integer in [2, ${train.length}], got ${folds}`,
    );
  }
  if (method === "blending" && !(holdout > 0 && holdout < 1)) {
    throw new RangeError(`Cannot train ensemble: holdout must be in (0, 1), got ${holdout}`);
  }
  const tf = await loadTf();
  const width = encodedWidth(ensemble.heads);
  const positions = (keep: (i: number) => boolean) =>
    Array.from({ length: train.length }, (_, i) => i).filter(keep);
  const fit = async (
    index: number,
    on: SupervisedDataset,
    use: (model: Model) => Promise<void>,
  ) => {
    const model = await createModel(memberConfig(config, config.members[index], index));
    try {
      await trainSupervised(
        model,
        { train: on, validation: data.validation },
        options.train,
        options.callbacks,
      );
      await use(model);
    } finally {
      model.dispose();
    }
  };
  const logitsFor = async (model: Model, part: SupervisedDataset) =>
    await logitsOf(model, part.batch().x, part.length);
  const members = config.members.length;
  const keep = (index: number) => async (model: Model) => {
    const flat = readWeights(model);
    const own = `member_${index + 1}/`;
    const target = namedWeights(ensemble).filter((w) => w.name.startsWith(own));
    let at = 0;
    for (const { variable } of target) {
      const part = flat.slice(at, at += variable.size);
      tf.tidy(() => variable.assign(tf.tensor(part, variable.shape)));
    }
    if (at !== flat.length) {
      throw new Error(`Cannot train ensemble: member ${index + 1} has other weights than expected`);
    }
    await Promise.resolve();
  };

  if (method === "average") {
    for (let m = 0; m < members; m++) await fit(m, train, keep(m));
    return;
  }
  // Logits of all members for the samples that the combination learns from, [samples, members * width].
  let samples: number[];
  const stacked = new Map<number, Float32Array>();
  const store = (at: readonly number[], index: number, logits: Float32Array) => {
    at.forEach((sample, i) => {
      let row = stacked.get(sample);
      if (!row) stacked.set(sample, row = new Float32Array(members * width));
      row.set(logits.subarray(i * width, (i + 1) * width), index * width);
    });
  };
  const losses = lossesOf(ensemble.heads, options.train?.loss);
  const check = (part: number[], where: string) =>
    checkClasses(ensemble, losses, train.subset(part), where);
  if (method === "stacking") {
    samples = positions(() => true);
    const parts = Array.from({ length: folds }, (_, f) => {
      const from = Math.floor(f * train.length / folds);
      const to = Math.floor((f + 1) * train.length / folds);
      const first = train.rows[from] - embargoBars;
      const last = train.rows[to - 1] + embargoBars;
      return {
        fold: positions((i) => i >= from && i < to),
        rest: positions((i) => train.rows[i] < first || train.rows[i] > last),
      };
    });
    // Before any training: a fold that can't be learned from is found at once.
    parts.forEach(({ rest }, f) =>
      check(rest, `what fold ${f + 1} of ${folds} leaves to train on`)
    );
    for (let m = 0; m < members; m++) {
      for (const { fold, rest } of parts) {
        await fit(m, train.subset(rest), async (model) => {
          store(fold, m, await logitsFor(model, train.subset(fold)));
        });
      }
      await fit(m, train, keep(m));
    }
  } else {
    const from = Math.floor((1 - holdout) * train.length);
    samples = positions((i) => i >= from);
    const early = positions((i) => train.rows[i] < train.rows[from] - embargoBars);
    check(early, "what the holdout leaves to train on");
    check(samples, "the holdout");
    for (let m = 0; m < members; m++) {
      await fit(m, train.subset(early), async (model) => {
        store(samples, m, await logitsFor(model, train.subset(samples)));
        await keep(m)(model);
      });
    }
  }
  await fitCombination(
    ensemble,
    train.subset(samples),
    samples.map((i) => stacked.get(i)!),
    options,
  );
}

/** Fits the linear layer over the members' logits and puts it into the ensemble. */
async function fitCombination(
  ensemble: Model,
  labels: SupervisedDataset,
  rows: Float32Array[],
  options: EnsembleOptions,
): Promise<void> {
  const features = rows[0].length;
  const { outputs, task, heads } = ensemble.config;
  const combiner = await createModel({
    kind: "logistic",
    windowBars: 1,
    features,
    outputs,
    task,
    ...(heads ? { heads } : {}),
  } as unknown as AnyModelConfig);
  const data: TrainingData = {
    length: rows.length,
    targets: labels.targets,
    y: labels.y,
    batch(indices) {
      const n = indices.length;
      const x = new Float32Array(n * features);
      const y = new Float32Array(n * labels.targets);
      for (let i = 0; i < n; i++) {
        x.set(rows[indices[i]], i * features);
        for (let k = 0; k < labels.targets; k++) {
          y[i * labels.targets + k] = labels.y[indices[i] * labels.targets + k];
        }
      }
      return {
        x,
        y,
        shape: [n, 1, features],
        targets: labels.targets,
        weights: labels.weights && Float32Array.from(indices, (i) => labels.weights![i]),
        indices: Int32Array.from(indices),
      };
    },
  };
  try {
    // From the average on: what the members do not show, the combination keeps.
    const tf = await loadTf();
    const target = namedWeights(ensemble).filter((w) => w.name.startsWith("combine/"));
    writeWeights(
      tf,
      combiner,
      Float32Array.from(target.flatMap((w) => [...w.variable.dataSync() as Float32Array])),
    );
    await trainSupervised(combiner, { train: data }, {
      epochs: 200,
      batchSize: Math.min(256, rows.length),
      learningRate: 0.01,
      loss: options.train?.loss,
      ...options.combination,
    }, options.callbacks);
    const fitted = trainableVariables(combiner);
    target.forEach(({ variable }, i) => variable.assign(fitted[i]));
  } finally {
    combiner.dispose();
  }
}
