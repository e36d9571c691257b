/** What a served model takes and gives, as `tapebook.json` beside its graph states it. @module */
import { z } from "zod";
import { type Datatype, datatypes } from "./datatypes.ts";
import { badRequest } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

const tensorSpec = z.object({
  name: z.string().min(1),
  datatype: z.enum(datatypes as [Datatype, ...Datatype[]]),
  /** -1 stands for any size. */
  shape: z.array(z.number().int().min(-1)),
});

const modelFile = z.looseObject({
  signature: z.looseObject({
    inputs: z.array(tensorSpec),
    outputs: z.array(tensorSpec),
  }).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  inputExample: z.unknown().optional(),
});

export type TensorSpec = z.infer<typeof tensorSpec>;

export interface Signature {
  inputs: TensorSpec[];
  outputs: TensorSpec[];
}

/** The contents of `tapebook.json`. */
export type ModelFile = z.infer<typeof modelFile>;

/**
 * `tapebook.json` read and checked.
 *
 * @throws {Error} Naming the field at fault.
 */
export function readModelFile(text: string): ModelFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot read tapebook.json: ${(error as Error).message}`);
  }
  const parsed = modelFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`Cannot read tapebook.json: ${issue.path.join(".")}: ${issue.message}`);
}

/**
 * The inputs in the order the signature states, each checked against its datatype and shape.
 *
 * @throws {ServingError} Naming the input that is missing, unknown or does not fit.
 */
export function checkInputs(signature: Signature, inputs: readonly Tensor[]): Tensor[] {
  const given = new Map<string, Tensor>();
  for (const tensor of inputs) {
    if (given.has(tensor.name)) throw badRequest(`Input "${tensor.name}" is given twice`);
    given.set(tensor.name, tensor);
  }
  const names = signature.inputs.map((spec) => spec.name);
  for (const name of given.keys()) {
    if (!names.includes(name)) {
      throw badRequest(`Input "${name}" is unknown; the model takes ${names.join(", ")}`);
    }
  }
  return signature.inputs.map((spec) => {
    const tensor = given.get(spec.name);
    if (!tensor) {
      throw badRequest(`Input "${spec.name}" is missing; the model takes ${names.join(", ")}`);
    }
    if (tensor.datatype !== spec.datatype) {
      throw badRequest(
        `Input "${spec.name}": datatype must be ${spec.datatype}, got ${tensor.datatype}`,
      );
    }
    const fits = tensor.shape.length === spec.shape.length &&
      spec.shape.every((size, i) => size === -1 || size === tensor.shape[i]);
    if (!fits) {
      throw badRequest(
        `Input "${spec.name}": shape must be ${JSON.stringify(spec.shape)} (-1: any size), got ${
          JSON.stringify(tensor.shape)
        }`,
      );
    }
    return tensor;
  });
}
