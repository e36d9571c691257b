/**
 * What PGlite answers, read from its bytes: its own reader makes several objects a field, which for a
 * page of runs or of points is most of what is thrown away.
 * @module
 */
import { type messages, protocol } from "@electric-sql/pglite";

export interface Column {
  name: string;
  parse(text: string): unknown;
}

export type RowMode = "object" | "array";

/** Kinds of messages of PostgreSQL's protocol, by their first byte. */
const dataRow = 0x44, errorResponse = 0x45;

/** Kept for the next answer at most; larger ones are as rare as they are large. */
const keptBytes = 1 << 20;

const decoder = new TextDecoder();

/** The bytes of one answer at a time, which come in parts. */
export class PgliteAnswer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Forgets the answer before. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > keptBytes) this.#resize(keptBytes);
  }

  /** Copies a part, which lies in PGlite's own memory. */
  append(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) this.#resize(Math.max(length, 2 * this.#bytes.length));
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#length, size)));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** The rows that the answer holds. @throws {messages.DatabaseError} If a statement failed. */
  rows(columns: readonly Column[], rowMode: RowMode): unknown[] {
    const rows: unknown[] = [];
    for (let at = 0; at < this.#length;) {
      const end = at + 1 + this.#view.getInt32(at + 1);
      const kind = this.#bytes[at];
      if (kind === errorResponse) throw errorOf(this.#bytes.slice(at, end));
      if (kind === dataRow) rows.push(this.#row(at + 7, end, columns, rowMode));
      at = end;
    }
    return rows;
  }

  /** The row whose fields begin at `at`, each with its length before it. */
  #row(at: number, end: number, columns: readonly Column[], rowMode: RowMode): unknown {
    // Of bytes that are ASCII throughout, lengths among them, each is one character.
    const text = this.#isAscii(at, end) ? decoder.decode(this.#bytes.subarray(at, end)) : null;
    const start = at;
    const row: unknown[] | Record<string, unknown> = rowMode === "array" ? [] : {};
    for (const { name, parse } of columns) {
      const length = this.#view.getInt32(at);
      at += 4;
      let value: unknown = null;
      if (length >= 0) {
        value = parse(
          text?.slice(at - start, at - start + length) ??
            decoder.decode(this.#bytes.subarray(at, at + length)),
        );
        at += length;
      }
      if (Array.isArray(row)) row.push(value);
      else row[name] = value;
    }
    return row;
  }

  #isAscii(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.#bytes[i] > 0x7f) return false;
    return true;
  }
}

/** What PGlite's reader makes of an error. */
function errorOf(message: Uint8Array): messages.DatabaseError {
  let error: unknown = null;
  new protocol.Parser().parse(message, (read) => error = read);
  return error as messages.DatabaseError;
}
