/**
 * L-BFGS with optional box bounds (projected), for the Gaussian process's two small problems.
 *
 * @see Nocedal and Wright 2006, algorithm 7.4; bounds by projecting the step (Bertsekas 1982)
 * @module
 */

export interface LbfgsOptions {
  /** Stop when no projected gradient component is larger. Default 1e-5. */
  gradientTolerance?: number;
  /** Stop when a step improves less, relatively. Default 2.2e-9, as scipy. */
  valueTolerance?: number;
  maxIterations?: number;
  low?: Float64Array;
  high?: Float64Array;
}

/** Value at `x`; writes the gradient into `gradient`. A non-finite value marks a forbidden point. */
export type ValueAndGradient = (x: Float64Array, gradient: Float64Array) => number;

/** Minimises from `start` and returns the best point found. */
export function minimizeLbfgs(
  f: ValueAndGradient,
  start: Float64Array,
  options: LbfgsOptions = {},
): { x: Float64Array; value: number; iterations: number } {
  const { gradientTolerance = 1e-5, valueTolerance = 2.2e-9, maxIterations = 200, low, high } =
    options;
  const n = start.length;
  const memory: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let x = clip(Float64Array.from(start));
  let gradient = new Float64Array(n);
  let value = f(x, gradient);
  let iterations = 0;

  function clip(p: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    if (low) { for (let i = 0; i < n; i++) p[i] = Math.max(low[i], p[i]); }
    if (high) { for (let i = 0; i < n; i++) p[i] = Math.min(high[i], p[i]); }
    return p;
  }
  const isHeld = (i: number) =>
    low !== undefined && x[i] <= low[i] && gradient[i] > 0 ||
    high !== undefined && x[i] >= high[i] && gradient[i] < 0;

  for (; iterations < maxIterations; iterations++) {
    let largest = 0;
    for (let i = 0; i < n; i++) if (!isHeld(i)) largest = Math.max(largest, Math.abs(gradient[i]));
    if (!(largest > gradientTolerance)) break;
    const direction = new Float64Array(n);
    for (let i = 0; i < n; i++) direction[i] = isHeld(i) ? 0 : -gradient[i];
    const alphas: number[] = [];
    for (let m = memory.length - 1; m >= 0; m--) {
      const { s, y, rho } = memory[m];
      let a = 0;
      for (let i = 0; i < n; i++) a += s[i] * direction[i];
      a *= rho;
      alphas[m] = a;
      for (let i = 0; i < n; i++) direction[i] -= a * y[i];
    }
    if (memory.length > 0) {
      const { y, rho } = memory[memory.length - 1];
      let yy = 0;
      for (let i = 0; i < n; i++) yy += y[i] * y[i];
      for (let i = 0; i < n; i++) direction[i] /= rho * yy;
    } else for (let i = 0; i < n; i++) direction[i] /= Math.max(1, largest);
    for (let m = 0; m < memory.length; m++) {
      const { s, y, rho } = memory[m];
      let b = 0;
      for (let i = 0; i < n; i++) b += y[i] * direction[i];
      b *= rho;
      for (let i = 0; i < n; i++) direction[i] += s[i] * (alphas[m] - b);
    }
    for (let i = 0; i < n; i++) if (isHeld(i)) direction[i] = 0;
    let slope = 0;
    for (let i = 0; i < n; i++) slope += direction[i] * gradient[i];
    if (!(slope < 0)) {
      if (memory.length === 0) break;
      memory.length = 0;
      continue;
    }
    // Backtracking until the Armijo condition holds on the projected step.
    const nextGradient = new Float64Array(n);
    let nextX = x;
    let nextValue = NaN;
    let accepted = false;
    for (let t = 1, tries = 0; tries < 30; tries++, t *= 0.5) {
      nextX = clip(x.map((xi, i) => xi + t * direction[i]));
      let change = 0;
      for (let i = 0; i < n; i++) change += gradient[i] * (nextX[i] - x[i]);
      nextValue = f(nextX, nextGradient);
      if (Number.isFinite(nextValue) && nextValue <= value + 1e-4 * change && change < 0) {
        accepted = true;
        break;
      }
    }
    if (!accepted) {
      if (memory.length === 0) break;
      memory.length = 0;
      continue;
    }
    const s = new Float64Array(n);
    const y = new Float64Array(n);
    let sy = 0, yy = 0;
    for (let i = 0; i < n; i++) {
      s[i] = nextX[i] - x[i];
      y[i] = nextGradient[i] - gradient[i];
      sy += s[i] * y[i];
      yy += y[i] * y[i];
    }
    if (sy > 1e-10 * yy) {
      memory.push({ s, y, rho: 1 / sy });
      if (memory.length > 10) memory.shift();
    }
    const gain = value - nextValue;
    x = nextX;
    gradient = nextGradient;
    const scale = Math.max(Math.abs(value), Math.abs(nextValue), 1);
    value = nextValue;
    if (gain <= valueTolerance * scale) {
      iterations++;
      break;
    }
  }
  return { x, value, iterations };
}
