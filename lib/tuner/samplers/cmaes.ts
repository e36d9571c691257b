/** CMA-ES as a sampler: generations across trials and workers, with restarts. @module */
import { createRng } from "../../math/mod.ts";
import type { ParamValue } from "../distributions.ts";
import { toInternal } from "../distributions.ts";
import type { FrozenTrial } from "../trial_record.ts";
import { Cma } from "./cma.ts";
import { drawUniform } from "./random.ts";
import type { JointProposal, Sampler, StudyView } from "./sampler.ts";
import { IntersectionSpace, type Space } from "./search_space.ts";
import { fromUnit, fromUnitClosed, toUnit, toUnitClosed } from "./unit_space.ts";

export interface CmaesOptions {
  /** Finished trials before the first generation. Default 1. */
  startupTrials?: number;
  /** Where the search begins; default the middle. */
  x0?: Record<string, ParamValue>;
  /** First step size in the unit cube; default 1/6. */
  sigma0?: number;
  /** Trials of a generation; default 4 + floor(3 ln n). */
  populationSize?: number;
  /** Keep integers and steps from freezing. Default true. */
  margin?: boolean;
  /** What follows a converged run: none (default), a doubled population (ipop), or both regimes (bipop). */
  restart?: "none" | "ipop" | "bipop";
}

const key = "cma";

interface Note {
  generation: number;
  /** Trials from which this generation's distribution was learnt. */
  told: number[];
  raw: number[];
}

/** Plan of one run between restarts. */
interface Run {
  cma: Cma;
  restarts: number;
  /** Trials spent in the regimes of BIPOP. */
  spentLarge: number;
  spentSmall: number;
  isLarge: boolean;
}

/**
 * Categories are drawn at random (CMA-ES knows numbers only). A generation's state is a function of
 * the seed and of the trials it was learnt from, which each trial notes: any worker can rebuild it.
 */
export function cmaesSampler(options: CmaesOptions = {}): Sampler {
  const { startupTrials = 1, sigma0 = 1 / 6, margin = true, restart = "none" } = options;
  if (!(sigma0 > 0)) {
    throw new RangeError(`Cannot create CMA-ES sampler: sigma0 must be > 0, got ${sigma0}`);
  }
  if (options.populationSize !== undefined && !(options.populationSize >= 4)) {
    throw new RangeError(
      `Cannot create CMA-ES sampler: populationSize must be >= 4, got ${options.populationSize}`,
    );
  }
  const spaces = new IntersectionSpace(false);
  let run: Run | null = null;
  let generation = 0;
  let spaceKey = "";
  let toldNow: number[] = [];
  /** Complete trials by generation, and the least trial that noted what a generation learnt from. */
  let members = new Map<number, number[]>();
  let learnt = new Map<number, { by: number; told: number[] }>();
  let seen = 0;

  const isGrid = (d: Space[number][1]) =>
    margin && d.kind !== "categorical" && d.step !== null && !d.log;
  const fromX = (d: Space[number][1], x: number) =>
    isGrid(d) ? fromUnitClosed(d, x) : fromUnit(d, x);
  const toX = (d: Space[number][1], v: number) => isGrid(d) ? toUnitClosed(d, v) : toUnit(d, v);

  function begin(study: StudyView, space: Space, restarts: number, populationSize?: number): Cma {
    const rng = createRng(study.seed).split(`cma restart ${restarts}`);
    const mean = Float64Array.from(space, ([name, d]) => {
      if (restarts > 0) return rng.uniform();
      const given = options.x0?.[name];
      return given === undefined ? 0.5 : toX(d, toInternal(d, given));
    });
    const steps = Float64Array.from(
      space,
      ([, d]) => isGrid(d) && d.kind !== "categorical" ? d.step! / (d.high - d.low) : 0,
    );
    return new Cma({ mean, sigma: sigma0, populationSize, steps });
  }

  function advance(study: StudyView, space: Space, told: number[]): void {
    const r = run!;
    const sign = study.directions[0] === "maximize" ? -1 : 1;
    const points = told.map((n) => {
      const { params, distributions, systemAttrs } = study.trials[n]!;
      const raw = Float64Array.from((systemAttrs[key] as unknown as Note).raw);
      // Where the trial was told to take other values (enqueued ones), those are learnt from.
      const x = r.cma.encode(raw);
      space.forEach(([name, d], j) => {
        const internal = toInternal(distributions[name] ?? d, params[name]);
        if (!Number.isNaN(internal) && internal !== fromX(d, x[j])) raw[j] = toX(d, internal);
      });
      return raw;
    });
    r.cma.tell(points, told.map((n) => sign * study.trials[n]!.value!));
    if (r.isLarge) r.spentLarge += told.length;
    else r.spentSmall += told.length;
    if (restart === "none" || !r.cma.shouldStop()) return;
    r.restarts++;
    const first = options.populationSize ?? 4 + Math.floor(3 * Math.log(space.length));
    const large = first * 2 ** r.restarts;
    r.isLarge = restart === "ipop" || r.spentLarge <= r.spentSmall;
    const rng = createRng(study.seed).split(`cma population ${r.restarts}`);
    const size = r.isLarge
      ? large
      : Math.max(4, Math.floor(first * (0.5 * large / first) ** (rng.uniform() ** 2)));
    r.cma = begin(study, space, r.restarts, size);
  }

  function readNew(study: StudyView): void {
    const { finished } = study.observations;
    for (; seen < finished.length; seen++) {
      const trial = study.trials[finished[seen]]!;
      note(trial);
    }
  }
  function note(trial: FrozenTrial): void {
    const n = trial.systemAttrs[key] as unknown as Note | undefined;
    if (!n) return;
    const known = learnt.get(n.generation);
    if (!known || trial.number < known.by) {
      learnt.set(n.generation, { by: trial.number, told: n.told });
    }
    if (trial.state !== "complete") return;
    const list = members.get(n.generation);
    if (list) list.push(trial.number);
    else members.set(n.generation, [trial.number]);
  }

  return {
    kind: "cmaes",
    joint(study, trial, rng) {
      if (study.directions.length > 1) {
        throw new TypeError("Cannot sample: CMA-ES takes one objective");
      }
      // A resumed trial keeps its values, and with them its place in a generation.
      if (key in trial.systemAttrs) return null;
      if (study.observations.completeCount < startupTrials) return null;
      const space = spaces.current(study).filter(([, d]) => d.kind !== "categorical");
      if (space.length === 0) return null;
      const names = space.map(([name]) => name).join("\0");
      if (run === null || names !== spaceKey) {
        spaceKey = names;
        run = {
          cma: begin(study, space, 0, options.populationSize),
          restarts: 0,
          spentLarge: 0,
          spentSmall: 0,
          isLarge: true,
        };
        generation = 0;
        toldNow = [];
        members = new Map();
        learnt = new Map();
        seen = 0;
      }
      readNew(study);
      for (;;) {
        // What other workers have learnt from already; else the first finished of this generation.
        const next = learnt.get(generation + 1)?.told ??
          (members.get(generation) ?? []).slice(0, run.cma.populationSize);
        if (next.length < run.cma.populationSize) break;
        if (next.some((n) => study.trials[n]?.state !== "complete")) break;
        advance(study, space, next);
        generation++;
        toldNow = next;
      }
      const { x, raw } = run.cma.ask(rng);
      const own: Note = { generation, told: toldNow, raw: [...raw] };
      trial.systemAttrs[key] = own as unknown as FrozenTrial["systemAttrs"][string];
      const proposal: JointProposal = new Map();
      space.forEach(([name, distribution], j) =>
        proposal.set(name, { distribution, value: fromX(distribution, x[j]) })
      );
      return proposal;
    },
    independent: (_study, _trial, _name, distribution, rng) => drawUniform(distribution, rng),
  };
}
