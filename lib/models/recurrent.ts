/**
 * LSTM and GRU, stacked, one- or bidirectional.
 * @module
 */
import { z } from "zod";
import { dropout, type DropoutSite } from "./dropout.ts";
import { customLayers, poolTime } from "./layers.ts";
import { commonFields, layerWidths, widthsSchema } from "./model_config.ts";
import { defineModel } from "./model.ts";
import { lstmSequence } from "./recurrent_sequence.ts";
import { isTracing, type Tf, type tf } from "./tensorflow.ts";

export const recurrentFields = {
  units: widthsSchema.default(32),
  layers: z.int().min(1).max(16).default(1),
  /** Reads the window backwards, too, and joins both. */
  bidirectional: z.boolean().default(false),
  /** How the states of all bars become one vector. */
  pooling: z.enum(["last", "average", "max", "attention"]).default("last"),
};

export interface RecurrentConfig {
  units: number | number[];
  layers: number;
  bidirectional: boolean;
  dropout: number;
}

/**
 * TensorFlow.js's own LSTM layer (weights, name, serialised form), computed as one fused sequence.
 * Gives the hidden states of all bars.
 */
function lstmLayer(tf: Tf, units: number, name: string): tf.layers.Layer {
  const layer = tf.layers.lstm({
    units,
    name,
    returnSequences: true,
    recurrentActivation: "sigmoid",
    kernelInitializer: "zeros",
    recurrentInitializer: "zeros",
    biasInitializer: "zeros",
    unitForgetBias: false,
  });
  const native = Object.getPrototypeOf(layer) as tf.layers.Layer;
  layer.call = (inputs, kwargs) => {
    // The compiler has a fused form of its own for this layer.
    if (isTracing(tf)) return native.call.call(layer, inputs, kwargs);
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
    const [kernel, recurrentKernel, bias] = layer.weights.map((w) => w.read());
    const hidden = lstmSequence(
      tf,
      tf.transpose(x, [1, 0, 2]) as tf.Tensor3D,
      kernel as tf.Tensor2D,
      recurrentKernel as tf.Tensor2D,
      bias as tf.Tensor1D,
    );
    return tf.transpose(hidden, [1, 0, 2]);
  };
  return layer;
}

/** A stack of recurrent layers: [n, time, features] -> [n, time, units]. */
export function recurrentStack(
  tf: Tf,
  input: tf.SymbolicTensor,
  cell: "lstm" | "gru",
  config: RecurrentConfig,
  sites: DropoutSite[],
): tf.SymbolicTensor {
  const { Gru, ReverseTime } = customLayers(tf);
  const make = (units: number, name: string) =>
    cell === "lstm" ? lstmLayer(tf, units, name) : new Gru({ units, name });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) =>
    layer.apply(x) as tf.SymbolicTensor;
  let x = input;
  layerWidths(config.units, config.layers).forEach((units, i) => {
    const name = `${cell}_${i + 1}`;
    const forward = apply(make(units, name), x);
    if (config.bidirectional) {
      const reversed = apply(new ReverseTime({ name: `${name}_reverse_in` }), x);
      const states = apply(make(units, `${name}_backward`), reversed);
      const backward = apply(new ReverseTime({ name: `${name}_reverse_out` }), states);
      x = tf.layers.concatenate({ name: `${name}_both` }).apply([
        forward,
        backward,
      ]) as tf.SymbolicTensor;
    } else x = forward;
    x = dropout(tf, x, config.dropout, sites);
  });
  return x;
}

function recurrent<K extends "lstm" | "gru">(kind: K) {
  return defineModel({
    schema: z.strictObject({ kind: z.literal(kind), ...commonFields, ...recurrentFields }),
    build(config, { tf, input, dropoutSites }) {
      const c = config as unknown as RecurrentConfig & { pooling: "last" };
      return poolTime(tf, recurrentStack(tf, input, kind, c, dropoutSites), c.pooling);
    },
  });
}

export const lstm = recurrent("lstm");
export const gru = recurrent("gru");
