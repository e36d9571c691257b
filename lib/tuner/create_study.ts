/**
 * From options to a study: what is checked before anything is stored.
 * @module
 */
import { makePruner, makeSampler, type PrunerChoice, type SamplerChoice } from "./config.ts";
import { memoryStore, type StudySpec, type StudyStore } from "./stores/store.ts";
import { Study } from "./study.ts";
import type { Direction, JsonValue } from "./trial_record.ts";

export interface StudyOptions {
  /** Unique in the store. A random one when absent. */
  name?: string;
  /** Default "minimize". Give `directions` for several objectives. */
  direction?: Direction;
  directions?: Direction[];
  /** Default "tpe". */
  sampler?: SamplerChoice;
  /** Default "median"; "none" for several objectives. */
  pruner?: PrunerChoice;
  /** Integer >= 0; a random one when absent. */
  seed?: number;
  /** Default: memory of this process. */
  store?: StudyStore;
  /** What to do when the store has a study of this name. Default "error". */
  ifExists?: "error" | "load";
  userAttrs?: Record<string, JsonValue>;
}

const directionNames = ["minimize", "maximize"];

/**
 * Creates a study, or loads it with `ifExists: "load"`.
 *
 * @throws {RangeError} If a direction, the seed, the sampler's or the pruner's configuration is wrong.
 * @throws {StudyStoreError} If the name is taken (for a remote store: when the study is first used).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createStudy } from "./mod.ts";
 * const study = createStudy({ direction: "minimize", sampler: "tpe", seed: 7 });
 * await study.optimize((trial) => trial.suggestFloat("x", -10, 10) ** 2, { trials: 60 });
 * assert.ok(study.best.value < 1);
 * ```
 */
export function createStudy(options: StudyOptions = {}): Study {
  const directions = options.directions ?? [options.direction ?? "minimize"];
  if (options.directions && options.direction) {
    throw new RangeError("Cannot create study: give direction or directions, got both");
  }
  if (directions.length === 0) {
    throw new RangeError(
      "Cannot create study: directions must name one objective at least, got none",
    );
  }
  for (const direction of directions) {
    if (!directionNames.includes(direction)) {
      throw new RangeError(
        `Cannot create study: direction must be "minimize" or "maximize", got ${
          JSON.stringify(direction)
        }`,
      );
    }
  }
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot create study: seed must be an integer >= 0, got ${options.seed}`);
  }
  const name = options.name ?? `study-${crypto.randomUUID().slice(0, 8)}`;
  if (typeof name !== "string" || name.trim() === "") {
    throw new RangeError(
      `Cannot create study: name must be a non-empty text, got ${JSON.stringify(name)}`,
    );
  }
  const { sampler, config: samplerConfig } = makeSampler(options.sampler ?? "tpe");
  const { pruner, config: prunerConfig } = makePruner(
    options.pruner ?? (directions.length > 1 ? "none" : "median"),
  );
  const spec: StudySpec = {
    name,
    directions,
    sampler: samplerConfig,
    pruner: prunerConfig,
    seed,
    userAttrs: options.userAttrs ?? {},
  };
  return new Study(
    spec,
    sampler,
    pruner,
    options.store ?? memoryStore(),
    options.ifExists ?? "error",
  );
}
