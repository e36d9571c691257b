/**
 * The supervised training loop.
 * @module
 */
import { type BatchSource, DataLoader } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { loadTf, type Model } from "../models/mod.ts";
import { chooseBackend, currentBackend } from "./backend.ts";
import { availableCores, type BatchParts, chooseParts } from "./batch_parts.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { createEngine } from "./create_engine.ts";
import { type TrainingEngine, writeWeights } from "./engine.ts";
import { headMetrics } from "./head_metrics.ts";
import { encodedWidth, type Loss, lossesOf, lossFunction } from "./losses.ts";
import { createSchedule } from "./schedules.ts";
import { parseTrainConfig, type TrainConfigInput } from "./train_config.ts";
import {
  asEncoded,
  checkClasses,
  checkData,
  classWeightsOf,
  encode,
  readValidation,
  residentData,
  type TrainingData,
  type ValidationBatch,
} from "./training_data.ts";
import { TrainingError } from "./training_error.ts";

export type { TrainingData };

/** What an epoch came to. */
export interface EpochRecord {
  /** From 0. */
  epoch: number;
  /** Mean training loss over the epoch's batches. */
  loss: number;
  /** Loss of the validation data, when there is some. */
  validationLoss?: number;
  learningRate: number;
  /** Metrics of the validation data by name (`accuracy`, `rmse`, `ic`, …). */
  metrics: Record<string, number>;
}

/** What callbacks learn at the end of an epoch. */
export interface EpochReport extends EpochRecord {
  epochs: number;
  /** All numbers of the epoch in one record: `loss`, `validation_loss`, `learning_rate` and metrics. */
  metrics: Record<string, number>;
  seconds: number;
  samplesPerSecond: number;
}

export interface TrainCallbacks {
  /** Answer `stop` to end training after this epoch: the tuner's pruner sits here. */
  onEpoch?(report: EpochReport): void | "stop" | Promise<void | "stop">;
  /** After each update. */
  onBatch?(progress: { epoch: number; batch: number; batches: number; loss: number }): void;
  /** At the end of each epoch, with everything needed to go on from there. */
  onCheckpoint?(checkpoint: Checkpoint, isBest: boolean): void | Promise<void>;
  signal?: AbortSignal;
  /** Where lines go that the user should see. Default `console.info`. */
  log?: (line: string) => void;
  /** Go on from here: the result is the same as without the interruption. */
  resume?: Checkpoint;
}

export interface TrainResult {
  history: EpochRecord[];
  /** The epoch with the lowest validation (else training) loss. */
  best: EpochRecord;
  /** Why training ended. */
  stopped: "finished" | "early" | "callback";
  backend: string;
  /** How batches were computed. */
  parts: BatchParts;
  seconds: number;
  /** Updates done. */
  steps: number;
  samplesPerSecond: number;
}

/**
 * Trains a model in place. With the same data, configuration and backend the result is the same to
 * the last bit.
 *
 * @param data `validation` drives early stopping, the plateau schedule and the choice of the best
 * epoch; without it the training loss does.
 * @throws {TrainingError} If the loss is not finite: names epoch, batch and learning rate. The model
 * then has the weights of the last good epoch.
 * @throws {RangeError} On a configuration or labels out of range.
 * @throws The signal's reason, if it aborts; weights are those of the last update.
 */
export async function trainSupervised(
  model: Model,
  data: { train: TrainingData; validation?: TrainingData },
  config: TrainConfigInput = {},
  callbacks: TrainCallbacks = {},
): Promise<TrainResult> {
  const c = parseTrainConfig(config);
  const { signal, log = (line: string) => console.info(line) } = callbacks;
  signal?.throwIfAborted();
  const losses = lossesOf(model.heads, c.loss);
  checkData(model, losses, "train", data.train);
  if (data.validation) checkData(model, losses, "validation", data.validation);
  checkClasses(model, losses, data.train);
  const classWeights = classWeightsOf(model, losses, data.train, c.classWeights);
  const backend = c.backend || c.device !== undefined
    ? await chooseBackend(c.backend, { log, device: c.device })
    : currentBackend() ?? await chooseBackend(undefined, { log });

  const encodedSource: BatchSource = {
    length: data.train.length,
    order: data.train.order?.bind(data.train),
    batch(indices) {
      const batch = data.train.batch(indices);
      return batch instanceof Promise
        ? batch.then((b) => encode(b, model, losses, classWeights))
        : encode(batch, model, losses, classWeights);
    },
  };
  const loader = new DataLoader(encodedSource, {
    batchSize: c.batchSize,
    shuffle: c.shuffle,
    seed: c.seed,
    dropLast: c.dropLast,
    augmentations: c.augmentations,
  });
  const { resume } = callbacks;
  if (resume) writeWeights(await loadTf(), model, resume.weights);
  const resident = backend.name === "ort" && c.workers === 1
    ? residentData(model, losses, data.train, classWeights, c.augmentations)
    : null;
  // Before there is an engine: labels that can't be read leave no thread behind.
  const validation = data.validation ? await readValidation(data.validation, model, losses) : null;
  const batchSize = Math.min(c.batchSize, data.train.length);
  // A resumed training takes the parts that it had, whatever machine it goes on on.
  const asked = c.lanes !== undefined || c.microBatch !== undefined;
  const parts = resume && backend.name === "ort" && !asked ? resume.parts : chooseParts({
    ...c,
    model,
    losses,
    batchSize,
    backend: backend.name,
    cores: availableCores(),
  });
  const engine = await createEngine(backend.name, {
    model,
    batchSize,
    parts,
    seed: c.seed,
    workers: c.workers,
    resident: resident ?? undefined,
    losses,
    optimizer: c.optimizer,
    clipNorm: c.clipNorm,
    threads: c.threads,
    state: resume?.optimizer,
  }, log);
  const schedule = createSchedule(
    c.schedule,
    c.optimizer.learningRate,
    c.epochs * loader.batches,
    Math.round(c.warmupEpochs * loader.batches),
    resume?.schedule,
  );
  const history: EpochRecord[] = resume ? resume.history.map((r) => ({ ...r })) : [];
  let best = resume ? history[resume.bestEpoch] : undefined;
  let bestWeights = resume ? resume.bestWeights.slice() : engine.weights();
  let lastGood = engine.weights();
  let stopped: TrainResult["stopped"] = "finished";
  let samples = 0;
  let steps = 0;
  const began = performance.now();
  try {
    let yielded = performance.now();
    // Timers, requests and Ctrl-C get their turn even while steps answer at once.
    const breathe = async () => {
      if (performance.now() - yielded < 25) return;
      await new Promise((resolve) => setTimeout(resolve, 0));
      yielded = performance.now();
    };
    let chunk = 4;
    for (let epoch = history.length; epoch < c.epochs; epoch++) {
      const epochBegan = performance.now();
      const noise = createRng(c.seed).split(`dropout ${epoch}`);
      let lossSum = 0;
      let weightSum = 0;
      let learningRate = 0;
      const account = (loss: number, n: number, batch: number) => {
        if (!Number.isFinite(loss)) {
          engine.setWeights(lastGood);
          throw new TrainingError(
            `Cannot train: loss must be finite, got ${loss} in epoch ${epoch}, batch ${batch} at learning rate ${learningRate}`,
            { epoch, batch, learningRate },
          );
        }
        lossSum += loss * n;
        weightSum += n;
        samples += n;
        steps++;
        callbacks.onBatch?.({ epoch, batch, batches: loader.batches, loss });
      };
      if (resident && engine.steps) {
        const order = loader.order(epoch);
        for (let batch = 0; batch < loader.batches;) {
          const count = Math.min(chunk, loader.batches - batch);
          const first = epoch * loader.batches + batch;
          const rates = Float64Array.from({ length: count }, (_, i) => schedule.rate(first + i));
          const from = batch * c.batchSize;
          const taken = order.subarray(from, Math.min(order.length, from + count * c.batchSize));
          const chunkBegan = performance.now();
          const chunkLosses = await engine.steps(resident, taken, rates);
          // About 50 ms a call: long enough to cost nothing, short enough for Ctrl-C.
          const perStep = (performance.now() - chunkBegan) / count;
          chunk = Math.max(1, Math.min(4096, Math.round(50 / perStep)));
          for (let i = 0; i < count; i++) {
            learningRate = rates[i];
            account(
              chunkLosses[i],
              Math.min(c.batchSize, taken.length - i * c.batchSize),
              batch + i,
            );
          }
          batch += count;
          await breathe();
          signal?.throwIfAborted();
        }
      } else {
        let batchNumber = 0;
        for await (const b of loader.epoch(epoch)) {
          learningRate = schedule.rate(epoch * loader.batches + batchNumber);
          const batch = asEncoded(b);
          account(await engine.step(batch, learningRate, noise), batch.n, batchNumber);
          batchNumber++;
          await breathe();
          signal?.throwIfAborted();
        }
      }
      const record: EpochRecord = {
        epoch,
        loss: lossSum / weightSum,
        learningRate,
        metrics: {},
      };
      if (validation) {
        const checked = await validate(engine, model, losses, validation);
        record.validationLoss = checked.loss;
        record.metrics = checked.metrics;
        if (!Number.isFinite(checked.loss)) {
          engine.setWeights(lastGood);
          throw new TrainingError(
            `Cannot train: validation loss must be finite, got ${checked.loss} after epoch ${epoch} at learning rate ${learningRate}`,
            { epoch, batch: loader.batches - 1, learningRate },
          );
        }
      }
      lastGood = engine.weights();
      history.push(record);
      const watched = record.validationLoss ?? record.loss;
      schedule.endEpoch(watched);
      const isBest = !best || watched < (best.validationLoss ?? best.loss) - c.minDelta;
      if (isBest) {
        best = record;
        bestWeights = lastGood;
      }
      if (callbacks.onCheckpoint) {
        await callbacks.onCheckpoint({
          weights: lastGood,
          bestWeights,
          bestEpoch: best!.epoch,
          optimizer: engine.optimizerState(),
          schedule: { ...schedule.state },
          parts,
          history: history.map((r) => ({ ...r })),
        }, isBest);
      }
      const seconds = (performance.now() - epochBegan) / 1000;
      const answer = await callbacks.onEpoch?.({
        ...record,
        epochs: c.epochs,
        metrics: {
          loss: record.loss,
          ...(record.validationLoss === undefined
            ? {}
            : { validation_loss: record.validationLoss }),
          learning_rate: learningRate,
          ...record.metrics,
        },
        seconds,
        samplesPerSecond: weightSum / seconds,
      });
      if (answer === "stop") {
        stopped = "callback";
        break;
      }
      if (c.patience > 0 && epoch - best!.epoch >= c.patience) {
        stopped = "early";
        break;
      }
    }
    if (c.restoreBest && best) engine.setWeights(bestWeights);
  } finally {
    engine.sync();
    engine.dispose();
  }
  const seconds = (performance.now() - began) / 1000;
  return {
    history,
    best: best!,
    stopped,
    backend: engine.backend,
    parts,
    seconds,
    steps,
    samplesPerSecond: samples / seconds,
  };
}

/** The loss and metrics of a model on a dataset. Same arithmetic as validation during training. */
export async function evaluate(
  model: Model,
  data: TrainingData,
  config: Pick<TrainConfigInput, "loss"> = {},
): Promise<{ loss: number; metrics: Record<string, number> }> {
  const losses = lossesOf(
    model.heads,
    parseTrainConfig({ loss: config.loss }).loss,
  );
  checkData(model, losses, "data", data);
  const { logitsOf } = await import("./predict.ts");
  const all = await readValidation(data, model, losses);
  return await score(model, losses, all, await logitsOf(model, all.x, all.n));
}

async function validate(
  engine: TrainingEngine,
  model: Model,
  losses: readonly Loss[],
  data: ValidationBatch,
): Promise<{ loss: number; metrics: Record<string, number> }> {
  return await score(model, losses, data, await engine.logits(data.x, data.n));
}

async function score(
  model: Model,
  losses: readonly Loss[],
  data: ValidationBatch,
  logits: Float32Array,
): Promise<{ loss: number; metrics: Record<string, number> }> {
  const tf = await loadTf();
  const width = encodedWidth(model.heads);
  const loss = tf.tidy(() =>
    lossFunction(tf, model.heads, losses)(
      tf.tensor(logits, [data.n, width]),
      tf.tensor(data.y, [data.n, width]),
      tf.tensor(data.weights, [data.n]),
    ).dataSync()[0]
  );
  return { loss, metrics: headMetrics(model.heads, losses, logits, data.raw, data.n) };
}
