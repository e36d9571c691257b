/**
 * The last few observations as one.
 * @module
 */
import { boxSpace, spaceSize } from "./environment.ts";
import type { VectorEnvironment } from "./vector_environment.ts";
import { wrapVector } from "./wrap_vector.ts";

/**
 * Each observation becomes the last `frames` of its episode, oldest first; before there are so many,
 * the first stands in for the missing ones.
 *
 * @throws {RangeError} If frames is not an integer >= 1.
 */
export function frameStack(environments: VectorEnvironment, frames: number): VectorEnvironment {
  if (!Number.isInteger(frames) || frames < 1) {
    throw new RangeError(`Cannot stack frames: frames must be an integer >= 1, got ${frames}`);
  }
  const { count, observations: given, finalObservations: last, terminated, truncated } =
    environments;
  const { low, high } = environments.observationSpace;
  const size = spaceSize(environments.observationSpace), width = frames * size;
  const repeat = (bound: Float32Array) =>
    Float32Array.from({ length: width }, (_, i) => bound[i % size]);
  const observations = new Float32Array(count * width);
  const finalObservations = new Float32Array(count * width);
  const begin = (i: number) => {
    for (let f = 0; f < frames; f++) copy(given, i, observations, i * width + f * size);
  };
  const copy = (from: Float32Array, row: number, to: Float32Array, at: number) => {
    for (let k = 0; k < size; k++) to[at + k] = from[row * size + k];
  };
  return wrapVector(environments, {
    observationSpace: boxSpace([width], repeat(low), repeat(high)),
    observations,
    finalObservations,
  }, {
    reset() {
      for (let i = 0; i < count; i++) begin(i);
    },
    step() {
      for (let i = 0; i < count; i++) {
        const at = i * width;
        observations.copyWithin(at, at + size, at + width);
        if (!(terminated[i] | truncated[i])) {
          copy(given, i, observations, at + width - size);
          continue;
        }
        copy(last, i, observations, at + width - size);
        for (let k = 0; k < width; k++) finalObservations[at + k] = observations[at + k];
        begin(i);
      }
    },
    saveState: () => observations.slice(),
    restoreState: (state) => observations.set(state as Float32Array),
  });
}
