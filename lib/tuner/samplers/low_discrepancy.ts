/**
 * Sequences that fill the unit cube more evenly than random points: Sobol and Halton.
 * @module
 */
import type { Rng } from "../../math/mod.ts";
import { sobolDirections } from "./sobol_directions.ts";

const bits = 30;

/** Gives the `index`-th point of a sequence in [0, 1)^dimensions. */
export type PointSequence = (index: number) => Float64Array;

/** Highest dimension of {@linkcode sobolSequence}. */
export const maxSobolDimensions = sobolDirections.length + 1;

function directionNumbers(dimensions: number): Uint32Array[] {
  const columns: Uint32Array[] = [];
  for (let d = 0; d < dimensions; d++) {
    const v = new Uint32Array(bits);
    if (d === 0) { for (let i = 0; i < bits; i++) v[i] = 1 << (bits - 1 - i); }
    else {
      const [polynomial, ...initial] = sobolDirections[d - 1];
      const degree = initial.length;
      const m = new Array<number>(bits);
      for (let i = 0; i < bits; i++) {
        if (i < degree) m[i] = initial[i];
        else {
          let value = m[i - degree];
          for (let k = 1; k <= degree; k++) {
            if ((polynomial >> (degree - k)) & 1) value ^= m[i - k] << k;
          }
          m[i] = value >>> 0;
        }
        v[i] = (m[i] << (bits - 1 - i)) >>> 0;
      }
    }
    columns.push(v);
  }
  return columns;
}

/**
 * The Sobol sequence (Joe-Kuo directions, Gray-code order). With `rng`: a random linear scramble
 * (lower triangular matrices, Matousek) and a digital shift.
 *
 * @throws {RangeError} If there are more dimensions than directions.
 */
export function sobolSequence(dimensions: number, rng?: Rng): PointSequence {
  if (!(dimensions >= 1 && dimensions <= maxSobolDimensions)) {
    throw new RangeError(
      `Cannot create Sobol sequence: dimensions must be in [1, ${maxSobolDimensions}], got ${dimensions}`,
    );
  }
  const columns = directionNumbers(dimensions);
  const shift = new Uint32Array(dimensions);
  if (rng) {
    for (let d = 0; d < dimensions; d++) {
      shift[d] = rng.integer(2 ** bits);
      // Row p of the matrix gives output bit p (from the top): ones on the diagonal, random below.
      const rows = Array.from({ length: bits }, (_, p) => {
        const free = p === 0 ? 0 : rng.integer(2 ** p) << (bits - p);
        return (free | (1 << (bits - 1 - p))) >>> 0;
      });
      const v = columns[d];
      for (let i = 0; i < bits; i++) {
        let scrambled = 0;
        for (let p = 0; p < bits; p++) {
          let x = rows[p] & v[i];
          x ^= x >>> 16;
          x ^= x >>> 8;
          x ^= x >>> 4;
          x ^= x >>> 2;
          x ^= x >>> 1;
          scrambled |= (x & 1) << (bits - 1 - p);
        }
        v[i] = scrambled >>> 0;
      }
    }
  }
  return (index) => {
    const gray = index ^ (index >>> 1);
    const point = new Float64Array(dimensions);
    for (let d = 0; d < dimensions; d++) {
      let x = shift[d];
      const v = columns[d];
      for (let i = 0, g = gray; g !== 0; i++, g >>>= 1) if (g & 1) x ^= v[i];
      point[d] = (x >>> 0) / 2 ** bits;
    }
    return point;
  };
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return primes;
}

/**
 * The Halton sequence: radical inverses in the first primes. With `rng`: every digit of every
 * dimension is permuted at random (Owen 2017).
 */
export function haltonSequence(dimensions: number, rng?: Rng): PointSequence {
  const primes = firstPrimes(dimensions);
  const permutations = primes.map((base) => {
    if (!rng) return null;
    const digits = Math.ceil(54 / Math.log2(base)) - 1;
    return Array.from(
      { length: digits },
      () => rng.shuffle(Int32Array.from({ length: base }, (_, i) => i)),
    );
  });
  return (index) => {
    const point = new Float64Array(dimensions);
    for (let d = 0; d < dimensions; d++) {
      const base = primes[d];
      const table = permutations[d];
      let x = 0;
      let scale = 1 / base;
      if (table) {
        for (let k = 0, n = index; k < table.length; k++, n = Math.floor(n / base)) {
          x += table[k][n % base] * scale;
          scale /= base;
        }
      } else {
        for (let n = index; n > 0; n = Math.floor(n / base)) {
          x += (n % base) * scale;
          scale /= base;
        }
      }
      point[d] = Math.min(x, 1 - 2 ** -53);
    }
    return point;
  };
}
