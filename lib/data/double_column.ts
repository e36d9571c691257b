/** A Float64Array that grows by doubling, for readers that do not know the number of rows. */
export class DoubleColumn {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  /** Makes room for `count` more values, which the caller writes from `at` on. */
  reserve(count: number): { values: Float64Array; at: number } {
    const at = this.#length;
    if (at + count > this.#values.length) this.#grow(at + count);
    this.#length += count;
    return { values: this.#values, at };
  }

  /** The value pushed last. */
  last(): number {
    return this.#values[this.#length - 1];
  }

  setLast(value: number): void {
    this.#values[this.#length - 1] = value;
  }

  scaleLast(factor: number): void {
    this.#values[this.#length - 1] *= factor;
  }

  /** The values so far, cut to length. */
  take(): Float64Array {
    return this.#values.slice(0, this.#length);
  }

  #grow(needed: number): void {
    const grown = new Float64Array(Math.max(needed, this.#values.length * 2));
    grown.set(this.#values);
    this.#values = grown;
  }
}
