/**
 * Weights of fractional differencing of order `d`, latest value first: w0 = 1,
 * wk = -w(k-1) (d - k + 1) / k, cut before the first whose size is below `cut`.
 *
 * @throws {RangeError} If more than `most` weights would be needed.
 * @see López de Prado 2018, Advances in Financial Machine Learning, section 5.4 (fixed width)
 */
export function fractionalWeights(d: number, cut = 1e-5, most = 100_000): Float64Array {
  const weights = [1];
  for (let k = 1;; k++) {
    const weight = -weights[k - 1] * (d - k + 1) / k;
    if (Math.abs(weight) < cut) return Float64Array.from(weights);
    if (weights.push(weight) > most) {
      throw new RangeError(
        `Cannot difference: order ${d} cut at ${cut} must need at most ${most} weights`,
      );
    }
  }
}
