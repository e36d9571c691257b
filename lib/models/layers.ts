/**
 * Layers that TensorFlow.js lacks, registered for loading under the package name `tapebook`.
 * @module
 */
import { causalMask, layerNormalisation, selfAttention, sinusoidalPositions } from "./attention.ts";
import { gruSequence } from "./recurrent_sequence.ts";
import { isTracing, type Tf, type tf } from "./tensorflow.ts";

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

  /** Multi-head self-attention over tokens; `causal` hides later bars. */
  class SelfAttention extends tf.layers.Layer {
    static className = "SelfAttention";
    readonly heads: number;
    readonly causal: boolean;
    /** Runs of bars that the tokens are made of: the mask compares bars, not tokens. */
    readonly groups: number;
    /** When set, is handed the weights of each call, [n * heads, tokens, tokens]. */
    onWeights?: (weights: tf.Tensor) => void;
    #weights: tf.LayerVariable[] = [];
    constructor(config: { heads: number; causal: boolean; groups?: number; name?: string }) {
      super(config as unknown as ConstructorParameters<typeof tf.layers.Layer>[0]);
      this.heads = config.heads;
      this.causal = config.causal;
      this.groups = config.groups ?? 1;
    }
    override build(shape: tf.Shape | tf.Shape[]): void {
      const width = singleShape(shape)[2]!;
      const zeros = tf.initializers.zeros();
      this.#weights = [
        this.addWeight("kernel", [width, 3 * width], "float32", zeros),
        this.addWeight("bias", [3 * width], "float32", zeros),
        this.addWeight("out_kernel", [width, width], "float32", zeros),
        this.addWeight("out_bias", [width], "float32", zeros),
      ];
      super.build(shape);
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      return singleShape(shape);
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      const tokens = x.shape[1]!;
      const [kernel, bias, outKernel, outBias] = this.#weights.map((w) => w.read());
      const mask = this.causal
        ? tf.tensor(causalMask(tokens / this.groups, this.groups), [1, tokens, tokens])
        : null;
      return selfAttention(
        tf,
        x,
        this.heads,
        kernel as tf.Tensor2D,
        bias,
        outKernel as tf.Tensor2D,
        outBias,
        mask,
        this.onWeights,
      );
    }
    override getConfig() {
      const { heads, causal, groups } = this;
      return { ...super.getConfig(), heads, causal, groups };
    }
  }

  /**
   * Tokens of a window: each group of features gets its own projection and its own token per bar;
   * positions (and, with several groups, a learned mark of the group) are added. The tokens
   * [n, groups * time, width] stand group after group.
   */
  class TokenEmbedding extends tf.layers.Layer {
    static className = "TokenEmbedding";
    readonly groups: readonly number[];
    readonly width: number;
    readonly position: "sinusoidal" | "learned" | "none";
    #kernels: tf.LayerVariable[] = [];
    #bias?: tf.LayerVariable;
    #position?: tf.LayerVariable;
    constructor(config: {
      groups: readonly number[];
      width: number;
      position: "sinusoidal" | "learned" | "none";
      name?: string;
    }) {
      super(config as unknown as ConstructorParameters<typeof tf.layers.Layer>[0]);
      this.groups = config.groups;
      this.width = config.width;
      this.position = config.position;
    }
    override build(shape: tf.Shape | tf.Shape[]): void {
      const time = singleShape(shape)[1]!;
      const zeros = tf.initializers.zeros();
      const { width, groups } = this;
      this.#kernels = groups.map((features, g) =>
        this.addWeight(`group${g + 1}_kernel`, [features, width], "float32", zeros)
      );
      // One bias per group: it is the mark of the group, too.
      this.#bias = this.addWeight("group_embedding", [groups.length, width], "float32", zeros);
      if (this.position === "learned") {
        this.#position = this.addWeight("position", [time, width], "float32", zeros);
      }
      super.build(shape);
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [n, time] = singleShape(shape);
      return [n, time! * this.groups.length, this.width];
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      const [n, time] = x.shape;
      const { width } = this;
      const position = this.position === "none"
        ? null
        : this.position === "learned"
        ? this.#position!.read()
        : tf.tensor(sinusoidalPositions(time, width), [time, width]);
      let from = 0;
      const tokens = this.groups.map((features, g) => {
        const part = this.groups.length === 1 ? x : tf.slice(x, [0, 0, from], [n, time, features]);
        from += features;
        const bias = tf.slice(this.#bias!.read(), [g, 0], [1, width]);
        const projected = tf.add(
          tf.matMul(
            tf.reshape(part, [n * time, features]),
            this.#kernels[g].read() as tf.Tensor2D,
          ),
          bias,
        );
        const token = tf.reshape(projected, [n, time, width]);
        return position ? tf.add(token, position) : token;
      });
      return tokens.length === 1 ? tokens[0] : tf.concat(tokens, 1);
    }
    override getConfig() {
      const { groups, width, position } = this;
      return { ...super.getConfig(), groups: [...groups], width, position };
    }
  }

  /** Puts the groups' tokens of a bar side by side: [n, groups * time, width] -> [n, time, groups * width]. */
  class JoinGroups extends tf.layers.Layer {
    static className = "JoinGroups";
    readonly groups: number;
    constructor(config: { groups: number; name?: string }) {
      super(config as unknown as ConstructorParameters<typeof tf.layers.Layer>[0]);
      this.groups = config.groups;
    }
    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [n, tokens, width] = singleShape(shape);
      return [n, tokens! / this.groups, this.groups * width!];
    }
    override call(inputs: Inputs): tf.Tensor {
      const x = single(inputs);
      const [n, tokens, width] = x.shape;
      const time = tokens / this.groups;
      const apart = tf.transpose(tf.reshape(x, [n, this.groups, time, width]), [0, 2, 1, 3]);
      return tf.reshape(apart, [n, time, this.groups * width]);
    }
    override getConfig() {
      return { ...super.getConfig(), groups: this.groups };
    }
  }

  const classes = {
    SelfAttention,
    TokenEmbedding,
    JoinGroups,
    ColumnSlice,
    LastBar,
    ReverseTime,
    AttentionPooling,
    Gru,
  };
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

/** Normalises each token's values, then scales and shifts them: TensorFlow.js's own layer. */
export function normaliseTokens(
  tf: Tf,
  x: tf.SymbolicTensor,
  name: string,
): tf.SymbolicTensor {
  const epsilon = 1e-5;
  const layer = tf.layers.layerNormalization({ axis: -1, epsilon, name });
  const native = Object.getPrototypeOf(layer) as tf.layers.Layer;
  layer.call = (inputs, kwargs) => {
    // The compiler has a fused form of its own for this layer.
    if (isTracing(tf)) return native.call.call(layer, inputs, kwargs);
    const [gamma, beta] = layer.weights.map((w) => w.read());
    return layerNormalisation(tf, single(inputs), gamma, beta, epsilon);
  };
  return layer.apply(x) as tf.SymbolicTensor;
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
