/**
 * Which parameters can be drawn together: those that all finished trials share (intersection), or
 * the largest groups that always appear together.
 * @module
 */
import { type Distribution, isSingle, sameDistribution } from "../distributions.ts";
import { stateCode } from "../observations.ts";
import type { StudyView } from "./sampler.ts";

/** Names in alphabetical order with their distributions. */
export type Space = [name: string, distribution: Distribution][];

const byName = (a: [string, unknown], b: [string, unknown]) =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;

/** Follows the intersection of the finished trials' spaces; each trial is looked at once. */
export class IntersectionSpace {
  #seen = 0;
  #space: Map<string, Distribution> | null = null;
  #sorted: Space | null = null;

  constructor(readonly includePruned: boolean) {}

  /** The parameters (at least two possible values) that every finished trial had, with equal ranges. */
  current(study: StudyView): Space {
    const { finished, states } = study.observations;
    for (; this.#seen < finished.length; this.#seen++) {
      const number = finished[this.#seen];
      const state = states[number];
      const counts = state === stateCode.complete ||
        this.includePruned && state === stateCode.pruned;
      if (!counts || study.includes && !study.includes(number)) continue;
      const { distributions } = study.trials[number]!;
      if (this.#space === null) {
        this.#space = new Map(Object.entries(distributions));
        this.#sorted = null;
        continue;
      }
      for (const [name, distribution] of this.#space) {
        const other = distributions[name];
        if (other !== distribution && !(other && sameDistribution(other, distribution))) {
          this.#space.delete(name);
          this.#sorted = null;
        }
      }
    }
    this.#sorted ??= [...this.#space ?? []].filter(([, d]) => !isSingle(d)).sort(byName);
    return this.#sorted;
  }
}

/** Follows the partition of all parameters into the largest groups that never appear in part. */
export class GroupedSpace {
  #seen = 0;
  #groups: Map<string, Distribution>[] = [];

  /** The groups, each sorted by name and without single-valued parameters. */
  current(study: StudyView): Space[] {
    const { finished, states } = study.observations;
    for (; this.#seen < finished.length; this.#seen++) {
      const number = finished[this.#seen];
      if (states[number] === stateCode.failed || study.includes && !study.includes(number)) {
        continue;
      }
      this.#add(study.trials[number]!.distributions);
    }
    return this.#groups
      .map((group) => [...group].filter(([, d]) => !isSingle(d)).sort(byName))
      .filter((group) => group.length > 0);
  }

  #add(distributions: Record<string, Distribution>): void {
    const rest = new Set(Object.keys(distributions));
    const next: Map<string, Distribution>[] = [];
    for (const group of this.#groups) {
      const inside = new Map<string, Distribution>();
      const outside = new Map<string, Distribution>();
      for (const [name, distribution] of group) {
        (rest.has(name) ? inside : outside).set(name, distribution);
      }
      for (const name of inside.keys()) rest.delete(name);
      if (inside.size > 0) next.push(inside);
      if (outside.size > 0) next.push(outside);
    }
    if (rest.size > 0) next.push(new Map([...rest].map((name) => [name, distributions[name]])));
    this.#groups = next;
  }
}
