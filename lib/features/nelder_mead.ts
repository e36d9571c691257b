/**
 * The minimum of a smooth function of a few numbers, without derivatives.
 *
 * Ends when the simplex's values differ by less than `tolerance` relative to them, or after 200 steps
 * per dimension.
 *
 * @see Nelder & Mead 1965, Computer Journal 7 (coefficients 1, 2, 1/2, 1/2)
 */
export function nelderMead(
  cost: (x: Float64Array) => number,
  start: Float64Array,
  { step, tolerance }: { step: number; tolerance: number },
): { x: Float64Array; value: number } {
  const n = start.length;
  const points = [start.slice()];
  for (let k = 0; k < n; k++) {
    const point = start.slice();
    point[k] += step;
    points.push(point);
  }
  const simplex = points.map((x) => ({ x, value: cost(x) }));
  for (let round = 0; round < 200 * n; round++) {
    simplex.sort((a, b) => a.value - b.value);
    const best = simplex[0];
    const worst = simplex[n];
    if (worst.value - best.value <= tolerance * (Math.abs(best.value) + tolerance)) break;
    const center = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      for (let d = 0; d < n; d++) center[d] += simplex[k].x[d] / n;
    }
    const along = (factor: number) => {
      const x = center.map((c, d) => c + factor * (worst.x[d] - c));
      return { x, value: cost(x) };
    };
    const reflected = along(-1);
    if (reflected.value < best.value) {
      const expanded = along(-2);
      simplex[n] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[n - 1].value) simplex[n] = reflected;
    else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5);
      if (contracted.value < Math.min(reflected.value, worst.value)) simplex[n] = contracted;
      else {
        for (let k = 1; k <= n; k++) {
          simplex[k].x = simplex[k].x.map((v, d) => best.x[d] + 0.5 * (v - best.x[d]));
          simplex[k].value = cost(simplex[k].x);
        }
      }
    }
  }
  simplex.sort((a, b) => a.value - b.value);
  return simplex[0];
}
