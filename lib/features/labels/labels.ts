/** What a model learns to say of each bar; it looks ahead, which a feature must not. */
export interface Labels {
  /** One value per bar; NaN where there is none (the last bars, or no event). */
  values: Float64Array;
  /** Index of the last bar that the label looks at; the bar's own index where there is no label. */
  spanEnd: Int32Array;
  /** How the labels were made. */
  kind: string;
}
