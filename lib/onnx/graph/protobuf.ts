/**
 * Writing protocol buffers: the four wire types that ONNX needs.
 * @see https://protobuf.dev/programming-guides/encoding/
 * @module
 */

const encoder = new TextEncoder();

/** A message being written, as a list of chunks that are joined once. */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #varint(value: number | bigint): void {
    let v = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    do {
      const low = Number(v & 127n);
      v >>= 7n;
      bytes.push(v > 0n ? low | 128 : low);
    } while (v > 0n);
    this.#push(Uint8Array.from(bytes));
  }

  /** An integer field; negative numbers take ten bytes, as int64 does. */
  int(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  /** A 32-bit float field. */
  float(field: number, value: number): this {
    this.#varint(field << 3 | 5);
    this.#push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field << 3 | 2);
    this.#varint(value.length);
    this.#push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: MessageWriter): this {
    this.#varint(field << 3 | 2);
    this.#varint(value.#length);
    for (const c of value.#chunks) this.#push(c);
    return this;
  }

  /** Packed floats. */
  floats(field: number, values: readonly number[]): this {
    return this.bytes(field, new Uint8Array(Float32Array.from(values).buffer));
  }

  /** Packed integers. */
  ints(field: number, values: readonly number[]): this {
    const inner = new MessageWriter();
    for (const v of values) inner.#varint(v);
    return this.message(field, inner);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const c of this.#chunks) {
      out.set(c, at);
      at += c.length;
    }
    return out;
  }
}

/** One field of a message as read: number, wire type, and its content. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** Fields of an encoded message, in order. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let v = 0n;
    for (let shift = 0n;; shift += 7n) {
      if (at >= bytes.length) {
        throw new SyntaxError(`Cannot read protobuf: bytes end inside a field at ${at}`);
      }
      const b = bytes[at++];
      v |= BigInt(b & 127) << shift;
      if (b < 128) return v;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    if (wire === 0) {
      yield { number: tag >> 3, value: varint() };
      continue;
    }
    const length = wire === 2 ? Number(varint()) : wire === 5 ? 4 : wire === 1 ? 8 : -1;
    if (length < 0 || at + length > bytes.length) {
      throw new SyntaxError(`Cannot read protobuf: field at ${at} must lie within the bytes`);
    }
    yield { number: tag >> 3, value: bytes.subarray(at, at + length) };
    at += length;
  }
}
