/**
 * Bars, their quality, features, labels and split: everything an experiment learns from.
 * @module
 */
import {
  type Bars,
  checkQuality,
  fingerprintBars,
  formatTime,
  type QualityReport,
  readBars,
  sampleBars,
  validateBars,
} from "../data/mod.ts";
import { type Split, timeSplit } from "../datasets/mod.ts";
import {
  definePipeline,
  type FeatureFrame,
  type FeaturePipeline,
  fixedHorizonLabels,
  type Labels,
  type ScalerKind,
} from "../features/mod.ts";
import type { ExperimentConfig } from "./config.ts";

export interface PreparedData {
  bars: Bars;
  /** Name of the dataset, as recorded with the run. */
  name: string;
  quality: QualityReport;
  /** Content hash of the bars, sha256 hex. */
  fingerprint: string;
  pipeline: FeaturePipeline;
  frame: FeatureFrame;
  labels: Labels;
  split: Split;
  scalerKind: ScalerKind;
}

/**
 * Reads the bars and makes features, labels and the split by date. Training labels whose span reaches
 * into validation are purged, and so are validation labels that reach into the test bars.
 *
 * @throws {DataError} If the bars cannot be read or are broken: names file, row and field.
 * @throws {RangeError} If the bars leave a part of the split empty.
 */
export async function prepareData(config: ExperimentConfig): Promise<PreparedData> {
  const { data } = config;
  const bars = data.kind === "sample" ? await sampleBars() : await readBars(data.path);
  validateBars(bars, { action: "run experiment" });
  const pipeline = definePipeline(config.pipeline);
  const frame = pipeline.compute(bars);
  const labels = directionLabels(bars, config);
  const trainEnd = endOf(bars, config.split.trainUntil);
  const validationEnd = endOf(bars, config.split.validationUntil);
  if (trainEnd <= pipeline.warmupBars || validationEnd >= bars.length) {
    throw new RangeError(
      `Cannot run experiment: split must leave bars to train on (more than ${pipeline.warmupBars}) ` +
        `and to test on, got ${trainEnd} up to ${config.split.trainUntil} and ` +
        `${bars.length - validationEnd} after ${config.split.validationUntil} ` +
        `in bars from ${formatTime(bars.time[0])} to ${formatTime(bars.time[bars.length - 1])}`,
    );
  }
  const split = timeSplit(bars.length, {
    train: [0, trainEnd],
    validation: [trainEnd, validationEnd],
    test: [validationEnd, bars.length],
    embargoBars: config.split.embargoBars,
    purgeSpans: labels.spanEnd,
  });
  return {
    bars,
    name: data.kind === "sample" ? "sp500-2000" : data.path.split("/").at(-1)!,
    quality: checkQuality(bars),
    fingerprint: await fingerprintBars(bars),
    pipeline,
    frame,
    labels,
    split,
    scalerKind: config.scaler,
  };
}

/**
 * 1 where the close is higher after the horizon, else 0; NaN where the bars end before. The horizon
 * starts at the price at which a signal of this bar would be filled, the next bar's.
 */
function directionLabels(bars: Bars, config: ExperimentConfig): Labels {
  const labels = fixedHorizonLabels(bars, {
    horizonBars: config.labels.horizonBars,
    entryLagBars: config.backtest.fill === "sameClose" ? 0 : 1,
  });
  const values = labels.values.map((r) => Number.isNaN(r) ? NaN : r > 0 ? 1 : 0);
  return { ...labels, values };
}

/** Number of bars up to and including a date. */
function endOf(bars: Bars, date: string): number {
  const end = Date.parse(`${date}T23:59:59.999Z`);
  let count = 0;
  while (count < bars.length && bars.time[count] <= end) count++;
  return count;
}
