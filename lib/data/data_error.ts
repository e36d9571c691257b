/** What is wrong with data that was read; callers branch on it. */
export type DataFault =
  | "not-found"
  | "unreadable"
  | "empty"
  | "missing-column"
  | "not-a-number"
  | "bad-time"
  | "duplicate-time"
  | "out-of-order"
  | "negative-price"
  | "negative-volume"
  | "high-below-low"
  | "price-outside-range"
  | "wrong-length"
  | "wrong-field-count"
  | "quality"
  | "bad-request";

/** Where the fault lies. `row` counts data rows from 1 (a header is not a row). */
export interface DataPlace {
  row?: number;
  field?: string;
  value?: unknown;
  path?: string;
}

/**
 * Data that cannot be used as bars: which fault, and the row, field and value that show it.
 *
 * `row` counts data rows from 1; the message of a file's fault starts with its path.
 */
export class DataError extends Error {
  override readonly name: string = "DataError";
  readonly fault: DataFault;
  readonly row?: number;
  readonly field?: string;
  readonly value?: unknown;
  readonly path?: string;

  constructor(fault: DataFault, message: string, place: DataPlace = {}, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.row = place.row;
    this.field = place.field;
    this.value = place.value;
    this.path = place.path;
  }
}
