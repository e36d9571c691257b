/**
 * A feature's computation over a range of rows, carrying its state from one range to the next.
 *
 * One and the same code serves history and live bars: a batch is `run(inputs, outputs, 0, n)`, a live
 * bar is `run(inputs, outputs, i, i + 1)`, so both give the same bits, and row t can only depend on
 * rows up to t.
 *
 * A kernel may read `inputs[k][i - j]` for j up to its declared lookback, once it has seen as many
 * rows; it keeps no row numbers between calls (live columns slide).
 */
export interface Kernel {
  /**
   * Forgets all rows before. A kernel that has this is run on rows without a hole only: rows of which
   * an input is NaN give NaN, and the kernel warms up again after them instead of carrying a value
   * across. A kernel without it sees every row and answers for holes itself.
   */
  reset?(): void;
  run(
    inputs: readonly Float64Array[],
    outputs: readonly Float64Array[],
    from: number,
    to: number,
  ): void;
}

/**
 * A kernel that needs the row before: the first row has no value, `kernel` runs from the second on. What
 * a step that uses it declares as its lookback is at least 1.
 */
export function fromSecondRow(kernel: Kernel & { reset(): void }): Kernel & { reset(): void } {
  let isFirst = true;
  return {
    reset() {
      isFirst = true;
      kernel.reset();
    },
    run(inputs, outputs, from, to) {
      if (isFirst) {
        isFirst = false;
        for (const out of outputs) out[from] = NaN;
        from++;
      }
      if (from < to) kernel.run(inputs, outputs, from, to);
    },
  };
}

/** Finds holes in columns; a block without one is looked through once, however many kernels ask. */
export class HoleFinder {
  /** Per column: the first NaN of the block at hand; -1 where nobody has asked yet. */
  readonly #first: Float64Array;

  constructor(columns: number) {
    this.#first = new Float64Array(columns).fill(-1);
  }

  /** Forgets what was found: a new block of rows begins. */
  clear(): void {
    this.#first.fill(-1);
  }

  /**
   * Row of the first NaN of column number `k` in [from, to), or `to`. The first to ask in a block must
   * ask from its start.
   */
  next(k: number, column: Float64Array, from: number, to: number): number {
    const first = this.#first;
    if (first[k] < 0) first[k] = firstHole(column, from, to);
    return first[k] >= from ? first[k] : firstHole(column, from, to);
  }
}

/** Row of the first NaN in [from, to), or `to`. */
function firstHole(x: Float64Array, from: number, to: number): number {
  // Numbers times 0 add up to 0, or to NaN where a NaN (or an infinity) is among them. Four sums, as
  // each addition has to wait for the one before.
  let a = 0, b = 0, c = 0, d = 0;
  let i = from;
  for (; i + 3 < to; i += 4) {
    a += x[i] * 0;
    b += x[i + 1] * 0;
    c += x[i + 2] * 0;
    d += x[i + 3] * 0;
  }
  if (a + b + c + d === 0) from = i;
  while (from < to && x[from] === x[from]) from++;
  return from;
}

/**
 * Runs a kernel over [from, to), rows with a hole left out as `Kernel.reset()` says. `numbers` are
 * those of the input columns, for `holes`.
 */
export function runOverHoles(
  kernel: Kernel,
  inputs: readonly Float64Array[],
  outputs: readonly Float64Array[],
  numbers: readonly number[],
  holes: HoleFinder,
  from: number,
  to: number,
): void {
  if (!kernel.reset) return kernel.run(inputs, outputs, from, to);
  for (let at = from; at < to;) {
    let hole = to;
    for (let k = 0; k < inputs.length; k++) {
      const row = holes.next(numbers[k], inputs[k], at, to);
      if (row < hole) hole = row;
    }
    if (hole > at) kernel.run(inputs, outputs, at, hole);
    if (hole < to) {
      kernel.reset();
      for (const out of outputs) out[hole] = NaN;
    }
    at = hole + 1;
  }
}
