/**
 * The tree-structured Parzen estimator, with the defaults of Optuna 5: 10 random trials, 24
 * candidates, gamma min(ceil(n / 10), 25), prior weight 1, joint sampling for one objective, and
 * running trials counted as bad ones (constant liar).
 *
 * @see Bergstra et al. 2011; Watanabe 2023, arXiv:2304.11127
 * @module
 */
import type { Rng } from "../../math/mod.ts";
import { type Distribution, fromSearchSpace } from "../distributions.ts";
import type { Observations } from "../observations.ts";
import { drawUniform } from "./random.ts";
import {
  defaultParzenOptions,
  type KernelCache,
  ParzenEstimator,
  type ParzenOptions,
  sortOrder,
} from "./parzen.ts";
import type { JointProposal, Sampler, StudyView } from "./sampler.ts";
import { GroupedSpace, IntersectionSpace, type Space } from "./search_space.ts";
import { type Split, splitTrials } from "./tpe_split.ts";

export interface TpeOptions extends Partial<ParzenOptions> {
  /** Random trials before the first estimate. Default 10. */
  startupTrials?: number;
  /** Candidates drawn per proposal. Default 24. */
  candidates?: number;
  /** How many trials count as good, of `n` finished ones. */
  gamma?: (finished: number) => number;
  /** Draw all shared parameters together. Default: true for one objective. */
  multivariate?: boolean;
  /** Draw together within groups that always appear together: for conditional spaces. Default false. */
  group?: boolean;
  /** Count running trials as bad ones, so that parallel workers spread. Default true. */
  constantLiar?: boolean;
}

/** min(ceil(n / 10), 25) */
export function defaultGamma(finished: number): number {
  return Math.min(Math.ceil(0.1 * finished), 25);
}

/** Rows of one parameter in ascending order of value; finished trials are inserted as they come. */
class SortedRows {
  rows = new Int32Array(64);
  length = 0;
  #seen = 0;

  update(o: Observations, name: string): void {
    for (; this.#seen < o.finished.length; this.#seen++) {
      const row = o.finished[this.#seen];
      const column = o.params.get(name)!;
      const x = column[row];
      if (Number.isNaN(x)) continue;
      if (this.length === this.rows.length) {
        const next = new Int32Array(this.length * 2);
        next.set(this.rows);
        this.rows = next;
      }
      let low = 0;
      let high = this.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        const r = this.rows[middle];
        if (column[r] < x || column[r] === x && r < row) low = middle + 1;
        else high = middle;
      }
      this.rows.copyWithin(low + 1, low, this.length);
      this.rows[low] = row;
      this.length++;
    }
  }
}

/** An estimate together with what it was made of. */
class KnownEstimate {
  constructor(
    readonly space: Space,
    readonly data: readonly Float64Array[],
    readonly estimator: ParzenEstimator,
  ) {}

  /** Whether the same parameters have the same observations, in the same order. */
  isOf(space: Space, data: readonly Float64Array[]): boolean {
    for (let j = 0; j < space.length; j++) {
      const known = this.data[j];
      const column = data[j];
      if (space[j][1] !== this.space[j][1] || column.length !== known.length) return false;
      for (let i = 0; i < column.length; i++) if (column[i] !== known[i]) return false;
    }
    return true;
  }
}

/**
 * A TPE sampler.
 *
 * @throws {RangeError} If `group` is set and `multivariate` is false, or a count is out of range.
 */
export function tpeSampler(options: TpeOptions = {}): Sampler {
  const {
    startupTrials = 10,
    candidates = 24,
    group = false,
    constantLiar = true,
    multivariate,
  } = options;
  if (group && multivariate === false) {
    throw new RangeError(
      "Cannot create TPE sampler: multivariate must be true with group, got false",
    );
  }
  if (!Number.isInteger(candidates) || candidates < 1) {
    throw new RangeError(`Cannot create TPE sampler: candidates must be >= 1, got ${candidates}`);
  }
  if (!Number.isInteger(startupTrials) || startupTrials < 0) {
    throw new RangeError(
      `Cannot create TPE sampler: startupTrials must be >= 0, got ${startupTrials}`,
    );
  }
  const parzen: ParzenOptions = {
    priorWeight: options.priorWeight ?? defaultParzenOptions.priorWeight,
    magicClip: options.magicClip ?? defaultParzenOptions.magicClip,
    endpoints: options.endpoints ?? defaultParzenOptions.endpoints,
  };
  const gammaOf = (study: StudyView) =>
    options.gamma ??
      (study.directions.length === 1 ? defaultGamma : (n: number) => Math.ceil(0.1 * n));
  const isJoint = (study: StudyView) => multivariate ?? (group || study.directions.length === 1);

  const intersections = new Map<string, IntersectionSpace>();
  const groups = new Map<string, GroupedSpace>();
  const sorted = new Map<string, SortedRows>();
  const caches = new Map<string, KernelCache>();
  const lastBelow = new Map<string, KnownEstimate>();

  function usable(study: StudyView): number {
    if (!study.includes) return study.observations.usableCount;
    let count = 0;
    for (const row of study.observations.finished) {
      if (study.includes(row) && study.observations.states[row] !== 4) count++;
    }
    return count;
  }

  function estimator(study: StudyView, space: Space, rows: Int32Array, isBelow: boolean) {
    const o = study.observations;
    const columns = space.map(([name]) => o.params.get(name));
    // Only trials that hold every parameter of the space.
    const kept = new Int32Array(rows.length);
    let n = 0;
    for (let i = 0; i < rows.length; i++) {
      let holds = true;
      for (const column of columns) {
        if (!column || Number.isNaN(column[rows[i]])) {
          holds = false;
          break;
        }
      }
      if (holds) kept[n++] = rows[i];
    }
    const used = kept.subarray(0, n);
    const data = space.map(([, distribution], j) => {
      const column = columns[j];
      const out = new Float64Array(n);
      if (!column) return out;
      const isLog = distribution.kind !== "categorical" && distribution.log;
      if (isLog) { for (let i = 0; i < n; i++) out[i] = Math.log(column[used[i]]); }
      else for (let i = 0; i < n; i++) out[i] = column[used[i]];
      return out;
    });
    const multi = study.directions.length > 1;
    const weights = isBelow && multi ? new Float64Array(n).fill(1) : undefined;
    if (isBelow) {
      // Most trials do not come among the best: the estimate of those is that of the trial before.
      const key = space.map(([name]) => name).join("\n");
      const known = lastBelow.get(key);
      if (known && known.isOf(space, data)) return known.estimator;
      const estimator = new ParzenEstimator(space, data, parzen, { weights });
      lastBelow.set(key, new KnownEstimate(space, data, estimator));
      return estimator;
    }
    if (n < 48) return new ParzenEstimator(space, data, parzen, { weights });
    const kernelOf = new Int32Array(o.length).fill(-1);
    for (let i = 0; i < n; i++) kernelOf[used[i]] = i;
    const orders: (Int32Array | null)[] = [];
    const kernelCaches: (KernelCache | null)[] = [];
    space.forEach(([name, distribution], j) => {
      if (distribution.kind === "categorical") {
        orders.push(null);
        kernelCaches.push(null);
        return;
      }
      orders.push(orderOf(o, name, used, kernelOf, data[j]));
      kernelCaches.push(cacheOf(name, o.length));
    });
    return new ParzenEstimator(space, data, parzen, { orders, caches: kernelCaches, rows: used });
  }

  /** The ascending order of the used rows, from the maintained one; running rows are merged in. */
  function orderOf(
    o: Observations,
    name: string,
    used: Int32Array,
    kernelOf: Int32Array,
    data: Float64Array,
  ): Int32Array {
    let all = sorted.get(name);
    if (!all) sorted.set(name, all = new SortedRows());
    all.update(o, name);
    const order = new Int32Array(used.length);
    let at = 0;
    for (let i = 0; i < all.length; i++) {
      const k = kernelOf[all.rows[i]];
      if (k >= 0) order[at++] = k;
    }
    if (at === used.length) return order;
    for (const row of o.running) {
      const k = kernelOf[row];
      if (k < 0) continue;
      let low = 0;
      let high = at;
      while (low < high) {
        const middle = (low + high) >> 1;
        const other = order[middle];
        if (data[other] < data[k] || data[other] === data[k] && other < k) low = middle + 1;
        else high = middle;
      }
      order.copyWithin(low + 1, low, at);
      order[low] = k;
      at++;
    }
    return at === used.length ? order : sortOrder(data);
  }

  function cacheOf(name: string, rows: number): KernelCache {
    let cache = caches.get(name);
    if (!cache || cache.sigma.length < rows) {
      const size = Math.max(256, 2 * rows);
      const next: KernelCache = {
        low: cache?.low ?? NaN,
        high: cache?.high ?? NaN,
        sigma: new Float64Array(size).fill(NaN),
        constant: new Float64Array(size),
      };
      if (cache) {
        next.sigma.set(cache.sigma);
        next.constant.set(cache.constant);
      }
      caches.set(name, cache = next);
    }
    return cache;
  }

  function propose(study: StudyView, space: Space, split: Split, rng: Rng): number[] {
    const below = estimator(study, space, split.below, true);
    const above = estimator(study, space, split.above, false);
    const points = below.sample(candidates, rng);
    const good = below.logDensity(points);
    const bad = above.logDensity(points);
    let best = 0;
    let bestScore = -Infinity;
    for (let c = 0; c < candidates; c++) {
      const score = good[c] - bad[c];
      if (score > bestScore) {
        bestScore = score;
        best = c;
      }
    }
    return space.map(([, d], j) =>
      d.kind === "categorical" ? points[j][best] : fromSearchSpace(d, points[j][best])
    );
  }

  return {
    kind: "tpe",
    joint(study, trial, rng) {
      if (!isJoint(study)) return null;
      const key = study.viewKey ?? "";
      let spaces: Space[];
      if (group) {
        let grouped = groups.get(key);
        if (!grouped) groups.set(key, grouped = new GroupedSpace());
        spaces = grouped.current(study);
      } else {
        let intersection = intersections.get(key);
        if (!intersection) intersections.set(key, intersection = new IntersectionSpace(true));
        const space = intersection.current(study);
        spaces = space.length > 0 ? [space] : [];
      }
      if (spaces.length === 0 || usable(study) < startupTrials) return null;
      const split = splitTrials(study, trial.number, gammaOf(study), constantLiar);
      const proposal: JointProposal = new Map();
      for (const space of spaces) {
        const values = propose(study, space, split, rng);
        space.forEach(([name, distribution], j) =>
          proposal.set(name, { distribution, value: values[j] })
        );
      }
      return proposal;
    },
    independent(study, trial, name, distribution: Distribution, rng) {
      if (usable(study) < startupTrials) return drawUniform(distribution, rng);
      const split = splitTrials(study, trial.number, gammaOf(study), constantLiar);
      return propose(study, [[name, distribution]], split, rng)[0];
    },
  };
}
