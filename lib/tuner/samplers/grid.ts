/** Grid search: every combination of listed values once, in a shuffled order. @module */
import { createRng } from "../../math/mod.ts";
import { type ParamValue, toInternal } from "../distributions.ts";
import { isFinished } from "../trial_record.ts";
import type { Sampler, StudyView } from "./sampler.ts";

export interface GridOptions {
  /** The values to try, by parameter. */
  values: Record<string, readonly ParamValue[]>;
}

const key = "grid_point";

/** @throws {RangeError} If a parameter has no value or one twice. */
export function gridSampler(options: GridOptions): Sampler {
  const names = Object.keys(options.values).sort();
  if (names.length === 0) {
    throw new RangeError(
      "Cannot create grid sampler: values must name a parameter at least, got none",
    );
  }
  let size = 1;
  for (const name of names) {
    const values = options.values[name];
    if (!Array.isArray(values) || values.length === 0 || new Set(values).size !== values.length) {
      throw new RangeError(
        `Cannot create grid sampler: values of "${name}" must be different and at least one, got ${
          JSON.stringify(values)
        }`,
      );
    }
    size *= values.length;
  }
  let order: Int32Array | null = null;
  const pointOf = (study: StudyView, number: number) =>
    study.trials[number]?.systemAttrs[key] as number | undefined;

  function choose(study: StudyView, self: number): number {
    order ??= createRng(study.seed).split("grid").shuffle(
      Int32Array.from({ length: size }, (_, i) => i),
    );
    const taken = new Set<number>();
    for (const trial of study.trials) {
      if (!trial || trial.number === self || trial.state === "waiting") continue;
      const point = pointOf(study, trial.number);
      if (point !== undefined) taken.add(point);
    }
    // The trial's own place first, so that workers that do not see each other yet differ.
    const own = order[self % size];
    if (!taken.has(own)) return own;
    return order.find((point) => !taken.has(point)) ?? own;
  }

  return {
    kind: "grid",
    joint(study, trial) {
      trial.systemAttrs[key] ??= choose(study, trial.number);
      return null;
    },
    independent(_study, trial, name, distribution) {
      const values = options.values[name];
      if (!values) {
        throw new RangeError(`Cannot suggest "${name}": the grid must list its values, got none`);
      }
      let rest = trial.systemAttrs[key] as number;
      for (const other of names) {
        const count = options.values[other].length;
        if (other === name) {
          const value = values[rest % count];
          const internal = toInternal(distribution, value);
          if (Number.isNaN(internal)) {
            throw new RangeError(
              `Cannot suggest "${name}": the grid's value must lie in the asked range, got ${
                JSON.stringify(value)
              }`,
            );
          }
          return internal;
        }
        rest = Math.floor(rest / count);
      }
      return NaN;
    },
    isExhausted(study) {
      const done = new Set<number>();
      for (const trial of study.trials) {
        if (!trial || !isFinished(trial.state) && trial.state !== "running") continue;
        const point = trial.systemAttrs[key];
        if (typeof point === "number") done.add(point);
      }
      return done.size >= size;
    },
  };
}
