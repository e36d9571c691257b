/**
 * Orthogonal initial weights.
 * @module
 */
import type { Rng } from "../math/mod.ts";

/**
 * A [rows, columns] kernel, row-major, with orthonormal columns (rows, if there are fewer of them)
 * times `gain`: Gram-Schmidt on normal deviates.
 *
 * @see Saxe et al. 2014, arXiv:1312.6120
 */
export function orthogonalKernel(
  rows: number,
  columns: number,
  gain: number,
  rng: Rng,
): Float32Array {
  const length = Math.max(rows, columns), count = Math.min(rows, columns);
  const out = new Float32Array(rows * columns);
  const vectors: Float64Array[] = [];
  for (let j = 0; j < count; j++) {
    const v = rng.fillNormal(new Float64Array(length));
    // Twice, since one pass leaves a rest when vectors are nearly parallel.
    for (let pass = 0; pass < 2; pass++) {
      for (const u of vectors) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += u[i] * v[i];
        for (let i = 0; i < length; i++) v[i] -= dot * u[i];
      }
    }
    let square = 0;
    for (let i = 0; i < length; i++) square += v[i] * v[i];
    const scale = 1 / Math.sqrt(square);
    for (let i = 0; i < length; i++) {
      v[i] *= scale;
      out[rows >= columns ? i * columns + j : j * columns + i] = gain * v[i];
    }
    vectors.push(v);
  }
  return out;
}
