/**
 * Layers that TensorFlow.js lacks, registered for loading under the package name `tapebook`.
 * @module
 */
import { gruSequence } from "./recurrent_sequence.ts";
import type { Tf, tf } from "./tensorflow.ts";

type Inputs = tf.Tensor | tf.Tensor[];
const single = (inputs: Inputs) => Array.isArray(inputs) ? inputs[0] : inputs;
type Shape = (number | null)[];
const singleShape = (shape: tf.Shape | tf.Shape[]): Shape =>
  (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

/** How a sequence [n, time, features] becomes one vector [n, features]. */
export type Pooling = "last" | "average" | "max" | "attention";

function makeLayers(tf: Tf) {
  /** Values of the last bar: [n, time, features] -> [n, features]. */
  class LastBar extends tf.layers.Layer {
    static className = "LastBar";
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [n, , features] = singleShape(shape);
      return [n, features];
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      const [n, time, features] = x.shape;
      return tf.reshape(tf.slice(x, [0, time - 1, 0], [n, 1, features]), [n, features]);
    }
  }

  /** Time backwards: what a bidirectional layer's second half reads and gives back. */
  class ReverseTime extends tf.layers.Layer {
    static className = "ReverseTime";
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      return singleShape(shape);
    }
    override call(inputs: Inputs): tf.Tensor {
      return tf.reverse(single(inputs), 1);
    }
  }

  /** Weighted mean over time; the weights are a softmax of a learned score of each bar. */
  class AttentionPooling extends tf.layers.Layer {
    static className = "AttentionPooling";
    #score?: tf.LayerVariable;
    override build(shape: tf.Shape | tf.Shape[]): void {
      const features = singleShape(shape)[2]!;
      this.#score = this.addWeight(
        "score",
        [features, 1],
        "float32",
        tf.initializers.zeros(),
      );
      super.build(shape);
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [n, , features] = singleShape(shape);
      return [n, features];
    }
    /** Attention of each bar, [n, time]. */
    weightsOf(x: tf.Tensor): tf.Tensor2D {
      const [n, time, features] = x.shape;
      const scores = tf.matMul(
        tf.reshape(x, [n * time, features]),
        this.#score!.read() as tf.Tensor2D,
      );
      return tf.softmax(tf.reshape(scores, [n, time])) as tf.Tensor2D;
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      const [n, time, features] = x.shape;
      const weights = tf.reshape(this.weightsOf(x), [n, 1, time]);
      return tf.reshape(tf.matMul(weights, x), [n, features]);
    }
  }

  /** GRU whose reset gate acts after the recurrent product; all hidden states, [n, time, units]. */
  class Gru extends tf.layers.Layer {
    static className = "Gru";
    readonly units: number;
    #weights: tf.LayerVariable[] = [];
    constructor(config: { units: number; name?: string }) {
      super(config as unknown as ConstructorParameters<typeof tf.layers.Layer>[0]);
      this.units = config.units;
    }
    override build(shape: tf.Shape | tf.Shape[]): void {
      const features = singleShape(shape)[2]!;
      const zeros = tf.initializers.zeros();
      const { units } = this;
      this.#weights = [
        this.addWeight("kernel", [features, 3 * units], "float32", zeros),
        this.addWeight("recurrent_kernel", [units, 3 * units], "float32", zeros),
        this.addWeight("bias", [3 * units], "float32", zeros),
        this.addWeight("recurrent_bias", [3 * units], "float32", zeros),
      ];
      super.build(shape);
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [n, time] = singleShape(shape);
      return [n, time, this.units];
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = tf.transpose(single(inputs), [1, 0, 2]) as tf.Tensor3D;
      const [kernel, recurrent, bias, recurrentBias] = this.#weights.map((w) => w.read());
      const hidden = gruSequence(
        tf,
        x,
        kernel as tf.Tensor2D,
        recurrent as tf.Tensor2D,
        bias as tf.Tensor1D,
        recurrentBias as tf.Tensor1D,
      );
      return tf.transpose(hidden, [1, 0, 2]);
    }
    override getConfig() {
      return { ...super.getConfig(), units: this.units };
    }
  }

  /** Columns `from` to `from + units` of a vector: [n, all] -> [n, units]. */
  class ColumnSlice extends tf.layers.Layer {
    static className = "ColumnSlice";
    readonly from: number;
    readonly units: number;
    constructor(config: { from: number; units: number; name?: string }) {
      super(config as unknown as ConstructorParameters<typeof tf.layers.Layer>[0]);
      this.from = config.from;
      this.units = config.units;
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      return [singleShape(shape)[0], this.units];
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      return tf.slice(x, [0, this.from], [x.shape[0], this.units]);
    }
    override getConfig() {
      return { ...super.getConfig(), from: this.from, units: this.units };
    }
  }

  const classes = { ColumnSlice, LastBar, ReverseTime, AttentionPooling, Gru };
  for (const layer of Object.values(classes)) {
    tf.serialization.registerClass(
      layer as unknown as Parameters<typeof tf.serialization.registerClass>[0],
      "tapebook",
      layer.className,
    );
  }
  return classes;
}

let made: ReturnType<typeof makeLayers> | undefined;

/** The layer classes, made (and registered for loading) once. */
export function customLayers(tf: Tf): ReturnType<typeof makeLayers> {
  return made ??= makeLayers(tf);
}

/** Pools a sequence over time. */
export function poolTime(
  tf: Tf,
  x: tf.SymbolicTensor,
  pooling: Pooling,
  name = "pooling",
): tf.SymbolicTensor {
  const { LastBar, AttentionPooling } = customLayers(tf);
  const layer = pooling === "last"
    ? new LastBar({ name })
    : pooling === "attention"
    ? new AttentionPooling({ name })
    : pooling === "average"
    ? tf.layers.globalAveragePooling1d({ name })
    : tf.layers.globalMaxPooling1d({ name });
  return layer.apply(x) as tf.SymbolicTensor;
}
