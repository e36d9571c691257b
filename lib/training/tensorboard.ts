/**
 * Metrics as TensorBoard event files.
 *
 * An event file is a sequence of TFRecords (length, checksum, protobuf, checksum). Only scalars are
 * written.
 * @module
 */
import type { TrainCallbacks } from "./trainer.ts";

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32C (Castagnoli) of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function maskedCrc(bytes: Uint8Array): number {
  const c = crc32c(bytes);
  return ((((c >>> 15) | (c << 17)) >>> 0) + 0xa282ead8) >>> 0;
}

function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + data.length);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return out;
}

const text = new TextEncoder();

function varint(value: number): number[] {
  const out: number[] = [];
  while (value > 127) {
    out.push((value % 128) | 128);
    value = Math.floor(value / 128);
  }
  out.push(value);
  return out;
}

function lengthDelimited(field: number, bytes: Iterable<number>): number[] {
  const list = [...bytes];
  return [(field << 3) | 2, ...varint(list.length), ...list];
}

function fixed(field: number, bits: 32 | 64, value: number): number[] {
  const view = new DataView(new ArrayBuffer(bits / 8));
  if (bits === 64) view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  return [(field << 3) | (bits === 64 ? 1 : 5), ...new Uint8Array(view.buffer)];
}

/** One event of scalars: message tensorflow.Event. */
export function scalarEvent(
  values: Record<string, number>,
  step: number,
  wallTimeSeconds: number,
): Uint8Array {
  const summary = Object.entries(values).flatMap(([tag, value]) =>
    lengthDelimited(1, [...lengthDelimited(1, text.encode(tag)), ...fixed(2, 32, value)])
  );
  return record(Uint8Array.from([
    ...fixed(1, 64, wallTimeSeconds),
    2 << 3,
    ...varint(step),
    ...lengthDelimited(5, summary),
  ]));
}

/** Writes scalars to one event file of a folder that `tensorboard --logdir` reads. */
export class TensorboardWriter {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #clock: () => number;

  /** @param options.clock Milliseconds since 1970; default Date.now. */
  constructor(directory: string, options: { clock?: () => number } = {}) {
    this.#clock = options.clock ?? Date.now;
    Deno.mkdirSync(directory, { recursive: true });
    const seconds = Math.floor(this.#clock() / 1000);
    this.path = `${directory}/events.out.tfevents.${seconds}.${crypto.randomUUID().slice(0, 8)}`;
    this.#file = Deno.openSync(this.path, { write: true, createNew: true });
    this.#write(record(Uint8Array.from([
      ...fixed(1, 64, this.#clock() / 1000),
      ...lengthDelimited(3, text.encode("brain.Event:2")),
    ])));
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  /** Appends scalars of one step. */
  scalars(values: Record<string, number>, step: number): void {
    this.#write(scalarEvent(values, step, this.#clock() / 1000));
  }

  close(): void {
    this.#file.close();
  }

  /** Writes each epoch of a training. */
  callbacks(): TrainCallbacks {
    return { onEpoch: ({ epoch, metrics }) => this.scalars(metrics, epoch) };
  }
}
