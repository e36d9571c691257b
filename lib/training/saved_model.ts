/**
 * SavedModels run by native TensorFlow.
 * @module
 */
import { join } from "node:path";
import { loadTf, readSavedModelSignature } from "../models/mod.ts";
import { savedModelManifest } from "./export_formats.ts";
import {
  checkExample,
  checkManifest,
  checkSignature,
  type ManifestExpectations,
  type ModelManifest,
} from "./model_manifest.ts";
import { loadNativeTensorflow, missingNativePart } from "./tensorflow_native.ts";
import type * as tfTypes from "@tensorflow/tfjs";

/** A SavedModel in TensorFlow's hands. */
export interface LoadedSavedModel {
  readonly manifest: ModelManifest;
  /** Predictions [n, width] of windows [n, windowBars, features]: each head's outputs side by side. */
  predict(windows: Float32Array): Float32Array;
  dispose(): void;
}

interface NodeTensorflow {
  node: {
    loadSavedModel(path: string, tags: string[], signature: string): Promise<{
      predict(inputs: tfTypes.NamedTensorMap): tfTypes.NamedTensorMap;
      dispose(): void;
    }>;
  };
}

/**
 * Loads a folder that `ModelStore.export(name, "savedmodel", path)` wrote, and makes `tensorflow` the
 * active backend. Its manifest is checked against what the caller expects, its signature against the
 * manifest, and the manifest's example against what TensorFlow predicts.
 *
 * @throws {RangeError} Naming what does not match.
 * @throws {SyntaxError} If a file of it is cut short.
 * @throws {Error} If native TensorFlow is not there, saying what is missing.
 */
export async function loadSavedModel(
  path: string,
  expected: ManifestExpectations = {},
): Promise<LoadedSavedModel> {
  const manifestPath = join(path, savedModelManifest);
  let manifest: ModelManifest;
  try {
    manifest = JSON.parse(await Deno.readTextFile(manifestPath));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`Cannot load ${path}: ${manifestPath} must be whole JSON`);
  }
  checkManifest(manifest, expected, path);
  const bytes = await Deno.readFile(join(path, "saved_model.pb"));
  checkSignature(manifest, readSavedModelSignature(bytes, path), path);
  const missing = missingNativePart();
  if (missing !== null) {
    throw new Error(`Cannot load ${path}: native TensorFlow must be there, got: ${missing}`);
  }
  const tf = await loadTf();
  await loadNativeTensorflow(tf);
  const { node } = await import("@tensorflow/tfjs-node-gpu") as unknown as NodeTensorflow;
  const loaded = await node.loadSavedModel(path, ["serve"], "serving_default");
  const { inputs: [input], outputs } = manifest.signature;
  const size = input.shape.reduce((a, b) => a * b, 1);
  const predict = (windows: Float32Array): Float32Array => {
    if (windows.length % size !== 0) {
      throw new RangeError(
        `Cannot predict: windows must hold whole windows of ${size} values, got ${windows.length} values`,
      );
    }
    const n = windows.length / size;
    return tf.tidy(() => {
      const given = { [input.name]: tf.tensor(windows, [n, ...input.shape]) };
      const results = loaded.predict(given);
      return tf.concat(outputs.map((o) => results[o.name]), 1).dataSync() as Float32Array;
    });
  };
  try {
    checkExample(manifest, predict(Float32Array.from(manifest.example.input)), path);
  } catch (error) {
    loaded.dispose();
    throw error;
  }
  return { manifest, predict, dispose: () => loaded.dispose() };
}
