/**
 * Named tensors in one file, in the safetensors format: a JSON header and raw little-endian values.
 * Python reads it with the package `safetensors`.
 * @module
 */
import { createHash } from "node:crypto";

export interface NamedTensor {
  name: string;
  shape: number[];
  values: Float32Array;
}

/** Bytes of a safetensors file. The header's metadata gets a checksum of the values. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const t of tensors) {
    const size = t.values.length * 4;
    header[t.name] = { dtype: "F32", shape: t.shape, data_offsets: [offset, offset + size] };
    offset += size;
  }
  const data = new Uint8Array(offset);
  let at = 0;
  for (const t of tensors) {
    data.set(new Uint8Array(t.values.buffer, t.values.byteOffset, t.values.byteLength), at);
    at += t.values.byteLength;
  }
  header.__metadata__ = { ...metadata, sha256: createHash("sha256").update(data).digest("hex") };
  let json = JSON.stringify(header);
  // The values begin at a multiple of 8 bytes.
  json += " ".repeat((8 - (new TextEncoder().encode(json).length % 8)) % 8);
  const text = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}

/**
 * Tensors and metadata of a safetensors file.
 *
 * @param what Names the file in errors.
 * @throws {SyntaxError} If the bytes are truncated, damaged or no safetensors file.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  what: string,
): { tensors: Map<string, NamedTensor>; metadata: Record<string, string> } {
  const fail = (allowed: string, got: unknown) => {
    throw new SyntaxError(`Cannot load ${what}: ${allowed}, got ${got}`);
  };
  if (bytes.length < 8) fail("the file must have a header of at least 8 bytes", bytes.length);
  const size = Number(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true),
  );
  if (size > bytes.length - 8) {
    fail(`the file must hold its header of ${size} bytes`, `${bytes.length - 8} bytes`);
  }
  let header: Record<string, unknown> = {};
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  } catch {
    fail("the header must be JSON", "other text");
  }
  const data = bytes.slice(8 + size);
  const metadata = (header.__metadata__ ?? {}) as Record<string, string>;
  const tensors = new Map<string, NamedTensor>();
  let end = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    if (dtype !== "F32") fail(`tensor ${name} must be F32`, dtype);
    const [from, to] = data_offsets;
    if (to > data.length) {
      fail(
        `the file must hold ${to} bytes of values (it is truncated in tensor ${name})`,
        data.length,
      );
    }
    end = Math.max(end, to);
    tensors.set(name, {
      name,
      shape,
      values: new Float32Array(data.buffer, from, (to - from) / 4),
    });
  }
  if (metadata.sha256) {
    const sum = createHash("sha256").update(data.subarray(0, end)).digest("hex");
    if (sum !== metadata.sha256) fail(`the values must have checksum ${metadata.sha256}`, sum);
  }
  return { tensors, metadata };
}
