/**
 * From a model's probabilities to target weights.
 * @module
 */

/** What the rule was fitted on: the model's probabilities over its own training rows. */
export interface PositionRule {
  mean: number;
  spread: number;
  /** Weights are multiples of this; 0 leaves them as they are. */
  step: number;
}

/**
 * The rule fitted on training probabilities: mean and standard deviation (ddof 1). The market's own
 * share of rising days is in the mean, so that the rule asks whether today is better than usual, not
 * whether days rise on the whole.
 *
 * @throws {RangeError} If fewer than two probabilities are given or one is not finite.
 */
export function fitPositionRule(probabilities: Float32Array, step: number): PositionRule {
  const n = probabilities.length;
  if (n < 2) {
    throw new RangeError(`Cannot fit position rule: needs at least 2 probabilities, got ${n}`);
  }
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(probabilities[i])) {
      throw new RangeError(
        `Cannot fit position rule: probabilities must be finite, got ${probabilities[i]} at ${i}`,
      );
    }
    sum += probabilities[i];
  }
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (probabilities[i] - mean) ** 2;
  return { mean, spread: Math.sqrt(squares / (n - 1)), step };
}

/**
 * Long-only target weight in [0, 1]: half invested at a usual day, fully at one standard deviation
 * above it, out at one below. A model that says the same every day (spread 0) stays half invested.
 */
export function targetWeight(rule: PositionRule, probability: number): number {
  const z = rule.spread > 0 ? (probability - rule.mean) / rule.spread : 0;
  const weight = Math.min(1, Math.max(0, 0.5 + 0.5 * z));
  return rule.step > 0 ? Math.min(1, Math.round(weight / rule.step) * rule.step) : weight;
}
