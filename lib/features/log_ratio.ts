/**
 * log(a / b) for positive numbers that are close, as prices of neighbouring bars are; NaN otherwise as
 * Math.log.
 *
 * 2 atanh((a - b) / (a + b)) by its series: several times as fast as Math.log, and more exact near 1,
 * since a - b has no rounding there. Relative error below 4e-16.
 */
export function logRatio(a: number, b: number): number {
  const s = (a - b) / (a + b);
  const q = s * s;
  // The series' first term left out is below 1e-17 of the sum, in both.
  if (q < 2e-5) return 2 * s * (1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7))));
  if (!(q < 0.0025)) return Math.log(a / b);
  return 2 * s *
    (1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13)))))));
}
