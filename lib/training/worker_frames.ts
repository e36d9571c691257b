/**
 * Messages between a trainer and its worker processes: a JSON header and raw floats.
 *
 * ```
 * u32 length of the header | u32 number of floats | header, UTF-8 | floats, little endian
 * ```
 * @module
 */

/** Writes one message. */
export async function writeFrame(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  header: unknown,
  floats: readonly Float32Array[],
): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const count = floats.reduce((sum, f) => sum + f.length, 0);
  const out = new Uint8Array(8 + text.length + 4 * count);
  const view = new DataView(out.buffer);
  view.setUint32(0, text.length, true);
  view.setUint32(4, count, true);
  out.set(text, 8);
  let at = 8 + text.length;
  for (const f of floats) {
    out.set(new Uint8Array(f.buffer, f.byteOffset, f.byteLength), at);
    at += f.byteLength;
  }
  await writer.write(out);
}

/** Reads messages from a stream of bytes. */
export class FrameReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array[] = [];
  #length = 0;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async #take(size: number): Promise<Uint8Array | null> {
    while (this.#length < size) {
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#held.push(value);
      this.#length += value.length;
    }
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#held) {
      all.set(part, at);
      at += part.length;
    }
    this.#held = [all.subarray(size)];
    this.#length -= size;
    return all.slice(0, size);
  }

  /** The next message; null when the stream has ended. */
  async next<T>(): Promise<{ header: T; floats: Float32Array } | null> {
    const sizes = await this.#take(8);
    if (!sizes) return null;
    const view = new DataView(sizes.buffer);
    const text = await this.#take(view.getUint32(0, true));
    const data = text && await this.#take(4 * view.getUint32(4, true));
    if (!text || !data) return null;
    return {
      header: JSON.parse(new TextDecoder().decode(text)),
      floats: new Float32Array(data.buffer),
    };
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
