/**
 * Hierarchical risk parity: cluster assets by correlation, then share risk down the tree.
 *
 * @see Lopez de Prado 2016, "Building Diversified Portfolios that Outperform Out of Sample"
 * @module
 */

/** Leaves of the single-linkage tree of distances (row-major n by n), in its order. */
export function clusterOrder(distance: Float64Array): number[] {
  const n = Math.round(Math.sqrt(distance.length));
  let clusters = Array.from({ length: n }, (_, i) => ({ id: i, items: [i] }));
  let nextId = n;
  while (clusters.length > 1) {
    let best = Infinity, left = 0, right = 1;
    for (let a = 0; a < clusters.length; a++) {
      for (let b = a + 1; b < clusters.length; b++) {
        let nearest = Infinity;
        for (const i of clusters[a].items) {
          for (const j of clusters[b].items) nearest = Math.min(nearest, distance[i * n + j]);
        }
        if (nearest < best) {
          best = nearest;
          left = a;
          right = b;
        }
      }
    }
    // The older cluster comes first, as in scipy's linkage.
    const [x, y] = [clusters[left], clusters[right]].sort((p, q) => p.id - q.id);
    const joined = { id: nextId++, items: [...x.items, ...y.items] };
    clusters = clusters.filter((c) => c !== x && c !== y);
    clusters.push(joined);
  }
  return clusters[0]?.items ?? [];
}

/** Weights from a covariance (row-major n by n, positive variances); positive, sum 1. */
export function hierarchicalRiskParityWeights(covariance: Float64Array): Float64Array {
  const n = Math.round(Math.sqrt(covariance.length));
  if (n * n !== covariance.length || n === 0) {
    throw new RangeError(
      `Cannot compute risk parity: covariance must be square, got ${covariance.length} values`,
    );
  }
  const deviation = Float64Array.from({ length: n }, (_, i) => Math.sqrt(covariance[i * n + i]));
  const bad = deviation.findIndex((d) => !(d > 0));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot compute risk parity: variance ${bad} must be positive, got ${
        covariance[bad * n + bad]
      }`,
    );
  }
  const distance = covariance.map((c, k) => {
    const rho = c / (deviation[Math.floor(k / n)] * deviation[k % n]);
    return Math.sqrt(Math.max(0, (1 - rho) / 2));
  });
  const weights = new Float64Array(n).fill(1);
  const share = (items: number[]) => {
    if (items.length < 2) return;
    const half = Math.floor(items.length / 2);
    const left = items.slice(0, half), right = items.slice(half);
    const a = clusterVariance(covariance, n, left);
    const b = clusterVariance(covariance, n, right);
    for (const i of left) weights[i] *= b / (a + b);
    for (const i of right) weights[i] *= a / (a + b);
    share(left);
    share(right);
  };
  share(clusterOrder(distance));
  return weights;
}

/** Variance of the inverse-variance portfolio of some assets. */
function clusterVariance(covariance: Float64Array, n: number, items: number[]): number {
  const w = items.map((i) => 1 / covariance[i * n + i]);
  const sum = w.reduce((s, v) => s + v, 0);
  let variance = 0;
  items.forEach((i, a) =>
    items.forEach((j, b) => variance += w[a] * w[b] * covariance[i * n + j] / (sum * sum))
  );
  return variance;
}
