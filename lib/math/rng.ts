/**
 * Seeded random numbers: one generator for the whole house, so that a run is repeated by its seed.
 *
 * The generator is xoshiro128** (Blackman & Vigna 2018, https://prng.di.unimi.it), its four words of
 * state filled from the seed by splitmix32. Not for cryptography.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRng } from "./rng.ts";
 * assert.equal(createRng(7).uniform(), createRng(7).uniform());
 * ```
 * @module
 */

/** A seeded stream of random numbers. */
export interface Rng {
  /** Next double in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Next integer in [0, bound); `bound` is a positive integer up to 2^32. Unbiased (rejection). */
  integer(bound: number): number;
  /** Next standard normal deviate (Marsaglia polar method). */
  normal(): number;
  /** Fills `out` with standard normal deviates and returns it. */
  fillNormal<T extends Float32Array | Float64Array>(out: T): T;
  /** Fills `out` with uniforms in [0, 1) and returns it. */
  fillUniform<T extends Float32Array | Float64Array>(out: T): T;
  /** Shuffles `items` in place (Fisher-Yates) and returns it. */
  shuffle<T extends Int32Array | Uint32Array | Float64Array | unknown[]>(items: T): T;
  /** An independent stream named by `label`: the same parent seed and label give the same stream. */
  split(label: string | number): Rng;
  /** The state as plain numbers, to be stored in a checkpoint. */
  state(): RngState;
  /** Puts back a state that `state()` gave. */
  restore(state: RngState): void;
}

/** Serialisable state of an {@linkcode Rng}. */
export interface RngState {
  seed: number;
  words: [number, number, number, number];
  /** The second deviate of the polar pair, when one is waiting. */
  spare: number | null;
}

function splitmix32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x9e3779b9) >>> 0;
    let t = a ^ (a >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}

/** FNV-1a, 32 bits: turns a label into a number that moves the seed of a split stream. */
function hashLabel(label: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) {
    h ^= label.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return h >>> 0;
}

/**
 * A seeded generator.
 *
 * @throws {RangeError} If `seed` is not an integer in [0, 2^53).
 */
export function createRng(seed: number): Rng {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot create rng: seed must be an integer >= 0, got ${seed}`);
  }
  // Both halves of a 53-bit seed reach the state.
  const mix = splitmix32((seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b));
  let s0 = mix(), s1 = mix(), s2 = mix(), s3 = mix();
  let spare: number | null = null;

  function next(): number {
    const x = Math.imul(s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  }
  function uniform(): number {
    return ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
  }
  function integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(
        `Cannot draw integer: bound must be an integer in [1, 2^32], got ${bound}`,
      );
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let x = next();
    while (x >= limit) x = next();
    return x % bound;
  }
  function normal(): number {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const m = Math.sqrt(-2 * Math.log(s) / s);
        spare = v * m;
        return u * m;
      }
    }
  }
  return {
    uniform,
    integer,
    normal,
    fillNormal(out) {
      for (let i = 0; i < out.length; i++) out[i] = normal();
      return out;
    },
    fillUniform(out) {
      for (let i = 0; i < out.length; i++) out[i] = uniform();
      return out;
    },
    shuffle(items) {
      const a = items as { [index: number]: unknown; length: number };
      for (let i = a.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const t = a[i];
        a[i] = a[j];
        a[j] = t;
      }
      return items;
    },
    split(label) {
      const child = Math.imul(hashLabel(String(label)), 0x9e3779b1) >>> 0;
      return createRng((seed ^ child) >>> 0);
    },
    state: () => ({ seed, words: [s0 >>> 0, s1 >>> 0, s2 >>> 0, s3 >>> 0], spare }),
    restore(state) {
      [s0, s1, s2, s3] = state.words;
      seed = state.seed;
      spare = state.spare;
    },
  };
}
