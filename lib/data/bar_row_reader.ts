import type { BarColumnIndex } from "./bar_columns.ts";
import { type Bars, makeBars } from "./bars.ts";
import { DataError, type DataFault } from "./data_error.ts";
import { DoubleColumn } from "./double_column.ts";
import { parseTime } from "./parse_time.ts";

const priceFields = ["open", "high", "low", "close"] as const;

/** Turns a CSV file's records into columns of bars, naming the row of whatever cannot be read. */
export class BarRowReader {
  #columns = newColumns();
  #row: number;

  /** `rowsBefore`: rows of the file that came before the first one pushed. */
  constructor(
    readonly path: string,
    readonly fieldCount: number,
    readonly index: BarColumnIndex,
    readonly adjusted: boolean,
    rowsBefore = 0,
  ) {
    this.#row = rowsBefore;
  }

  /** Rows pushed since the last `take()`. */
  get length(): number {
    return this.#columns.time.length;
  }

  /** @throws {DataError} If the record has another number of fields, or a value cannot be read. */
  push(record: readonly string[]): void {
    const { index } = this;
    const columns = this.#columns;
    const row = ++this.#row;
    if (record.length !== this.fieldCount) {
      throw new DataError(
        "wrong-field-count",
        `Cannot read ${this.path}: row ${row} must have ${this.fieldCount} fields as the header has, got ${record.length}`,
        { row, value: record.length, path: this.path },
      );
    }
    const text = record[index.time];
    const time = parseTime(text);
    if (time !== time) throw this.#fail("bad-time", "must be a date or time", "time", text);
    columns.time.push(time);
    for (const field of priceFields) {
      const value = parseNumber(record[index[field]]);
      if (value !== value) {
        throw this.#fail("not-a-number", "must be a number", field, record[index[field]]);
      }
      columns[field].push(value);
    }
    if (index.volume >= 0) {
      const volume = record[index.volume];
      const value = volume === "" ? NaN : parseNumber(volume);
      if (value !== value && volume !== "") {
        throw this.#fail("not-a-number", "must be a number or empty", "volume", volume);
      }
      columns.volume.push(value);
    } else columns.volume.push(NaN);
    if (this.adjusted && index.adjusted >= 0) {
      const adjusted = parseNumber(record[index.adjusted]);
      if (adjusted !== adjusted) {
        throw this.#fail("not-a-number", "must be a number", "adjclose", record[index.adjusted]);
      }
      const close = columns.close.last();
      const factor = close === 0 ? 1 : adjusted / close;
      for (const field of priceFields) columns[field].scaleLast(factor);
      columns.close.setLast(adjusted);
    }
  }

  /** The bars pushed since the last call; not validated yet. */
  take(): Bars {
    const { time, open, high, low, close, volume } = this.#columns;
    this.#columns = newColumns();
    return makeBars({
      time: time.take(),
      open: open.take(),
      high: high.take(),
      low: low.take(),
      close: close.take(),
      volume: volume.take(),
    });
  }

  #fail(fault: DataFault, rule: string, field: string, value: string): DataError {
    return new DataError(
      fault,
      `Cannot read ${this.path}: ${field} ${rule}, got "${value}" in row ${this.#row}`,
      { row: this.#row, field, value, path: this.path },
    );
  }
}

function newColumns() {
  return {
    time: new DoubleColumn(),
    open: new DoubleColumn(),
    high: new DoubleColumn(),
    low: new DoubleColumn(),
    close: new DoubleColumn(),
    volume: new DoubleColumn(),
  };
}

/** A plain decimal number, or NaN: no thousands separators, no hexadecimal, no infinities. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (value - value !== 0 || text.length === 0) return NaN;
  // Number() also takes blanks and 0x, 0o, 0b.
  const second = text.charCodeAt(1);
  return second > 65 && /^0[xob]/i.test(text) || text.trim() === "" ? NaN : value;
}
