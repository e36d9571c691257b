import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";

/** For tests: numbers of a normal distribution. */
export const normal = (n: number, seed: number) => createRng(seed).fillNormal(new Float32Array(n));

/** For tests: throws where numbers are apart. Differences are measured against the largest element. */
export function close(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  rel: number,
  what: string,
): void {
  assert.equal(got.length, want.length, what);
  let scale = 1e-12;
  for (let i = 0; i < want.length; i++) scale = Math.max(scale, Math.abs(want[i]));
  for (let i = 0; i < want.length; i++) {
    const far = Math.abs(got[i] - want[i]) / scale;
    assert.ok(far <= rel, `${what}[${i}]: ${got[i]} and ${want[i]} differ by ${far}`);
  }
}
