/** What is read off the pairs of a window. */
export type PairStatistic = "correlation" | "beta";

/**
 * Correlation of the last `window` pairs, or the slope of x on y, by sliding updates of means, variances
 * and covariance; all are taken anew from the values once a window against rounding.
 *
 * NaN where a side that is divided by has no spread.
 */
export class RollingCovariance {
  readonly #refreshRows: number;
  #seen = 0;
  #age = 0;
  #meanX = 0;
  #meanY = 0;
  #xx = 0;
  #yy = 0;
  #xy = 0;
  #lastX = NaN;
  #lastY = NaN;
  /** Values in a row that were equal, the last one included. */
  #equalX = 0;
  #equalY = 0;

  constructor(readonly window: number, readonly statistic: PairStatistic) {
    this.#refreshRows = Math.max(window, 128);
  }

  reset(): void {
    this.#seen = this.#age = 0;
    this.#meanX = this.#meanY = 0;
    this.#xx = this.#yy = this.#xy = 0;
    this.#lastX = this.#lastY = NaN;
    this.#equalX = this.#equalY = 0;
  }

  /**
   * The statistic of the windows that end at the pairs (x[i], y[i - lag]), i in [from, to), into `out`
   * from place `at` on; NaN until `window` pairs have come. `x` and `y` must hold the values before
   * `from` that the window reaches.
   */
  run(
    x: Float64Array,
    y: Float64Array,
    from: number,
    to: number,
    out: Float64Array,
    at: number,
    lag = 0,
  ): void {
    const { window } = this;
    let i = from;
    for (; i < to && this.#seen < window; i++) {
      this.#grow(x[i], y[i - lag]);
      out[at++] = this.#seen === window ? this.#read() : NaN;
    }
    while (i < to) {
      if (this.#age >= this.#refreshRows) this.#refresh(x, y, i, lag);
      const end = Math.min(to, i + this.#refreshRows - this.#age);
      this.#slide(x, y, i, end, out, at, lag);
      this.#age += end - i;
      at += end - i;
      i = end;
    }
  }

  /** Takes a pair while the window fills. */
  #grow(x: number, y: number): void {
    this.#equalX = x === this.#lastX ? this.#equalX + 1 : 1;
    this.#equalY = y === this.#lastY ? this.#equalY + 1 : 1;
    this.#lastX = x;
    this.#lastY = y;
    const count = ++this.#seen;
    const dx = x - this.#meanX;
    const dy = y - this.#meanY;
    this.#meanX += dx / count;
    this.#meanY += dy / count;
    this.#xx += dx * (x - this.#meanX);
    this.#yy += dy * (y - this.#meanY);
    this.#xy += dx * (y - this.#meanY);
  }

  #read(): number {
    const flatX = this.#equalX >= this.window;
    const flatY = this.#equalY >= this.window;
    if (this.statistic === "beta") return flatY ? NaN : this.#xy / this.#yy;
    if (flatX || flatY) return NaN;
    const r = this.#xy / Math.sqrt(this.#xx * this.#yy);
    return r > 1 ? 1 : r < -1 ? -1 : r;
  }

  #slide(
    x: Float64Array,
    y: Float64Array,
    from: number,
    to: number,
    out: Float64Array,
    at: number,
    lag: number,
  ): void {
    const window = this.window;
    const share = 1 / window;
    const isBeta = this.statistic === "beta";
    let meanX = this.#meanX, meanY = this.#meanY;
    let xx = this.#xx, yy = this.#yy, xy = this.#xy;
    let equalX = this.#equalX, equalY = this.#equalY;
    let lastX = this.#lastX, lastY = this.#lastY;
    for (let i = from; i < to; i++) {
      const vx = x[i];
      const vy = y[i - lag];
      const oldX = x[i - window];
      const oldY = y[i - lag - window];
      const beforeX = meanX;
      const beforeY = meanY;
      meanX += (vx - oldX) * share;
      meanY += (vy - oldY) * share;
      xx += (vx - oldX) * (vx - meanX + oldX - beforeX);
      yy += (vy - oldY) * (vy - meanY + oldY - beforeY);
      xy += (vx - beforeX) * (vy - meanY) - (oldX - beforeX) * (oldY - meanY);
      if (vx === lastX) equalX++;
      else equalX = 1;
      if (vy === lastY) equalY++;
      else equalY = 1;
      lastX = vx;
      lastY = vy;
      let value = isBeta ? xy / yy : xy / Math.sqrt(xx * yy);
      if (equalY >= window || (equalX >= window && !isBeta)) value = NaN;
      else if (!isBeta) {
        if (value > 1) value = 1;
        else if (value < -1) value = -1;
      }
      out[at++] = value;
    }
    this.#meanX = meanX;
    this.#meanY = meanY;
    this.#xx = xx;
    this.#yy = yy;
    this.#xy = xy;
    this.#equalX = equalX;
    this.#equalY = equalY;
    this.#lastX = lastX;
    this.#lastY = lastY;
  }

  #refresh(x: Float64Array, y: Float64Array, end: number, lag: number): void {
    const n = this.window;
    let meanX = 0, meanY = 0;
    for (let k = end - n; k < end; k++) {
      meanX += x[k];
      meanY += y[k - lag];
    }
    meanX /= n;
    meanY /= n;
    let xx = 0, yy = 0, xy = 0;
    for (let k = end - n; k < end; k++) {
      const dx = x[k] - meanX;
      const dy = y[k - lag] - meanY;
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
    this.#meanX = meanX;
    this.#meanY = meanY;
    this.#xx = xx;
    this.#yy = yy;
    this.#xy = xy;
    this.#age = 0;
  }
}
