/**
 * Whether probabilities mean what they say.
 * @module
 */

/** One bin of a reliability diagram. */
export interface ReliabilityBin {
  from: number;
  to: number;
  count: number;
  /** Mean probability in the bin. */
  confidence: number;
  /** Share of the samples in the bin that came true. */
  frequency: number;
}

/**
 * A reliability diagram: probabilities in equal-width bins (low, high] against what came. Empty bins
 * are left out.
 *
 * @param outcome 1 where the event happened, 0 where it did not.
 * @throws {RangeError} On unequal lengths, a probability outside [0, 1], or no bins.
 */
export function reliabilityBins(
  outcome: ArrayLike<number>,
  probability: ArrayLike<number>,
  bins = 10,
): ReliabilityBin[] {
  if (outcome.length !== probability.length) {
    throw new RangeError(
      `Cannot bin probabilities: both sides must have the same length, got ${outcome.length} and ${probability.length}`,
    );
  }
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`Cannot bin probabilities: bins must be an integer >= 1, got ${bins}`);
  }
  const out: ReliabilityBin[] = Array.from({ length: bins }, (_, b) => ({
    from: b / bins,
    to: (b + 1) / bins,
    count: 0,
    confidence: 0,
    frequency: 0,
  }));
  for (let i = 0; i < outcome.length; i++) {
    const p = probability[i];
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(
        `Cannot bin probabilities: probability must be in [0, 1], got ${p} at ${i}`,
      );
    }
    const bin = out[Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1))];
    bin.count++;
    bin.confidence += p;
    bin.frequency += outcome[i];
  }
  return out.filter((b) => b.count > 0).map((b) => ({
    ...b,
    confidence: b.confidence / b.count,
    frequency: b.frequency / b.count,
  }));
}
