/** Orthogonal wavelets by their scaling (reconstruction low-pass) filter, sum sqrt 2. */
export const scalingFilters = {
  haar: [Math.SQRT1_2, Math.SQRT1_2],
  // Daubechies 1992, table 6.1, at PyWavelets' digits.
  db2: [
    0.48296291314453414,
    0.83651630373780794,
    0.22414386804201339,
    -0.12940952255126037,
  ],
  db3: [
    0.33267055295008263,
    0.80689150931109255,
    0.45987750211849154,
    -0.13501102001025458,
    -0.085441273882026658,
    0.035226291885709533,
  ],
  db4: [
    0.23037781330889653,
    0.71484657055291565,
    0.63088076792985892,
    -0.027983769416859854,
    -0.18703481171909309,
    0.030841381835560764,
    0.032883011666885200,
    -0.010597401785069032,
  ],
} as const;

export type WaveletName = keyof typeof scalingFilters;

/**
 * Discrete wavelet transform with periodic borders (PyWavelets' mode `periodization`).
 *
 * Works in place on `values`, whose length must be divisible by 2^levels: afterwards the first
 * n / 2^levels entries are the approximation, then the details from the coarsest to the finest.
 */
export class PeriodicWavelet {
  #low: Float64Array;
  #high: Float64Array;
  #work: Float64Array;

  constructor(name: WaveletName, length: number) {
    const scaling = scalingFilters[name];
    const taps = scaling.length;
    // Decomposition filters: the scaling filter reversed, and its quadrature mirror.
    this.#low = Float64Array.from(scaling, (_, k) => scaling[taps - 1 - k]);
    this.#high = Float64Array.from(scaling, (_, k) => (k % 2 === 0 ? -1 : 1) * scaling[k]);
    this.#work = new Float64Array(length);
  }

  transform(values: Float64Array, levels: number): void {
    const low = this.#low;
    const high = this.#high;
    const taps = low.length;
    const work = this.#work;
    let length = values.length;
    for (let level = 0; level < levels; level++) {
      const half = length >> 1;
      for (let k = 0; k < half; k++) {
        let a = 0;
        let d = 0;
        // Output k is centred on sample 2k, shifted by half the filter as in PyWavelets.
        let at = 2 * k + (taps >> 1);
        if (at >= length) at %= length;
        for (let j = 0; j < taps; j++) {
          const v = values[at];
          a += low[j] * v;
          d += high[j] * v;
          at = at === 0 ? length - 1 : at - 1;
        }
        work[k] = a;
        work[half + k] = d;
      }
      for (let k = 0; k < length; k++) values[k] = work[k];
      length = half;
    }
  }
}
