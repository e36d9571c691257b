/**
 * Metrics of predictions, with scikit-learn's and scipy's definitions.
 *
 * Probabilities are row-major [n, classes]; class labels are indices. A metric that is not defined
 * for the data (one class only, no spread) is NaN.
 * @module
 */
import { correlation, mean } from "../math/mod.ts";

type Numbers = ArrayLike<number>;

function sameLength(action: string, a: Numbers, b: Numbers): void {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `Cannot compute ${action}: both sides must have the same length > 0, got ${a.length} and ${b.length}`,
    );
  }
}

/** Index of each row's largest value, [n]. */
export function argMax(probabilities: Numbers, classes: number): Int32Array {
  const n = probabilities.length / classes;
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[i * classes + c] > probabilities[i * classes + best]) best = c;
    }
    out[i] = best;
  }
  return out;
}

/** Share of labels that were predicted. */
export function accuracy(y: Numbers, predicted: Numbers): number {
  sameLength("accuracy", y, predicted);
  let hits = 0;
  for (let i = 0; i < y.length; i++) if (y[i] === predicted[i]) hits++;
  return hits / y.length;
}

/** Counts [true class, predicted class], row-major. */
export function confusionMatrix(y: Numbers, predicted: Numbers, classes: number): Float64Array {
  sameLength("confusion matrix", y, predicted);
  const out = new Float64Array(classes * classes);
  for (let i = 0; i < y.length; i++) out[y[i] * classes + predicted[i]]++;
  return out;
}

/** Precision, recall and F1: `macro` is the mean over classes, `micro` pools their counts. */
export function precisionRecallF1(
  y: Numbers,
  predicted: Numbers,
  classes: number,
  average: "macro" | "micro" = "macro",
): { precision: number; recall: number; f1: number } {
  const m = confusionMatrix(y, predicted, classes);
  let precision = 0, recall = 0, f1 = 0, present = 0;
  let hits = 0;
  for (let c = 0; c < classes; c++) {
    let actual = 0, guessed = 0;
    for (let k = 0; k < classes; k++) {
      actual += m[c * classes + k];
      guessed += m[k * classes + c];
    }
    const hit = m[c * classes + c];
    hits += hit;
    // Classes that neither occur nor are predicted do not count, as in scikit-learn.
    if (actual + guessed === 0) continue;
    present++;
    precision += guessed > 0 ? hit / guessed : 0;
    recall += actual > 0 ? hit / actual : 0;
    f1 += 2 * hit / (actual + guessed);
  }
  if (average === "micro") {
    const share = hits / y.length;
    return { precision: share, recall: share, f1: share };
  }
  return { precision: precision / present, recall: recall / present, f1: f1 / present };
}

/** Ranks from 1, ties at their mean. */
export function ranks(x: Numbers): Float64Array {
  const n = x.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => x[a] - x[b]);
  const out = new Float64Array(n);
  for (let i = 0; i < n;) {
    let j = i;
    while (j + 1 < n && x[order[j + 1]] === x[order[i]]) j++;
    for (let k = i; k <= j; k++) out[order[k]] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return out;
}

/** Area under the ROC curve of scores for labels 0 and 1; ties count half. */
export function rocAuc(y: Numbers, scores: Numbers): number {
  sameLength("ROC AUC", y, scores);
  const rank = ranks(scores);
  let positives = 0, sum = 0;
  for (let i = 0; i < y.length; i++) {
    if (y[i] === 1) {
      positives++;
      sum += rank[i];
    }
  }
  const negatives = y.length - positives;
  if (positives === 0 || negatives === 0) return NaN;
  return (sum - positives * (positives + 1) / 2) / (positives * negatives);
}

/** Macro mean of one-against-rest ROC areas (scikit-learn: `multi_class="ovr"`). */
export function rocAucOneVsRest(y: Numbers, probabilities: Numbers, classes: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += rocAuc(...oneVsRest(y, probabilities, classes, c));
  return sum / classes;
}

/** Average precision: the area under the precision-recall curve by steps. */
export function averagePrecision(y: Numbers, scores: Numbers): number {
  sameLength("average precision", y, scores);
  const order = Array.from({ length: y.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  let positives = 0;
  for (let i = 0; i < y.length; i++) if (y[i] === 1) positives++;
  if (positives === 0) return NaN;
  let hits = 0, area = 0, recall = 0;
  for (let i = 0; i < order.length;) {
    let j = i;
    // Scores that tie enter together.
    while (j < order.length && scores[order[j]] === scores[order[i]]) {
      if (y[order[j]] === 1) hits++;
      j++;
    }
    const next = hits / positives;
    area += (next - recall) * (hits / j);
    recall = next;
    i = j;
  }
  return area;
}

function oneVsRest(
  y: Numbers,
  probabilities: Numbers,
  classes: number,
  c: number,
): [Float64Array, Float64Array] {
  const n = y.length;
  return [
    Float64Array.from({ length: n }, (_, i) => y[i] === c ? 1 : 0),
    Float64Array.from({ length: n }, (_, i) => probabilities[i * classes + c]),
  ];
}

/** Mean squared error of the probability of class 1. */
export function brierScore(y: Numbers, probability: Numbers): number {
  return meanSquaredError(y, probability);
}

/** Mean of the squared distance between probabilities [n, classes] and the one-hot label. */
export function brierScoreMulticlass(y: Numbers, probabilities: Numbers, classes: number): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    for (let c = 0; c < classes; c++) {
      sum += (probabilities[i * classes + c] - (y[i] === c ? 1 : 0)) ** 2;
    }
  }
  return sum / y.length;
}

/**
 * Mean negative log-probability of the true class; probabilities are clipped to float64's epsilon
 * and renormalised.
 */
export function logLoss(y: Numbers, probabilities: Numbers, classes: number): number {
  const floor = Number.EPSILON;
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    const p = Math.min(1 - floor, Math.max(floor, probabilities[i * classes + y[i]]));
    sum -= Math.log(p);
  }
  return sum / y.length;
}

/**
 * Expected calibration error: mean over equal-width bins of |accuracy - confidence|, weighted by the
 * samples in each (Guo et al. 2017, arXiv:1706.04599). Bins are (low, high].
 *
 * @param confidence Probability of the predicted class.
 * @param correct 1 where the prediction was right.
 */
export function expectedCalibrationError(
  correct: Numbers,
  confidence: Numbers,
  bins = 10,
): number {
  sameLength("calibration error", correct, confidence);
  const hits = new Float64Array(bins),
    sums = new Float64Array(bins),
    counts = new Float64Array(bins);
  for (let i = 0; i < correct.length; i++) {
    const b = Math.min(bins - 1, Math.max(0, Math.ceil(confidence[i] * bins) - 1));
    hits[b] += correct[i];
    sums[b] += confidence[i];
    counts[b]++;
  }
  let error = 0;
  for (let b = 0; b < bins; b++) {
    if (counts[b] > 0) error += Math.abs(hits[b] - sums[b]) / correct.length;
  }
  return error;
}

export function meanAbsoluteError(y: Numbers, predicted: Numbers): number {
  sameLength("mean absolute error", y, predicted);
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += Math.abs(y[i] - predicted[i]);
  return sum / y.length;
}

export function meanSquaredError(y: Numbers, predicted: Numbers): number {
  sameLength("mean squared error", y, predicted);
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += (y[i] - predicted[i]) ** 2;
  return sum / y.length;
}

export function rootMeanSquaredError(y: Numbers, predicted: Numbers): number {
  return Math.sqrt(meanSquaredError(y, predicted));
}

/** Coefficient of determination; NaN where the labels have no spread. */
export function r2(y: Numbers, predicted: Numbers): number {
  sameLength("R2", y, predicted);
  const m = mean(Float64Array.from(y));
  let rest = 0, total = 0;
  for (let i = 0; i < y.length; i++) {
    rest += (y[i] - predicted[i]) ** 2;
    total += (y[i] - m) ** 2;
  }
  return total > 0 ? 1 - rest / total : NaN;
}

/** Information coefficient: correlation of predictions with what came, by value or by rank. */
export function informationCoefficient(
  y: Numbers,
  predicted: Numbers,
  kind: "pearson" | "spearman" = "pearson",
): number {
  sameLength("information coefficient", y, predicted);
  return kind === "pearson"
    ? correlation(Float64Array.from(y), Float64Array.from(predicted))
    : correlation(ranks(y), ranks(predicted));
}

/** Share of samples whose sign was predicted; labels of 0 are left out. */
export function directionalAccuracy(y: Numbers, predicted: Numbers): number {
  sameLength("directional accuracy", y, predicted);
  let hits = 0, count = 0;
  for (let i = 0; i < y.length; i++) {
    if (y[i] === 0) continue;
    count++;
    if (Math.sign(y[i]) === Math.sign(predicted[i])) hits++;
  }
  return hits / count;
}

/** All classification metrics at once, by name. */
export function classificationMetrics(
  y: Numbers,
  probabilities: Numbers,
  classes: number,
): Record<string, number> {
  const predicted = argMax(probabilities, classes);
  const macro = precisionRecallF1(y, predicted, classes, "macro");
  const confidence = Float64Array.from(predicted, (c, i) => probabilities[i * classes + c]);
  const correct = Float64Array.from(predicted, (c, i) => c === y[i] ? 1 : 0);
  const binary = classes === 2;
  const one = binary ? oneVsRest(y, probabilities, 2, 1) : null;
  let prAuc = 0;
  if (one) prAuc = averagePrecision(one[0], one[1]);
  else {
    for (let c = 0; c < classes; c++) {
      prAuc += averagePrecision(...oneVsRest(y, probabilities, classes, c)) / classes;
    }
  }
  return {
    accuracy: accuracy(y, predicted),
    precision: macro.precision,
    recall: macro.recall,
    f1: macro.f1,
    f1_micro: precisionRecallF1(y, predicted, classes, "micro").f1,
    roc_auc: one ? rocAuc(one[0], one[1]) : rocAucOneVsRest(y, probabilities, classes),
    pr_auc: prAuc,
    brier: one ? brierScore(one[0], one[1]) : brierScoreMulticlass(y, probabilities, classes),
    log_loss: logLoss(y, probabilities, classes),
    calibration_error: expectedCalibrationError(correct, confidence),
  };
}

/** All regression metrics at once, by name. */
export function regressionMetrics(y: Numbers, predicted: Numbers): Record<string, number> {
  return {
    mae: meanAbsoluteError(y, predicted),
    rmse: rootMeanSquaredError(y, predicted),
    r2: r2(y, predicted),
    ic: informationCoefficient(y, predicted),
    rank_ic: informationCoefficient(y, predicted, "spearman"),
    directional_accuracy: directionalAccuracy(y, predicted),
  };
}
