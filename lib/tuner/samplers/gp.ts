/**
 * Bayesian optimisation: a Gaussian process and the logarithm of expected improvement, maximised by
 * Sobol points and local search over continuous, grid and categorical coordinates.
 *
 * @see Ament et al. 2023, "Unexpected improvements to expected improvement", arXiv:2310.20708
 * @module
 */
import { erfc, type Rng } from "../../math/mod.ts";
import type { Distribution } from "../distributions.ts";
import { minimizeLbfgs } from "../lbfgs.ts";
import { stateCode } from "../observations.ts";
import { GaussianProcess, type GpHyperparameters } from "./gaussian_process.ts";
import { maxSobolDimensions, sobolSequence } from "./low_discrepancy.ts";
import { drawUniform } from "./random.ts";
import type { JointProposal, Sampler, StudyView } from "./sampler.ts";
import { IntersectionSpace, type Space } from "./search_space.ts";
import { fromUnit, toUnit, unitGrid } from "./unit_space.ts";

export interface GpOptions {
  /** Random trials first. Default 10. */
  startupTrials?: number;
  /** Sobol points at which the acquisition is first looked at. Default 2048. */
  preliminarySamples?: number;
  /** Local searches from the best of them. Default 10. */
  localSearches?: number;
  /**
   * Most trials that the process learns from: the best half of them and the newest. Its cost grows
   * with the third power. Default 400.
   */
  maxObservations?: number;
  /** Most trials, chosen likewise, from which its length scales and noise are learnt. Default 200. */
  fitObservations?: number;
}

const logRoot2Pi = 0.5 * Math.log(2 * Math.PI);

/** exp(x^2) erfc(x) for large x, by its continued fraction. */
function erfcx(x: number): number {
  if (x < 10) return Math.exp(x * x) * erfc(x);
  let f = 0;
  for (let k = 60; k >= 1; k--) f = k / 2 / (x + f);
  return 1 / (Math.sqrt(Math.PI) * (x + f));
}

/** log E[max(0, Z + z)] for a standard normal Z, accurate for very negative z. */
export function standardLogEi(z: number): number {
  if (z >= -25) {
    const pdf = Math.exp(-0.5 * z * z - logRoot2Pi);
    return Math.log(0.5 * z * erfc(-z / Math.SQRT2) + pdf);
  }
  return -0.5 * z * z - logRoot2Pi +
    Math.log1p(Math.sqrt(0.5 * Math.PI) * z * erfcx(-z / Math.SQRT2));
}

/** d log EI / dz = Phi(z) / EI(z). */
function standardLogEiSlope(z: number): number {
  if (z >= -25) return Math.exp(Math.log(0.5 * erfc(-z / Math.SQRT2)) - standardLogEi(z));
  const t = Math.sqrt(0.5 * Math.PI) * erfcx(-z / Math.SQRT2);
  return t / (1 + z * t);
}

function standardise(values: Float64Array): Float64Array {
  // Infinite results are clipped to the worst and best finite ones.
  let low = Infinity, high = -Infinity;
  for (const v of values) {
    if (Number.isFinite(v)) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  }
  if (low > high) low = high = 0;
  const clipped = values.map((v) => Math.min(high, Math.max(low, v)));
  const mean = clipped.reduce((a, b) => a + b, 0) / clipped.length;
  const deviation = Math.sqrt(clipped.reduce((a, b) => a + (b - mean) ** 2, 0) / clipped.length);
  return clipped.map((v) => (v - mean) / Math.max(1e-10, deviation));
}

/** @throws {RangeError} If a count is out of range. */
export function gpSampler(options: GpOptions = {}): Sampler {
  const {
    startupTrials = 10,
    preliminarySamples = 2048,
    localSearches = 10,
    maxObservations = 400,
    fitObservations = 200,
  } = options;
  for (
    const [field, value, least] of [
      ["startupTrials", startupTrials, 1],
      ["preliminarySamples", preliminarySamples, 1],
      ["localSearches", localSearches, 1],
      ["maxObservations", maxObservations, 2],
      ["fitObservations", fitObservations, 2],
    ] as const
  ) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(
        `Cannot create GP sampler: ${field} must be an integer >= ${least}, got ${value}`,
      );
    }
  }
  const spaces = new IntersectionSpace(false);
  let last: GpHyperparameters | null = null;

  function usableRows(study: StudyView, space: Space): number[] {
    const o = study.observations;
    const columns = space.map(([name]) => o.params.get(name)!);
    const rows: number[] = [];
    for (let row = 0; row < o.length; row++) {
      if (o.states[row] !== stateCode.complete || study.includes && !study.includes(row)) continue;
      if (columns.every((c) => !Number.isNaN(c[row]))) rows.push(row);
    }
    return rows;
  }

  /** Of many rows the best half and the newest, in their order. */
  function thinOut(study: StudyView, rows: number[], most: number, sign: number): number[] {
    if (rows.length <= most) return rows;
    const values = study.observations.values[0];
    const half = Math.floor(most / 2);
    const newest = rows.slice(-half);
    const rest = rows.slice(0, -half).sort((a, b) => sign * (values[b] - values[a]) || a - b);
    return [...rest.slice(0, most - half), ...newest].sort((a, b) => a - b);
  }

  return {
    kind: "gp",
    joint(study, trial, rng) {
      if (study.directions.length > 1) throw new TypeError("Cannot sample: GP takes one objective");
      if (study.observations.completeCount < startupTrials) return null;
      const space = spaces.current(study);
      if (space.length === 0) return null;
      const o = study.observations;
      const sign = study.directions[0] === "maximize" ? 1 : -1;
      const rows = thinOut(study, usableRows(study, space), maxObservations, sign);
      if (rows.length < startupTrials) return null;
      const d = space.length;
      const coordinates = (list: number[]) => {
        const x = new Float64Array(list.length * d);
        space.forEach(([name, distribution], j) => {
          const column = o.params.get(name)!;
          list.forEach((row, i) => x[i * d + j] = toUnit(distribution, column[row]));
        });
        return x;
      };
      const scoresOf = (list: number[]) =>
        standardise(
          // An infeasible trial is as bad as the worst.
          Float64Array.from(
            list,
            (row) => o.violations[row] > 0 ? -Infinity : sign * o.values[0][row],
          ),
        );
      const scores = scoresOf(rows);
      const isCategorical = space.map(([, dist]) => dist.kind === "categorical");
      const initial = last && last.inverseSquaredLengths.length === d ? last : {
        inverseSquaredLengths: new Float64Array(d).fill(1),
        kernelScale: 1,
        noiseVariance: 1,
      };
      const fitted = thinOut(study, rows, fitObservations, sign);
      let gp = new GaussianProcess(
        coordinates(fitted),
        fitted === rows ? scores : scoresOf(fitted),
        isCategorical,
        initial,
      ).fit();
      last = gp.hyper;
      if (fitted !== rows) {
        gp = new GaussianProcess(coordinates(rows), scores, isCategorical, last).prepare();
      }
      let best = -Infinity;
      let bestAt = 0;
      scores.forEach((s, i) => {
        if (s > best) [best, bestAt] = [s, i];
      });
      // Running trials are believed to come out at their expected value.
      const running = [...o.running].filter((row) =>
        row !== trial.number &&
        space.every(([name]) => !Number.isNaN(o.params.get(name)![row]))
      ).sort((a, b) => a - b);
      if (running.length > 0) {
        const x = coordinates(running);
        const believed = running.map((_, i) => gp.posterior(x.subarray(i * d, (i + 1) * d)).mean);
        gp = new GaussianProcess(
          Float64Array.from([...gp.x, ...x]),
          Float64Array.from([...scores, ...believed]),
          isCategorical,
          gp.hyper,
        ).prepare();
      }
      const start = Float64Array.from(gp.x.subarray(bestAt * d, (bestAt + 1) * d));
      const point = maximiseLogEi(gp, space, best, start, rng, preliminarySamples, localSearches);
      const proposal: JointProposal = new Map();
      space.forEach(([name, distribution], j) =>
        proposal.set(name, { distribution, value: fromUnit(distribution, point[j]) })
      );
      return proposal;
    },
    independent: (_study, _trial, _name, distribution: Distribution, rng) =>
      drawUniform(distribution, rng),
  };
}

function logEi(gp: GaussianProcess, point: Float64Array, best: number): number {
  const { mean, variance } = gp.posterior(point);
  return logEiOf(mean, variance, best);
}

function logEiOf(mean: number, variance: number, best: number): number {
  const sigma = Math.sqrt(variance + 1e-12);
  return standardLogEi((mean - best) / sigma) + Math.log(sigma);
}

/** The point of the unit cube (on grids and choices where there are some) with the largest log EI. */
function maximiseLogEi(
  gp: GaussianProcess,
  space: Space,
  best: number,
  warmStart: Float64Array,
  rng: Rng,
  samples: number,
  searches: number,
): Float64Array {
  const d = space.length;
  const grids = space.map(([, distribution]) => unitGrid(distribution));
  const snap = (point: Float64Array) => {
    for (let j = 0; j < d; j++) {
      if (grids[j]) point[j] = toUnit(space[j][1], fromUnit(space[j][1], point[j]));
    }
    return point;
  };
  const sequence = d <= maxSobolDimensions
    ? sobolSequence(d, rng)
    : () => rng.fillUniform(new Float64Array(d));
  const points: Float64Array[] = [];
  const values = new Float64Array(samples);
  let top = 0;
  for (let i = 0; i < samples; i++) points.push(snap(sequence(i)));
  gp.posteriors(points, (i, mean, variance) => {
    values[i] = logEiOf(mean, variance, best);
    if (values[i] > values[top]) top = i;
  });
  // Starts: the best point seen, the best sample, and others in proportion to their EI.
  const starts = [Float64Array.from(warmStart), points[top]];
  const chance = values.map((v, i) => i === top ? 0 : Math.exp(v - values[top]));
  while (starts.length < searches) {
    let total = 0;
    for (const c of chance) total += c;
    if (!(total > 0)) break;
    let u = rng.uniform() * total;
    let pick = -1;
    for (let i = 0; i < samples; i++) {
      if (chance[i] <= 0) continue;
      pick = i;
      if ((u -= chance[i]) < 0) break;
    }
    chance[pick] = 0;
    starts.push(points[pick]);
  }
  let winner = starts[0];
  let winnerValue = -Infinity;
  for (const start of starts) {
    const { point, value } = climb(gp, grids, best, start);
    if (value > winnerValue) [winner, winnerValue] = [point, value];
  }
  return winner;
}

/** Alternates gradient ascent over the continuous coordinates with line search over the others. */
function climb(
  gp: GaussianProcess,
  grids: (Float64Array | null)[],
  best: number,
  start: Float64Array,
): { point: Float64Array; value: number } {
  const d = start.length;
  const point = Float64Array.from(start);
  let value = logEi(gp, point, best);
  const continuous = [...grids.keys()].filter((j) => grids[j] === null);
  const discrete = [...grids.keys()].filter((j) => grids[j] !== null && grids[j]!.length > 1);
  const scale = continuous.map((j) => 1 / Math.sqrt(gp.hyper.inverseSquaredLengths[j]));
  const meanGradient = new Float64Array(d);
  const varianceGradient = new Float64Array(d);
  for (let round = 0; round < 20; round++) {
    const before = value;
    if (continuous.length > 0) {
      // Coordinates in units of their length scale are equally sensitive.
      const trial = Float64Array.from(point);
      const found = minimizeLbfgs(
        (z, gradient) => {
          continuous.forEach((j, i) => trial[j] = z[i] * scale[i]);
          const p = gp.posteriorGradient(trial, meanGradient, varianceGradient);
          const sigma = Math.sqrt(p.variance + 1e-12);
          const u = (p.mean - best) / sigma;
          const slope = standardLogEiSlope(u);
          continuous.forEach((j, i) => {
            const dSigma = 0.5 * varianceGradient[j] / sigma;
            const du = (meanGradient[j] - u * dSigma) / sigma;
            gradient[i] = -(slope * du + dSigma / sigma) * scale[i];
          });
          return -(standardLogEi(u) + Math.log(sigma));
        },
        Float64Array.from(continuous, (j, i) => point[j] / scale[i]),
        {
          gradientTolerance: 1e-2,
          maxIterations: 100,
          low: new Float64Array(continuous.length),
          high: Float64Array.from(scale, (s) => 1 / s),
        },
      );
      if (-found.value > value) {
        value = -found.value;
        continuous.forEach((j, i) => point[j] = Math.min(1, found.x[i] * scale[i]));
      }
    }
    for (const j of discrete) {
      const grid = grids[j]!;
      const current = point[j];
      let chosen = current;
      // Long grids are searched near the current point, in widening steps.
      const at = nearest(grid, current);
      for (const index of grid.length <= 16 ? grid.keys() : wideningSteps(at, grid.length)) {
        if (grid[index] === current) continue;
        point[j] = grid[index];
        const v = logEi(gp, point, best);
        if (v > value) [value, chosen] = [v, grid[index]];
      }
      point[j] = chosen;
    }
    if (discrete.length === 0 || !(value > before + 1e-8 * Math.abs(before))) break;
  }
  return { point, value };
}

function nearest(grid: Float64Array, x: number): number {
  let low = 0, high = grid.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (grid[middle] <= x) low = middle;
    else high = middle;
  }
  return Math.abs(grid[low] - x) <= Math.abs(grid[high] - x) ? low : high;
}

function wideningSteps(at: number, length: number): number[] {
  const found: number[] = [];
  for (let step = 1; step < length; step = Math.max(step + 1, Math.floor(step * 1.5))) {
    if (at - step >= 0) found.push(at - step);
    if (at + step < length) found.push(at + step);
  }
  return found;
}
