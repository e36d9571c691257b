/**
 * Models as files: configuration, weights, dtype and the hash of the feature pipeline.
 * @module
 */
import { createModel } from "./create_model.ts";
import { leafLayers } from "./initialise_weights.ts";
import type { AnyModelConfig, Model } from "./model.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";
import { loadTf, type tf } from "./tensorflow.ts";
import { writeAtomic } from "./write_atomic.ts";

export interface SaveModelOptions {
  /** Hash of the feature pipeline whose frames the model was trained on. */
  pipelineHash?: string;
  /** Anything else worth keeping, as JSON. */
  metadata?: Record<string, unknown>;
}

export interface LoadModelOptions {
  /** Refuse a model that was trained on another feature pipeline. */
  pipelineHash?: string;
  /** Names the source in errors. Default `model`. */
  name?: string;
}

/** A model read from a file, with what was stored beside it. */
export interface LoadedModel {
  model: Model;
  pipelineHash: string | null;
  metadata: Record<string, unknown>;
}

const format = "tapebook-model-1";

/** The weights of a model with names that do not depend on which models were made before. */
export function namedWeights(model: Model): { name: string; variable: tf.Variable }[] {
  return leafLayers(model.tf).flatMap(({ path, layer }) =>
    layer.weights.map((w) => ({
      name: `${path}/${w.originalName.split("/").pop()!.replace(/_\d+$/, "")}`,
      variable: (w as unknown as { val: tf.Variable }).val,
    }))
  );
}

/** A model as bytes of a safetensors file. */
export function modelToBytes(model: Model, options: SaveModelOptions = {}): Uint8Array {
  const tensors: NamedTensor[] = namedWeights(model).map(({ name, variable }) => ({
    name,
    shape: variable.shape,
    values: variable.dataSync() as Float32Array,
  }));
  return encodeSafetensors(tensors, {
    format,
    config: JSON.stringify(model.config),
    dtype: model.config.dtype,
    ...(options.pipelineHash ? { pipelineHash: options.pipelineHash } : {}),
    ...(options.metadata ? { metadata: JSON.stringify(options.metadata) } : {}),
  });
}

/**
 * The model that {@linkcode modelToBytes} wrote.
 *
 * @throws {SyntaxError} If the bytes are truncated, damaged or hold something else.
 * @throws {RangeError} If the feature pipeline or a weight's shape is another one.
 */
export async function modelFromBytes(
  bytes: Uint8Array,
  options: LoadModelOptions = {},
): Promise<LoadedModel> {
  const what = options.name ?? "model";
  const { tensors, metadata } = decodeSafetensors(bytes, what);
  if (metadata.format !== format) {
    throw new SyntaxError(`Cannot load ${what}: format must be ${format}, got ${metadata.format}`);
  }
  const pipelineHash = metadata.pipelineHash ?? null;
  if (options.pipelineHash !== undefined && pipelineHash !== options.pipelineHash) {
    throw new RangeError(
      `Cannot load ${what}: pipelineHash must be ${options.pipelineHash}, got ${pipelineHash}`,
    );
  }
  const config = JSON.parse(metadata.config) as AnyModelConfig;
  if (metadata.dtype !== config.dtype) {
    throw new RangeError(
      `Cannot load ${what}: dtype must be ${config.dtype}, got ${metadata.dtype}`,
    );
  }
  const model = await createModel(config);
  try {
    const tf = await loadTf();
    for (const { name, variable } of namedWeights(model)) {
      const stored = tensors.get(name);
      if (!stored || stored.shape.join() !== variable.shape.join()) {
        throw new RangeError(
          `Cannot load ${what}: weight ${name} must have shape [${variable.shape}], got ${
            stored ? `[${stored.shape}]` : "none"
          }`,
        );
      }
      tf.tidy(() => variable.assign(tf.tensor(stored.values, stored.shape)));
    }
  } catch (error) {
    model.dispose();
    throw error;
  }
  return {
    model,
    pipelineHash,
    metadata: metadata.metadata ? JSON.parse(metadata.metadata) : {},
  };
}

/** Writes a model to a file, all or nothing. */
export async function saveModel(
  model: Model,
  path: string,
  options: SaveModelOptions = {},
): Promise<void> {
  await writeAtomic(path, modelToBytes(model, options));
}

/** Reads a model from a file. Errors as {@linkcode modelFromBytes}, naming the path. */
export async function loadModel(
  path: string,
  options: LoadModelOptions = {},
): Promise<LoadedModel> {
  return await modelFromBytes(await Deno.readFile(path), { name: path, ...options });
}
