/**
 * What a model is, whatever its architecture.
 * @module
 */
import type { z } from "zod";
import type { CommonConfig, Head } from "./model_config.ts";
import type { DropoutSite } from "./dropout.ts";
import type { Tf, tf } from "./tensorflow.ts";

/** A network ready to train and to predict. */
export interface Model<C extends CommonConfig & { kind: string } = AnyModelConfig> {
  readonly kind: string;
  /** The validated configuration, every default written out. */
  readonly config: C;
  /**
   * Windows [n, windowBars, features] to predictions: probabilities of each class, probabilities,
   * values or positions, one output per head.
   */
  readonly tf: tf.LayersModel;
  /** The same network up to the heads' logits, one tensor [n, units of all heads]: what losses read. */
  readonly logits: tf.LayersModel;
  readonly heads: readonly Head[];
  /** Number of trainable values. */
  readonly parameters: number;
  /** Dropout layers, whose masks the trainer sets. */
  readonly dropoutSites: readonly DropoutSite[];
  /** Frees the weights. */
  dispose(): void;
}

/** A configuration as any architecture has it. */
export type AnyModelConfig = CommonConfig & { kind: string } & Record<string, unknown>;

/** What an architecture's builder gets besides its configuration. */
export interface BuildContext {
  tf: Tf;
  /** The input, [n, windowBars, features]. */
  input: tf.SymbolicTensor;
  /** Where `dropout()` registers its layers. */
  dropoutSites: DropoutSite[];
}

/** A row of the factory table: how an architecture's configuration is checked and built. */
export interface ModelFactory<S extends z.ZodType = z.ZodType> {
  schema: S;
  /** Checks that concern several fields at once; throws a RangeError. */
  validate?(config: z.output<S>): void;
  /** `build` gives the logits themselves, not a body that a last layer reads. */
  givesLogits?: boolean;
  /** The body: from the input to a vector [n, units] that the heads read. */
  build(config: z.output<S>, context: BuildContext): tf.SymbolicTensor;
}

/** Types a row of the table. */
export function defineModel<S extends z.ZodType>(factory: ModelFactory<S>): ModelFactory<S> {
  return factory;
}
