/** Means, variances and covariance of the last `window` pairs, by sliding updates. */
export class RollingCovariance {
  filled = false;
  #x: Float64Array;
  #y: Float64Array;
  #at = 0;
  #count = 0;
  #age = 0;
  #meanX = 0;
  #meanY = 0;
  #xx = 0;
  #yy = 0;
  #xy = 0;
  #lastX = NaN;
  #lastY = NaN;
  #equalX = 0;
  #equalY = 0;

  constructor(readonly window: number) {
    this.#x = new Float64Array(window);
    this.#y = new Float64Array(window);
  }

  reset(): void {
    this.filled = false;
    this.#at = this.#count = this.#age = 0;
    this.#meanX =
      this.#meanY =
      this.#xx =
      this.#yy =
      this.#xy =
        0;
    this.#lastX = this.#lastY = NaN;
    this.#equalX = this.#equalY = 0;
  }

  push(x: number, y: number): void {
    const at = this.#at;
    const n = this.window;
    this.#equalX = x === this.#lastX ? this.#equalX + 1 : 1;
    this.#equalY = y === this.#lastY ? this.#equalY + 1 : 1;
    this.#lastX = x;
    this.#lastY = y;
    if (this.#count < n) {
      const count = ++this.#count;
      const dx = x - this.#meanX;
      const dy = y - this.#meanY;
      this.#meanX += dx / count;
      this.#meanY += dy / count;
      this.#xx += dx * (x - this.#meanX);
      this.#yy += dy * (y - this.#meanY);
      this.#xy += dx * (y - this.#meanY);
      this.filled = count === n;
    } else {
      const oldX = this.#x[at];
      const oldY = this.#y[at];
      const beforeX = this.#meanX;
      const beforeY = this.#meanY;
      this.#meanX += (x - oldX) / n;
      this.#meanY += (y - oldY) / n;
      this.#xx += (x - oldX) * (x - this.#meanX + oldX - beforeX);
      this.#yy += (y - oldY) * (y - this.#meanY + oldY - beforeY);
      this.#xy += (x - beforeX) * (y - this.#meanY) - (oldX - beforeX) * (oldY - this.#meanY);
    }
    this.#x[at] = x;
    this.#y[at] = y;
    this.#at = at + 1 === n ? 0 : at + 1;
    if (++this.#age >= n && this.filled) this.#refresh();
  }

  #refresh(): void {
    const n = this.window;
    let mx = 0, my = 0;
    for (let k = 0; k < n; k++) {
      mx += this.#x[k];
      my += this.#y[k];
    }
    mx /= n;
    my /= n;
    let xx = 0, yy = 0, xy = 0;
    for (let k = 0; k < n; k++) {
      const dx = this.#x[k] - mx;
      const dy = this.#y[k] - my;
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
    this.#meanX = mx;
    this.#meanY = my;
    this.#xx = xx;
    this.#yy = yy;
    this.#xy = xy;
    this.#age = 0;
  }

  /** Pearson correlation; NaN when either side has no spread. */
  get correlation(): number {
    if (this.#equalX >= this.window || this.#equalY >= this.window) return NaN;
    const r = this.#xy / Math.sqrt(this.#xx * this.#yy);
    return r > 1 ? 1 : r < -1 ? -1 : r;
  }

  /** Slope of x on y: covariance over the variance of y; NaN when y has no spread. */
  get beta(): number {
    return this.#equalY >= this.window ? NaN : this.#xy / this.#yy;
  }
}
