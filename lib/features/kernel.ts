/**
 * A feature's computation over a range of rows, carrying its state from one range to the next.
 *
 * One and the same code serves history and live bars: a batch is `run(inputs, outputs, 0, n)`, a live
 * bar is `run(inputs, outputs, i, i + 1)`, so both give the same bits, and row t can only depend on
 * rows up to t.
 *
 * A kernel may read `inputs[k][i - j]` for j up to its declared lookback, once it has seen as many
 * rows; it keeps no row numbers between calls (live columns slide). A NaN input gives NaN and starts
 * the kernel afresh: after a hole it warms up again instead of carrying a value across.
 */
export interface Kernel {
  run(
    inputs: readonly Float64Array[],
    outputs: readonly Float64Array[],
    from: number,
    to: number,
  ): void;
}

/** A kernel that computes each row from that row alone. */
export function rowKernel(
  compute: (inputs: readonly Float64Array[], i: number) => number,
): Kernel {
  return {
    run(inputs, [out], from, to) {
      for (let i = from; i < to; i++) out[i] = compute(inputs, i);
    },
  };
}
