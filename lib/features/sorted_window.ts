/** The last `window` values in ascending order: quantiles and ranks. O(window) moves per value. */
export class SortedWindow {
  /** Ascending; the first `count` entries are in use. */
  readonly sorted: Float64Array;
  count = 0;
  #ring: Float64Array;
  #at = 0;

  constructor(readonly window: number) {
    this.sorted = new Float64Array(window);
    this.#ring = new Float64Array(window);
  }

  get filled(): boolean {
    return this.count === this.window;
  }

  reset(): void {
    this.count = 0;
    this.#at = 0;
  }

  push(value: number): void {
    const sorted = this.sorted;
    if (this.count === this.window) {
      const gone = this.lowerBound(this.#ring[this.#at]);
      sorted.copyWithin(gone, gone + 1, this.count--);
    }
    const place = this.lowerBound(value);
    sorted.copyWithin(place + 1, place, this.count++);
    sorted[place] = value;
    this.#ring[this.#at] = value;
    this.#at = this.#at + 1 === this.window ? 0 : this.#at + 1;
  }

  /** Number of values below `value`. */
  lowerBound(value: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The `p` quantile, linear between the two values next to it. */
  quantile(p: number): number {
    const at = p * (this.count - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, this.count - 1);
    return this.sorted[low] + (at - low) * (this.sorted[high] - this.sorted[low]);
  }
}
