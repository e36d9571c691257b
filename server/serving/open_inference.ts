/**
 * Requests and answers of the Open Inference Protocol (version 2), JSON and binary.
 * @see https://github.com/kserve/open-inference-protocol
 * @module
 */
import { z } from "zod";
import { type Datatype, datatypes } from "./datatypes.ts";
import { badRequest } from "./errors.ts";
import { flatJson, type Tensor, tensorFromJson } from "./tensor.ts";
import { tensorFromBytes, tensorToBytes } from "./tensor_bytes.ts";

const parameters = z.record(z.string(), z.unknown()).optional();

const inferRequest = z.object({
  id: z.string().optional(),
  parameters,
  inputs: z.array(z.object({
    name: z.string(),
    shape: z.array(z.number()),
    datatype: z.string(),
    parameters,
    data: z.unknown().optional(),
  })),
  outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
});

export interface InferRequest {
  id?: string;
  inputs: Tensor[];
  /** Names of the outputs wanted; empty means all. */
  outputs: string[];
  /** Whether an output travels as bytes after the JSON. */
  isBinary(output: string): boolean;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw badRequest(`Cannot read the request: its body must be JSON: ${(error as Error).message}`);
  }
}

/**
 * Reads a request. `jsonLength` is the value of `Inference-Header-Content-Length`: what follows that
 * many bytes of JSON are the binary tensors, in the order of the inputs.
 *
 * @throws {ServingError} Naming the field at fault.
 */
export function readInferRequest(body: Uint8Array, jsonLength?: string | null): InferRequest {
  let head = body;
  let at = body.byteLength;
  if (jsonLength) {
    const length = Number(jsonLength);
    if (!/^\d+$/.test(jsonLength) || length > body.byteLength) {
      throw badRequest(
        `Inference-Header-Content-Length must be at most the body's ${body.byteLength} bytes, ` +
          `got ${JSON.stringify(jsonLength)}`,
      );
    }
    head = body.subarray(0, length);
    at = length;
  }
  const parsed = inferRequest.safeParse(parseJson(head));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(
      `Cannot read the request: ${issue.path.join(".") || "body"}: ${issue.message}`,
    );
  }
  const request = parsed.data;
  const inputs = request.inputs.map((input): Tensor => {
    const { name, shape, data } = input;
    if (!(datatypes as readonly string[]).includes(input.datatype)) {
      throw badRequest(
        `Input "${name}": datatype must be one of ${datatypes.join(", ")}, got ${input.datatype}`,
      );
    }
    const datatype = input.datatype as Datatype;
    const size = input.parameters?.binary_data_size;
    if (size === undefined) return tensorFromJson(name, datatype, shape, data);
    if (data !== undefined) {
      throw badRequest(`Input "${name}": data and binary_data_size must not both be given`);
    }
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0) {
      throw badRequest(`Input "${name}": binary_data_size must be a number of bytes`);
    }
    if (at + size > body.byteLength) {
      throw badRequest(
        `Input "${name}": binary_data_size ${size} goes past the end of the body`,
      );
    }
    const tensor = tensorFromBytes(name, datatype, shape, body.subarray(at, at + size));
    at += size;
    return tensor;
  });
  if (at !== body.byteLength) {
    throw badRequest(
      `The body has ${body.byteLength - at} bytes that no input's binary_data_size claims`,
    );
  }
  const outputs = request.outputs ?? [];
  const all = request.parameters?.binary_data_output === true;
  const binary = new Map(outputs.map((o) => [o.name, o.parameters?.binary_data]));
  return {
    id: request.id,
    inputs,
    outputs: outputs.map((o) => o.name),
    isBinary: (name) => (binary.get(name) ?? all) === true,
  };
}

export interface InferResponse {
  body: Uint8Array<ArrayBuffer>;
  /** Length of the JSON part where bytes follow it; absent for JSON alone. */
  jsonLength?: number;
}

/** The answer's bytes. */
export function writeInferResponse(
  answer: { model: string; version: string; id: string; outputs: readonly Tensor[] },
  isBinary: (output: string) => boolean,
): InferResponse {
  const blobs: Uint8Array[] = [];
  const outputs = answer.outputs.map((tensor) => {
    const { name, datatype, shape } = tensor;
    if (!isBinary(name)) return { name, datatype, shape, data: flatJson(tensor) };
    const bytes = tensorToBytes(tensor);
    blobs.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } };
  });
  const json = new TextEncoder().encode(JSON.stringify({
    model_name: answer.model,
    model_version: answer.version,
    id: answer.id,
    outputs,
  }));
  if (blobs.length === 0) return { body: json };
  const body = new Uint8Array(blobs.reduce((sum, b) => sum + b.byteLength, json.byteLength));
  body.set(json);
  let at = json.byteLength;
  for (const blob of blobs) {
    body.set(blob, at);
    at += blob.byteLength;
  }
  return { body, jsonLength: json.byteLength };
}
