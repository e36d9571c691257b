/**
 * One model fitted on one range of bars: scaler, network and position rule, each from training rows
 * only.
 * @module
 */
import { type BarRange, SupervisedDataset } from "../datasets/mod.ts";
import { type FeatureFrame, fitScaler, type Scaler } from "../features/mod.ts";
import { createModel, type Model, type ModelConfig } from "../models/mod.ts";
import {
  predict,
  type TrainCallbacks,
  type TrainResult,
  trainSupervised,
} from "../training/mod.ts";
import { fitPositionRule, type PositionRule, targetWeight } from "./position_rule.ts";
import type { PreparedData } from "./prepare_data.ts";

/** What a trial chooses. */
export interface ModelParams {
  kind: "mlp" | "cnn" | "lstm" | "gru" | "logistic";
  windowBars: number;
  units: number;
  dropout: number;
  learningRate: number;
  batchSize: number;
}

export interface FitOptions {
  train: BarRange;
  validation: BarRange;
  epochs: number;
  patience: number;
  seed: number;
  weightStep: number;
}

export interface FittedModel {
  model: Model;
  params: ModelParams;
  scaler: Scaler;
  rule: PositionRule;
  training: TrainResult;
  /** The frame as the network sees it: scaled by what its training rows said. */
  scaled: FeatureFrame;
  /** P(up) for each row in the range whose window is defined. */
  predictRows(range: BarRange): Promise<{ rows: Int32Array; probabilities: Float32Array }>;
  dispose(): void;
}

/** The network's configuration: each architecture names its width in its own words. */
export function modelConfig(params: ModelParams, features: number, seed: number): ModelConfig {
  const common = {
    windowBars: params.windowBars,
    features,
    outputs: 1,
    task: "binary" as const,
    dropout: params.dropout,
    seed,
  };
  switch (params.kind) {
    case "cnn":
      return { ...common, kind: "cnn", filters: params.units };
    case "logistic":
      return { ...common, kind: "logistic" };
    case "mlp":
      return { ...common, kind: "mlp", units: params.units };
    default:
      return { ...common, kind: params.kind, units: params.units };
  }
}

/**
 * Fits scaler and network on `train`, stops early by `validation`, and fits the position rule on the
 * network's probabilities over `train`.
 *
 * @throws {TrainingError} If the loss stops being finite.
 */
export async function fitModel(
  data: PreparedData,
  params: ModelParams,
  options: FitOptions,
  callbacks: TrainCallbacks = {},
): Promise<FittedModel> {
  const [from, to] = options.train;
  const scaler = fitScaler(data.scalerKind, data.frame, { from, to });
  const scaled = scaler.transform(data.frame);
  const dataset = (range: BarRange) =>
    new SupervisedDataset({
      frame: scaled,
      labels: data.labels,
      windowBars: params.windowBars,
      from: range[0],
      to: range[1],
    });
  const train = dataset(options.train);
  const validation = dataset(options.validation);
  const model = await createModel(modelConfig(params, data.frame.names.length, options.seed));
  try {
    const training = await trainSupervised(model, { train, validation }, {
      epochs: options.epochs,
      batchSize: params.batchSize,
      learningRate: params.learningRate,
      clipNorm: 1,
      patience: options.patience,
      seed: options.seed,
    }, callbacks);
    const rule = fitPositionRule(await predict(model, train), options.weightStep);
    // Prediction needs no label: the newest rows have none yet.
    const unlabelled = { values: new Float64Array(data.frame.length), kind: "none" };
    return {
      model,
      params,
      scaler,
      rule,
      training,
      scaled,
      async predictRows(range) {
        const windows = new SupervisedDataset({
          frame: scaled,
          labels: unlabelled,
          windowBars: params.windowBars,
          from: range[0],
          to: range[1],
        });
        return { rows: windows.rows, probabilities: await predict(model, windows) };
      },
      dispose: () => model.dispose(),
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Writes the target weights of a range into `weights` (one value per bar of the whole series). */
export async function writeWeights(
  fit: FittedModel,
  range: BarRange,
  weights: Float64Array,
): Promise<void> {
  const { rows, probabilities } = await fit.predictRows(range);
  for (let i = 0; i < rows.length; i++) weights[rows[i]] = targetWeight(fit.rule, probabilities[i]);
}
