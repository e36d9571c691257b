/**
 * Features of bars as named columns of equal length; row t belongs to bar t. NaN: not defined (yet).
 */
export interface FeatureFrame {
  names: string[];
  columns: Float64Array[];
  /** Times of the bars, ms UTC. */
  time: Float64Array;
  length: number;
}

/**
 * The column called `name`.
 *
 * @throws {RangeError} If the frame has no such column.
 */
export function frameColumn(frame: FeatureFrame, name: string): Float64Array {
  const at = frame.names.indexOf(name);
  if (at < 0) {
    throw new RangeError(
      `Cannot take a column: name must be one of ${frame.names.join(", ")}, got ${name}`,
    );
  }
  return frame.columns[at];
}

/** Rows [from, to) of every column, as views. */
export function sliceFrame(frame: FeatureFrame, from: number, to: number): FeatureFrame {
  if (
    !Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > frame.length
  ) {
    throw new RangeError(
      `Cannot slice the frame: range must lie in [0, ${frame.length}], got [${from}, ${to})`,
    );
  }
  return {
    names: frame.names,
    columns: frame.columns.map((column) => column.subarray(from, to)),
    time: frame.time.subarray(from, to),
    length: to - from,
  };
}

/** Index of the first row in which every column is defined; the length when there is none. */
export function firstDefinedRow(frame: FeatureFrame): number {
  let row = 0;
  while (row < frame.length && frame.columns.some((column) => Number.isNaN(column[row]))) row++;
  return row;
}
