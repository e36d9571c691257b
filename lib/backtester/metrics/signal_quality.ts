/** How signals compare with what happened; `support` counts true positives and false negatives. */
export interface SignalQuality {
  precision: number;
  recall: number;
  f1: number;
  accuracy: number;
  support: number;
}

/**
 * Precision, recall and F1 of signals for one class (1 by default) against outcomes; rows in which
 * either is NaN are left out. A ratio without a denominator is NaN (scikit-learn: 0 and a warning).
 *
 * @throws {RangeError} If lengths differ.
 */
export function signalQuality(
  signals: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  positive = 1,
): SignalQuality {
  if (signals.length !== outcomes.length) {
    throw new RangeError(
      `Cannot judge signals: signals and outcomes must agree in length, got ${signals.length} and ${outcomes.length}`,
    );
  }
  let hits = 0, claims = 0, cases = 0, right = 0, rows = 0;
  for (let i = 0; i < signals.length; i++) {
    if (signals[i] !== signals[i] || outcomes[i] !== outcomes[i]) continue;
    const said = signals[i] === positive;
    const was = outcomes[i] === positive;
    rows++;
    if (said) claims++;
    if (was) cases++;
    if (said && was) hits++;
    if (signals[i] === outcomes[i]) right++;
  }
  const precision = hits / claims;
  const recall = hits / cases;
  return {
    precision,
    recall,
    f1: claims + cases === 0 ? NaN : 2 * hits / (claims + cases),
    accuracy: right / rows,
    support: cases,
  };
}
