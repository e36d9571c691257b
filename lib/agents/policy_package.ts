/**
 * A policy as the registry and the serving endpoint take a model: an ONNX graph, a page that describes
 * it, and the file that this library loads again.
 * @module
 */
import { maskSize } from "./environment.ts";
import type { Policy } from "./policy.ts";

/** What `tapebook.json` beside `model.onnx` says. */
export interface PolicyCard {
  signature: {
    inputs: { name: string; datatype: string; shape: number[] }[];
    outputs: { name: string; datatype: string; shape: number[] }[];
  };
  inputExample: { name: string; shape: number[]; data: number[] }[];
  metadata: Record<string, unknown>;
}

export interface PolicyPackage {
  onnx: Uint8Array;
  card: PolicyCard;
  /** What {@linkcode loadPolicy} or {@linkcode loadEnsemble} reads. */
  weights: Uint8Array;
}

export interface PackageOptions {
  /** Kept in the card: what the policy was trained on and how, names of the observation's numbers. */
  metadata?: Record<string, unknown>;
  /** One observation, to try the endpoint with. Default: zeros. */
  observation?: Float32Array;
}

const datatypes: Record<string, string> = { float32: "FP32", int32: "INT32", int64: "INT64" };

/**
 * Exports a policy and describes it; the signature is what the graph itself says.
 *
 * @throws {RangeError} If the observation has another size than the policy's.
 */
export async function packagePolicy(
  policy: Policy,
  options: PackageOptions = {},
): Promise<PolicyPackage> {
  const { loadOnnx } = await import("../onnx/mod.ts");
  const { observation = new Float32Array(policy.observationSize), metadata = {} } = options;
  if (observation.length !== policy.observationSize) {
    throw new RangeError(
      `Cannot package policy: observation must have ${policy.observationSize} numbers, got ${observation.length}`,
    );
  }
  const onnx = await policy.toOnnx();
  const graph = await loadOnnx(onnx);
  const specs = (infos: typeof graph.inputs) =>
    infos.map(({ name, dtype, shape }) => ({
      name,
      datatype: datatypes[dtype] ?? dtype,
      shape: shape.map((d) => typeof d === "number" ? d : -1),
    }));
  const signature = { inputs: specs(graph.inputs), outputs: specs(graph.outputs) };
  graph.dispose();
  const inputExample = [
    { name: "observation", shape: [1, observation.length], data: [...observation] },
  ];
  if (policy.stateSize > 0) {
    inputExample.push({
      name: "state",
      shape: [1, policy.stateSize],
      data: new Array(policy.stateSize).fill(0),
    });
  }
  if (policy.isMasked) {
    const choices = maskSize(policy.actionSpace);
    inputExample.push({
      name: "action_mask",
      shape: [1, choices],
      data: new Array(choices).fill(1),
    });
  }
  return {
    onnx,
    card: { signature, inputExample, metadata: { kind: "policy", ...metadata } },
    weights: policy.toBytes(),
  };
}

/** The part of a tracking run that {@linkcode logPolicy} needs. */
export interface ArtifactSink {
  logArtifact(path: string, content: Uint8Array | string): Promise<unknown>;
}

/**
 * Logs a policy as the run's model: `model/model.onnx`, `model/tapebook.json` and
 * `model/policy.safetensors`. Register the run's model afterwards to serve it. Served models have no
 * optional inputs: callers of a masked policy send `action_mask` with each observation, ones where all
 * is allowed.
 */
export async function logPolicy(
  run: ArtifactSink,
  policy: Policy,
  options: PackageOptions = {},
): Promise<PolicyPackage> {
  const made = await packagePolicy(policy, options);
  await run.logArtifact("model/model.onnx", made.onnx);
  await run.logArtifact("model/tapebook.json", JSON.stringify(made.card));
  await run.logArtifact("model/policy.safetensors", made.weights);
  return made;
}
