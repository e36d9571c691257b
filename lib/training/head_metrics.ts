/**
 * Metrics of each head of a model.
 * @module
 */
import { type Head, headUnits } from "../models/mod.ts";
import { encodedWidth, type Loss, targetColumns } from "./losses.ts";
import { classificationMetrics, regressionMetrics } from "./metrics.ts";

/**
 * Metrics by name; with several heads the names begin with the head's (`direction_accuracy`).
 * Metrics that are not defined for the data are left out.
 *
 * @param logits [n, width of the logits]
 * @param y Labels as the dataset has them, [n, targets]
 */
export function headMetrics(
  heads: readonly Head[],
  losses: readonly Loss[],
  logits: Float32Array,
  y: Float32Array,
  n: number,
): Record<string, number> {
  const width = encodedWidth(heads);
  const targets = y.length / n;
  const out: Record<string, number> = {};
  let at = 0;
  let column = 0;
  heads.forEach((head, k) => {
    const units = headUnits(head);
    const labels = Float64Array.from({ length: n }, (_, i) => y[i * targets + column]);
    const part = (unit: number) =>
      Float64Array.from({ length: n }, (_, i) => logits[i * width + at + unit]);
    let metrics: Record<string, number>;
    if (head.kind === "classification" || head.kind === "binary") {
      const classes = head.kind === "binary" ? 2 : units;
      const probabilities = new Float64Array(n * classes);
      for (let i = 0; i < n; i++) {
        const from = i * width + at;
        if (head.kind === "binary") {
          const p = 1 / (1 + Math.exp(-logits[from]));
          probabilities[2 * i] = 1 - p;
          probabilities[2 * i + 1] = p;
          continue;
        }
        let max = -Infinity, sum = 0;
        for (let c = 0; c < classes; c++) max = Math.max(max, logits[from + c]);
        for (let c = 0; c < classes; c++) sum += Math.exp(logits[from + c] - max);
        for (let c = 0; c < classes; c++) {
          probabilities[i * classes + c] = Math.exp(logits[from + c] - max) / sum;
        }
      }
      const hard = labels.map((v) => Math.round(v));
      metrics = classificationMetrics(hard, probabilities, classes);
    } else {
      const loss = losses[k];
      // Of several quantiles the one nearest the median stands for the prediction.
      const unit = loss.kind === "quantile"
        ? loss.quantiles.reduce(
          (best, q, i) => Math.abs(q - 0.5) < Math.abs(loss.quantiles[best] - 0.5) ? i : best,
          0,
        )
        : 0;
      const values = part(unit);
      if (head.kind === "position") {
        for (let i = 0; i < n; i++) values[i] = Math.tanh(values[i]);
      }
      metrics = regressionMetrics(labels, values);
    }
    for (const [name, value] of Object.entries(metrics)) {
      if (Number.isFinite(value)) {
        out[heads.length === 1 ? name : `${head.name}_${name}`] = value;
      }
    }
    at += units;
    column += targetColumns(head, losses[k]);
  });
  return out;
}
