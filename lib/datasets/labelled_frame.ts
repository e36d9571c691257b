/**
 * The shapes that a dataset is made of: a frame of features and the labels of its rows.
 * @module
 */

/** Columns of features, one value per bar; NaN where a feature is not defined yet. */
export interface FrameLike {
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
  readonly time: Float64Array;
  readonly length: number;
}

/** One label per bar; NaN where a bar has none. */
export interface LabelsLike {
  readonly values: Float64Array;
  /** Last bar that the label of a row looks at: what purging is computed from. */
  readonly spanEnd?: Int32Array;
  readonly kind?: string;
}
