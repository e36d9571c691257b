/** How far two filters of traces find the same ones. @module */

/** Counts of traces that pass both filters, the first only, the second only, and none. */
type Table = readonly [both: number, first: number, second: number, neither: number];

/**
 * Normalized pointwise mutual information: 1 always together, 0 by chance, -1 never together,
 * NaN where it is not defined.
 */
function npmi([both, first, second, neither]: Table): number {
  const total = both + first + second + neither;
  if (both <= 0) return NaN;
  if (first === 0 && second === 0 && neither === 0) return 1;
  const mutual = Math.log(both) + Math.log(total) - Math.log(both + first) -
    Math.log(both + second);
  return Math.max(-1, Math.min(1, mutual / (Math.log(total) - Math.log(both))));
}

/** The smoothed figure has half a trace added to each count (Jeffreys' prior), as MLflow's has. */
export function correlation(
  { filter1, filter2, joint, total }: {
    filter1: number;
    filter2: number;
    joint: number;
    total: number;
  },
) {
  const counts = {
    filter1_count: filter1,
    filter2_count: filter2,
    joint_count: joint,
    total_count: total,
  };
  if (total === 0 || filter1 === 0 || filter2 === 0) {
    return { ...counts, npmi: "NaN", npmi_smoothed: "NaN" };
  }
  const table = [joint, filter1 - joint, filter2 - joint, total - filter1 - filter2 + joint];
  const [both, first, second, neither] = table.map((count) => count + 0.5);
  return {
    ...counts,
    npmi: joint === 0 ? -1 : npmi(table as unknown as Table),
    npmi_smoothed: npmi([both, first, second, neither]),
  };
}
