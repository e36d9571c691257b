/**
 * Versions of models in a folder, each with what it takes to trust and to repeat it.
 *
 * `NAME/vN/` holds `model.safetensors`, `manifest.json` and `model.onnx`. A version appears whole or
 * not at all and never changes.
 * @module
 */
import { join } from "node:path";
import { loadModel, type Model, modelToBytes } from "../models/mod.ts";
import { type ExportFormat, exportFormats } from "./export_formats.ts";
import {
  checkExample,
  checkManifest,
  type ManifestExpectations,
  type ModelManifest,
  signatureOf,
} from "./model_manifest.ts";
import { predict } from "./predict.ts";
import type { TrainConfigInput } from "./train_config.ts";
import {
  type TrainCallbacks,
  type TrainingData,
  type TrainResult,
  trainSupervised,
} from "./trainer.ts";

export interface SaveVersionOptions {
  /** Names of the features, in the order of the window's columns. */
  features: readonly string[];
  /** A window [windowBars, features] to check the model with; default zeros. */
  inputExample?: Float32Array;
  metrics?: Record<string, number>;
  hyperparameters?: Record<string, unknown>;
  pipelineHash?: string;
  dataFingerprint?: string;
  gitCommit?: string;
  backend?: string;
  parentVersion?: number;
}

export interface LoadVersionOptions extends ManifestExpectations {
  /** Default: the newest. */
  version?: number;
}

/** A model with its manifest. */
export interface StoredModel {
  model: Model;
  manifest: ModelManifest;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** A folder of versioned models. */
export class ModelStore {
  readonly directory: string;
  readonly #clock: () => number;

  constructor(directory: string, options: { clock?: () => number } = {}) {
    this.directory = directory;
    this.#clock = options.clock ?? Date.now;
  }

  #folder(name: string): string {
    if (!namePattern.test(name)) {
      throw new RangeError(
        `Cannot use model store: name must be letters, digits, "_", "." and "-", got ${name}`,
      );
    }
    return join(this.directory, name);
  }

  /** Version numbers of a model, oldest first; none for an unknown name. */
  async versions(name: string): Promise<number[]> {
    const found: number[] = [];
    try {
      for await (const entry of Deno.readDir(this.#folder(name))) {
        const match = entry.name.match(/^v(\d+)$/);
        if (match) found.push(Number(match[1]));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort((a, b) => a - b);
  }

  /** Stores a model as the next version and returns its manifest. */
  async save(name: string, model: Model, options: SaveVersionOptions): Promise<ModelManifest> {
    const { windowBars, features } = model.config;
    if (options.features.length !== features) {
      throw new RangeError(
        `Cannot save model: features must have the model's ${features} names, got ${options.features.length}`,
      );
    }
    const input = options.inputExample ?? new Float32Array(windowBars * features);
    if (input.length !== windowBars * features) {
      throw new RangeError(
        `Cannot save model: inputExample must have ${
          windowBars * features
        } values, got ${input.length}`,
      );
    }
    const { exportOnnx } = await import("../onnx/mod.ts");
    const folder = this.#folder(name);
    await Deno.mkdir(folder, { recursive: true });
    const partial = join(folder, `.partial-${crypto.randomUUID()}`);
    await Deno.mkdir(partial);
    try {
      await Deno.writeFile(
        join(partial, "model.safetensors"),
        modelToBytes(model, { pipelineHash: options.pipelineHash }),
      );
      const manifest: ModelManifest = {
        name,
        version: 0,
        createdAt: new Date(this.#clock()).toISOString(),
        kind: model.kind,
        config: model.config,
        signature: signatureOf(model, options.features),
        example: { input: [...input], output: [...await predict(model, input)] },
        metrics: options.metrics ?? {},
        hyperparameters: options.hyperparameters ?? {},
        pipelineHash: options.pipelineHash ?? null,
        dataFingerprint: options.dataFingerprint ?? null,
        gitCommit: options.gitCommit ?? await currentCommit(),
        backend: options.backend ?? null,
        parentVersion: options.parentVersion ?? null,
      };
      await Deno.writeFile(
        join(partial, "model.onnx"),
        await exportOnnx(model.tf, {
          metadata: { name, pipelineHash: options.pipelineHash ?? "" },
        }),
      );
      // Renaming onto a folder that exists and is not empty fails: two writers get two numbers.
      for (let version = (await this.versions(name)).at(-1) ?? 0;;) {
        version++;
        manifest.version = version;
        await Deno.writeTextFile(
          join(partial, "manifest.json"),
          JSON.stringify(manifest, null, 2),
        );
        try {
          await Deno.rename(partial, join(folder, `v${version}`));
          return manifest;
        } catch (error) {
          if (!(await this.versions(name)).includes(version)) throw error;
        }
      }
    } catch (error) {
      await Deno.remove(partial, { recursive: true }).catch(() => {});
      throw error;
    }
  }

  /** The manifest of a version; the newest by default. */
  async manifest(name: string, version?: number): Promise<ModelManifest> {
    const versions = await this.versions(name);
    const wanted = version ?? versions.at(-1);
    if (wanted === undefined || !versions.includes(wanted)) {
      throw new RangeError(
        `Cannot load model ${name}: version must be ${
          versions.length > 0 ? `one of ${versions.join(", ")}` : "stored first"
        }, got ${wanted ?? "none"}`,
      );
    }
    const path = join(this.#folder(name), `v${wanted}`, "manifest.json");
    try {
      return JSON.parse(await Deno.readTextFile(path));
    } catch (error) {
      if (error instanceof SyntaxError) {
        throw new SyntaxError(`Cannot load model ${name}: ${path} must be whole JSON`);
      }
      throw error;
    }
  }

  /**
   * Loads a version and checks it: features, window and pipeline against what the caller has, and
   * the stored example against what the model predicts now.
   *
   * @throws {RangeError} Naming what does not match. @throws {SyntaxError} On damaged files.
   */
  async load(name: string, options: LoadVersionOptions = {}): Promise<StoredModel> {
    const manifest = await this.manifest(name, options.version);
    const what = `model ${name} v${manifest.version}`;
    checkManifest(manifest, options, what);
    const path = join(this.#folder(name), `v${manifest.version}`, "model.safetensors");
    const { model } = await loadModel(path, { name: what });
    try {
      const output = await predict(model, Float32Array.from(manifest.example.input));
      checkExample(manifest, output, what);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return { model, manifest };
  }

  /**
   * Writes a version in another format: `onnx` as one file; `tfjs` as a folder of `model.json` and
   * `weights.bin`, whose layers that TensorFlow.js lacks need this package to be loaded; `savedmodel`
   * as a folder of `saved_model.pb` and the version's manifest, for TensorFlow.
   *
   * @throws {UnsupportedOpError} If `savedmodel` has no form for an operator of the model.
   */
  async export(
    name: string,
    format: ExportFormat,
    path: string,
    options: { version?: number } = {},
  ): Promise<void> {
    if (!Object.hasOwn(exportFormats, format)) {
      throw new RangeError(
        `Cannot export model: format must be one of ${
          Object.keys(exportFormats).join(", ")
        }, got ${format}`,
      );
    }
    const manifest = await this.manifest(name, options.version);
    const folder = join(this.#folder(name), `v${manifest.version}`);
    await exportFormats[format](folder, path, manifest);
  }

  /**
   * Goes on training a stored version on new data and stores the result as the next version: a warm
   * start. The features must be the version's.
   */
  async fitIncrement(
    name: string,
    data: { train: TrainingData; validation?: TrainingData },
    config: TrainConfigInput,
    options: LoadVersionOptions & { dataFingerprint?: string; callbacks?: TrainCallbacks } = {},
  ): Promise<{ manifest: ModelManifest; result: TrainResult }> {
    const { model, manifest } = await this.load(name, options);
    try {
      const result = await trainSupervised(model, data, config, options.callbacks);
      return {
        result,
        manifest: await this.save(name, model, {
          features: manifest.signature.inputs[0].features,
          inputExample: Float32Array.from(manifest.example.input),
          metrics: {
            loss: result.best.loss,
            ...(result.best.validationLoss === undefined
              ? {}
              : { validation_loss: result.best.validationLoss }),
            ...result.best.metrics,
          },
          hyperparameters: config as Record<string, unknown>,
          pipelineHash: manifest.pipelineHash ?? undefined,
          dataFingerprint: options.dataFingerprint,
          backend: result.backend,
          parentVersion: manifest.version,
        }),
      };
    } finally {
      model.dispose();
    }
  }
}

/** The commit of the working tree, where there is one. */
async function currentCommit(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "HEAD"],
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
