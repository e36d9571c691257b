/**
 * What is written beside a version's weights, and the checks that it allows.
 * @module
 */
import type { Model } from "../models/mod.ts";

/** What goes in and comes out of a model: shapes without the batch. */
export interface ModelSignature {
  inputs: { name: string; shape: number[]; dtype: "float32"; features: string[] }[];
  outputs: { name: string; shape: number[]; dtype: "float32" }[];
}

/** What is written beside a version's weights. */
export interface ModelManifest {
  name: string;
  version: number;
  createdAt: string;
  kind: string;
  config: Record<string, unknown>;
  signature: ModelSignature;
  /** One window, row-major, and what the model predicts for it. */
  example: { input: number[]; output: number[] };
  metrics: Record<string, number>;
  hyperparameters: Record<string, unknown>;
  pipelineHash: string | null;
  dataFingerprint: string | null;
  gitCommit: string | null;
  backend: string | null;
  /** The version that training went on from, if any. */
  parentVersion: number | null;
}

/** What the caller is going to feed: refused if the model was trained on something else. */
export interface ManifestExpectations {
  /** Names of the features, in the order of the window's columns. */
  features?: readonly string[];
  windowBars?: number;
  pipelineHash?: string;
}

/** Names, shapes and types of a model's input and outputs. */
export function signatureOf(model: Model, features: readonly string[]): ModelSignature {
  const { windowBars } = model.config;
  return {
    inputs: [{
      name: model.tf.inputNames[0],
      shape: [windowBars, model.config.features],
      dtype: "float32",
      features: [...features],
    }],
    outputs: model.tf.outputs.map((o, i) => ({
      name: model.heads[i].name,
      shape: o.shape.slice(1) as number[],
      dtype: "float32",
    })),
  };
}

/** @throws {RangeError} Naming the first thing that differs from what the caller expects. */
export function checkManifest(
  manifest: ModelManifest,
  expected: ManifestExpectations,
  what: string,
): void {
  const [input] = manifest.signature.inputs;
  const { features, windowBars, pipelineHash } = expected;
  if (features) {
    for (let i = 0; i < Math.max(input.features.length, features.length); i++) {
      if (input.features[i] !== features[i]) {
        throw new RangeError(
          `Cannot load ${what}: feature ${i} must be ${input.features[i]}, got ${features[i]}`,
        );
      }
    }
  }
  if (windowBars !== undefined && windowBars !== input.shape[0]) {
    throw new RangeError(
      `Cannot load ${what}: windowBars must be ${input.shape[0]}, got ${windowBars}`,
    );
  }
  if (pipelineHash !== undefined && pipelineHash !== manifest.pipelineHash) {
    throw new RangeError(
      `Cannot load ${what}: pipelineHash must be ${manifest.pipelineHash}, got ${pipelineHash}`,
    );
  }
}

/** @throws {RangeError} If a model no longer predicts its example, to 1e-4. */
export function checkExample(manifest: ModelManifest, output: Float32Array, what: string): void {
  for (let i = 0; i < output.length; i++) {
    const expected = manifest.example.output[i];
    if (!(Math.abs(output[i] - expected) <= 1e-4 * Math.max(1, Math.abs(expected)))) {
      throw new RangeError(
        `Cannot load ${what}: output ${i} of its example must be ${expected}, got ${output[i]}`,
      );
    }
  }
}

/**
 * Compares the tensors that a model file says it has with those that the manifest promises.
 *
 * @throws {RangeError} Naming the first tensor, field and value that differ.
 */
export function checkSignature(
  manifest: ModelManifest,
  found: Record<"inputs" | "outputs", { name: string; shape: number[]; dtype: string }[]>,
  what: string,
): void {
  for (const side of ["inputs", "outputs"] as const) {
    const wanted = manifest.signature[side];
    const names = wanted.map((t) => t.name).sort().join(", ");
    const got = found[side].map((t) => t.name).sort().join(", ");
    if (names !== got) {
      throw new RangeError(`Cannot load ${what}: ${side} must be ${names}, got ${got || "none"}`);
    }
    for (const { name, shape, dtype } of wanted) {
      const other = found[side].find((t) => t.name === name)!;
      // Axis 0 is the batch, which manifests leave out.
      const [a, b] = [`${dtype}[${shape}]`, `${other.dtype}[${other.shape.slice(1)}]`];
      if (a !== b) {
        throw new RangeError(`Cannot load ${what}: ${side} ${name} must be ${a}, got ${b}`);
      }
    }
  }
}
