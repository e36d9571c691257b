/** Tensors as raw bytes, little endian, as the binary extension of the Open Inference Protocol sends them. @module */
import { type Datatype, numericDatatype } from "./datatypes.ts";
import { badRequest } from "./errors.ts";
import { elementCount, type Tensor } from "./tensor.ts";

/** Every platform this runs on is little endian, which is the wire's order: bytes are copied as they are. */
const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * A tensor from its wire bytes. BYTES elements carry a 4-byte length each.
 *
 * @throws {ServingError} If the bytes are too few or too many for the shape.
 */
export function tensorFromBytes(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  bytes: Uint8Array,
): Tensor {
  const count = elementCount(name, shape);
  const numeric = numericDatatype(datatype);
  if (!numeric) {
    return { name, datatype, shape: [...shape], data: readStrings(name, count, bytes) };
  }
  if (bytes.byteLength !== count * numeric.bytes) {
    throw badRequest(
      `Cannot read input "${name}": ${datatype} of shape ${JSON.stringify(shape)} needs ` +
        `${count * numeric.bytes} bytes, got ${bytes.byteLength}`,
    );
  }
  const data = numeric.make(count);
  new Uint8Array(data.buffer).set(bytes);
  return { name, datatype, shape: [...shape], data };
}

function readStrings(name: string, count: number, bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: string[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (at + 4 > bytes.byteLength) break;
    const size = view.getUint32(at, true);
    at += 4;
    if (at + size > bytes.byteLength) {
      throw badRequest(`Cannot read input "${name}": element ${data.length} ends past its bytes`);
    }
    try {
      data.push(decoder.decode(bytes.subarray(at, at + size)));
    } catch {
      throw badRequest(`Cannot read input "${name}": element ${data.length} must be UTF-8 text`);
    }
    at += size;
  }
  if (at !== bytes.byteLength || data.length !== count) {
    throw badRequest(
      `Cannot read input "${name}": shape needs ${count} elements, its bytes hold ${data.length}`,
    );
  }
  return data;
}

/** The tensor's wire bytes. */
export function tensorToBytes(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const parts = data.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
