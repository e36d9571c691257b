/**
 * The formats that a stored version can be written in.
 * @module
 */
import { join } from "node:path";
import {
  loadModel,
  loadTf,
  type Model,
  readSavedModelSignature,
  savedModelBytes,
  writeAtomic,
} from "../models/mod.ts";
import { checkSignature, type ModelManifest } from "./model_manifest.ts";

/** Writes the version in `folder` to `path`. */
type Exporter = (folder: string, path: string, manifest: ModelManifest) => Promise<void>;

async function withModel(folder: string, use: (model: Model) => Promise<void>): Promise<void> {
  const { model } = await loadModel(join(folder, "model.safetensors"));
  try {
    await use(model);
  } finally {
    model.dispose();
  }
}

const onnx: Exporter = (folder, path) => Deno.copyFile(join(folder, "model.onnx"), path);

const tfjs: Exporter = (folder, path) =>
  withModel(folder, async (model) => {
    const tf = await loadTf();
    await Deno.mkdir(path, { recursive: true });
    await model.tf.save(tf.io.withSaveHandler(async (artifacts) => {
      const weights = "weights.bin";
      const data = artifacts.weightData as ArrayBuffer;
      await Deno.writeFile(join(path, weights), new Uint8Array(data));
      await Deno.writeTextFile(
        join(path, "model.json"),
        JSON.stringify({
          format: "layers-model",
          generatedBy: "tapebook",
          convertedBy: null,
          modelTopology: artifacts.modelTopology,
          weightsManifest: [{ paths: [weights], weights: artifacts.weightSpecs }],
        }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }));
  });

/** Where a SavedModel keeps files of others than TensorFlow. */
export const savedModelManifest = "assets.extra/manifest.json";

const savedmodel: Exporter = (folder, path, manifest) =>
  withModel(folder, async (model) => {
    const bytes = await savedModelBytes(model);
    checkSignature(manifest, readSavedModelSignature(bytes), "exported model");
    await Deno.mkdir(join(path, "assets.extra"), { recursive: true });
    await Deno.writeTextFile(join(path, savedModelManifest), JSON.stringify(manifest, null, 2));
    // Last: a folder without it is no SavedModel.
    await writeAtomic(join(path, "saved_model.pb"), bytes);
  });

export const exportFormats = { onnx, tfjs, savedmodel } satisfies Record<string, Exporter>;

export type ExportFormat = keyof typeof exportFormats;
