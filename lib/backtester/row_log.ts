const rowsPerBlock = 1024;

/**
 * Rows of a few numbers each, appended one by one: blocks of typed arrays, so that a long run neither
 * keeps objects for the garbage collector nor copies what it has already written.
 *
 * {@linkcode append} and {@linkcode seek} point `whole` and `real` at the block of a row; its numbers
 * begin at `w` and `r`.
 */
export class RowLog {
  length = 0;
  whole: Int32Array;
  real: Float64Array;
  w = 0;
  r = 0;
  readonly #wholes: number;
  readonly #reals: number;
  readonly #blocks: { whole: Int32Array; real: Float64Array }[] = [];

  /** Numbers per row: 32-bit integers and doubles. */
  constructor(wholes: number, reals: number) {
    this.#wholes = wholes;
    this.#reals = reals;
    this.whole = new Int32Array(0);
    this.real = new Float64Array(0);
  }

  append(): void {
    const i = this.length++;
    if (i % rowsPerBlock === 0) {
      this.#blocks.push({
        whole: new Int32Array(rowsPerBlock * this.#wholes),
        real: new Float64Array(rowsPerBlock * this.#reals),
      });
    }
    this.seek(i);
  }

  seek(i: number): void {
    const block = this.#blocks[Math.floor(i / rowsPerBlock)];
    const row = i % rowsPerBlock;
    this.whole = block.whole;
    this.real = block.real;
    this.w = row * this.#wholes;
    this.r = row * this.#reals;
  }
}
