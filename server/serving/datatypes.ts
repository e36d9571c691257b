/** The tensor datatypes of the Open Inference Protocol and how each one is held and sent. @module */

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[];

interface NumericDatatype {
  /** Name of the same type in ONNX Runtime. */
  onnx: string;
  /** Bytes of one element on the wire. */
  bytes: number;
  make(length: number): Exclude<TensorData, string[]>;
  /** Inclusive range of an integer type; null for floats and BOOL. */
  range: readonly [bigint, bigint] | null;
}

const signed = (bits: bigint) => [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] as const;
const unsigned = (bits: bigint) => [0n, 2n ** bits - 1n] as const;

/** Every datatype that is served, but BYTES (strings), which has no fixed size. */
export const numericDatatypes = {
  FP32: { onnx: "float32", bytes: 4, make: (n) => new Float32Array(n), range: null },
  FP64: { onnx: "float64", bytes: 8, make: (n) => new Float64Array(n), range: null },
  INT8: { onnx: "int8", bytes: 1, make: (n) => new Int8Array(n), range: signed(8n) },
  INT16: { onnx: "int16", bytes: 2, make: (n) => new Int16Array(n), range: signed(16n) },
  INT32: { onnx: "int32", bytes: 4, make: (n) => new Int32Array(n), range: signed(32n) },
  INT64: { onnx: "int64", bytes: 8, make: (n) => new BigInt64Array(n), range: signed(64n) },
  UINT8: { onnx: "uint8", bytes: 1, make: (n) => new Uint8Array(n), range: unsigned(8n) },
  UINT16: { onnx: "uint16", bytes: 2, make: (n) => new Uint16Array(n), range: unsigned(16n) },
  UINT32: { onnx: "uint32", bytes: 4, make: (n) => new Uint32Array(n), range: unsigned(32n) },
  UINT64: { onnx: "uint64", bytes: 8, make: (n) => new BigUint64Array(n), range: unsigned(64n) },
  BOOL: { onnx: "bool", bytes: 1, make: (n) => new Uint8Array(n), range: null },
} satisfies Record<string, NumericDatatype>;

export type Datatype = keyof typeof numericDatatypes | "BYTES";

export const datatypes: readonly Datatype[] = [
  ...Object.keys(numericDatatypes) as (keyof typeof numericDatatypes)[],
  "BYTES",
];

/** How a datatype's numbers are held, or null for BYTES. */
export function numericDatatype(datatype: Datatype): NumericDatatype | null {
  return datatype === "BYTES" ? null : numericDatatypes[datatype];
}

const byOnnxName = new Map<string, Datatype>([
  ...Object.entries(numericDatatypes).map(([name, d]) => [d.onnx, name as Datatype] as const),
  ["string", "BYTES"],
]);

/** The protocol's name of an ONNX Runtime type, or null when that type cannot be served. */
export function datatypeOfOnnx(type: string): Datatype | null {
  return byOnnxName.get(type) ?? null;
}

/** The ONNX Runtime name of a datatype. */
export function onnxTypeOf(datatype: Datatype): string {
  return datatype === "BYTES" ? "string" : numericDatatypes[datatype].onnx;
}
