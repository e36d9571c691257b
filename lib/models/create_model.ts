/**
 * The factory table and the one function that makes models from it.
 * @module
 */
import type { z } from "zod";
import { cnn } from "./cnn.ts";
import type { DropoutSite } from "./dropout.ts";
import { ensembleOf } from "./ensemble.ts";
import { hybrid } from "./hybrid.ts";
import { initialiseWeights } from "./initialise_weights.ts";
import { customLayers } from "./layers.ts";
import { logistic } from "./logistic.ts";
import { mlp } from "./mlp.ts";
import type { AnyModelConfig, Model, ModelFactory } from "./model.ts";
import { type CommonConfig, type Head, headsOf, headUnits, parseConfig } from "./model_config.ts";
import { gru, lstm } from "./recurrent.ts";
import { loadTf, type Tf, type tf } from "./tensorflow.ts";
import { transformer } from "./transformer.ts";

const single = { logistic, mlp, cnn, lstm, gru, transformer, hybrid } satisfies Record<
  string,
  ModelFactory
>;

/** Every architecture by its `kind`: adding one is a file and a row here. */
export const modelFactories = {
  ...single,
  ensemble: ensembleOf(single),
} satisfies Record<string, ModelFactory>;

export type ModelKind = keyof typeof modelFactories;

/** A model's configuration as it may be written: fields with defaults left out. */
export type ModelConfig = z.input<(typeof modelFactories)[ModelKind]["schema"]>;

/** Names of all architectures. */
export const modelKinds = Object.keys(modelFactories) as ModelKind[];

/**
 * The configuration with every default written out.
 *
 * @throws {RangeError} Naming the field, what is allowed and the value.
 */
export function parseModelConfig(config: unknown): AnyModelConfig {
  const kind = (config as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(modelFactories, kind)) {
    throw new RangeError(
      `Cannot create model: kind must be one of ${modelKinds.join(", ")}, got ${kind}`,
    );
  }
  const factory = modelFactories[kind as ModelKind] as ModelFactory;
  const parsed = parseConfig(factory.schema, config, "create model") as AnyModelConfig;
  headsOf(parsed);
  factory.validate?.(parsed);
  return parsed;
}

/**
 * Makes a model. The same configuration (with its seed) gives the same weights on every backend.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createModel } from "./create_model.ts";
 * const model = await createModel({ kind: "mlp", windowBars: 16, features: 4, units: 8, seed: 7 });
 * assert.equal(model.parameters, (16 * 4 + 1) * 8 + (8 + 1) * 8 + (8 + 1));
 * model.dispose();
 * ```
 *
 * @throws {RangeError} Naming the field, what is allowed and the value.
 */
export async function createModel(config: ModelConfig | AnyModelConfig): Promise<Model> {
  const parsed = parseModelConfig(config);
  const tf = await loadTf();
  return buildModel(tf, parsed);
}

/** As {@linkcode createModel}, from a parsed configuration. */
function buildModel(tf: Tf, config: AnyModelConfig): Model {
  const factory = modelFactories[config.kind as ModelKind] as ModelFactory;
  const heads = headsOf(config as CommonConfig);
  const dropoutSites: DropoutSite[] = [];
  const input = tf.input({ shape: [config.windowBars, config.features], name: "window" });
  const body = factory.build(config, { tf, input, dropoutSites });
  const units = heads.map(headUnits);
  const total = units.reduce((a, b) => a + b, 0);
  const logits = factory.givesLogits
    ? body
    : tf.layers.dense({ units: total, kernelInitializer: "zeros", name: "logits" })
      .apply(body) as tf.SymbolicTensor;
  const outputs = heads.map((head, i) => {
    const from = units.slice(0, i).reduce((a, b) => a + b, 0);
    const part = heads.length === 1 ? logits : headSlice(tf, logits, from, units[i], head);
    return tf.layers.activation({ activation: linkOf(head), name: head.name })
      .apply(part) as tf.SymbolicTensor;
  });
  const full = tf.model({ inputs: input, outputs, name: config.kind });
  const trained = tf.model({ inputs: input, outputs: logits, name: `${config.kind}_logits` });
  initialiseWeights(tf, full, config.seed);
  return {
    kind: config.kind,
    config,
    tf: full,
    logits: trained,
    heads,
    parameters: full.countParams(),
    dropoutSites,
    dispose: () => {
      full.dispose();
    },
  };
}

/** The activation from a head's logits to its prediction. */
function linkOf(head: Head): "softmax" | "sigmoid" | "linear" | "tanh" {
  switch (head.kind) {
    case "classification":
      return "softmax";
    case "binary":
      return "sigmoid";
    case "position":
      return "tanh";
    default:
      return "linear";
  }
}

/** One head's columns of the logits. */
function headSlice(
  tf: Tf,
  logits: tf.SymbolicTensor,
  from: number,
  units: number,
  head: Head,
): tf.SymbolicTensor {
  const { ColumnSlice } = customLayers(tf);
  return new ColumnSlice({ from, units, name: `${head.name}_logits` }).apply(
    logits,
  ) as tf.SymbolicTensor;
}
