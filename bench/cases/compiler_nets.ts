/**
 * The networks of the compiler's benchmark, in TensorFlow.js; bench/peers/compiler_pytorch.py has the
 * same ones in PyTorch.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { InputSpec, LossFunction } from "../../lib/onnx/mod.ts";

/** A network with its loss, on batches of a given size. */
export interface Net {
  variables: tf.Variable[];
  inputs: Record<string, InputSpec>;
  loss: LossFunction;
  dispose(): void;
}

type Weight = { val: tf.Variable };

/** Squared error of a layers model with three outputs. */
function regression(model: tf.LayersModel, batch: number): Net {
  const shape = [batch, ...model.inputs[0].shape.slice(1) as number[]];
  return {
    variables: model.trainableWeights.map((w) => (w as unknown as Weight).val),
    inputs: { x: { shape }, y: { shape: [batch, 3] } },
    loss: ({ x, y }) =>
      tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor),
    dispose: () => model.dispose(),
  };
}

function mlp(batch: number): Net {
  return regression(
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 64, activation: "relu", inputShape: [32] }),
        tf.layers.dense({ units: 64, activation: "relu" }),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    batch,
  );
}

/** Clipped policy loss, value loss and entropy on the same network with a value head. */
function ppo(batch: number): Net {
  const body = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "tanh", inputShape: [32] }),
      tf.layers.dense({ units: 64, activation: "tanh" }),
    ],
  });
  const policy = tf.layers.dense({ units: 3, inputShape: [64] });
  const value = tf.layers.dense({ units: 1, inputShape: [64] });
  policy.build([null, 64]);
  value.build([null, 64]);
  const weights = [...body.trainableWeights, ...policy.trainableWeights, ...value.trainableWeights];
  return {
    variables: weights.map((w) => (w as unknown as Weight).val),
    inputs: {
      x: { shape: [batch, 32] },
      action: { shape: [batch, 3] },
      oldLogProbability: { shape: [batch] },
      advantage: { shape: [batch] },
      return: { shape: [batch] },
    },
    loss: (t) => {
      const features = body.apply(t.x) as tf.Tensor;
      const logits = tf.logSoftmax(policy.apply(features) as tf.Tensor);
      const logProbability = tf.sum(tf.mul(logits, t.action), 1);
      const ratio = tf.exp(tf.sub(logProbability, t.oldLogProbability));
      const unclipped = tf.mul(ratio, t.advantage);
      const clipped = tf.mul(tf.clipByValue(ratio, 0.8, 1.2), t.advantage);
      const policyLoss = tf.neg(tf.mean(tf.minimum(unclipped, clipped)));
      const predicted = tf.reshape(value.apply(features) as tf.Tensor, [-1]);
      const valueLoss = tf.mean(tf.square(tf.sub(predicted, t.return)));
      const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), 1)));
      return tf.sub(tf.add(policyLoss, tf.mul(valueLoss, 0.5)), tf.mul(entropy, 0.01));
    },
    dispose: () => tf.dispose(weights.map((w) => (w as unknown as Weight).val)),
  };
}

function cnn(batch: number): Net {
  return regression(
    tf.sequential({
      layers: [
        tf.layers.conv1d({
          filters: 64,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          inputShape: [64, 16],
        }),
        tf.layers.conv1d({ filters: 64, kernelSize: 3, padding: "same", activation: "relu" }),
        tf.layers.globalAveragePooling1d(),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    batch,
  );
}

function recurrent(kind: "lstm" | "gru", batch: number): Net {
  const args = { units: 32, inputShape: [32, 16], recurrentActivation: "sigmoid" as const };
  return regression(
    tf.sequential({
      layers: [
        kind === "lstm" ? tf.layers.lstm(args) : tf.layers.gru(args),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    batch,
  );
}

function hybrid(batch: number): Net {
  return regression(
    tf.sequential({
      layers: [
        tf.layers.conv1d({
          filters: 32,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          inputShape: [64, 16],
        }),
        tf.layers.maxPooling1d({ poolSize: 2 }),
        tf.layers.lstm({ units: 32, recurrentActivation: "sigmoid" }),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    batch,
  );
}

/** Encoder blocks (attention, feed-forward, each with a residual and layer normalisation). */
function transformer(
  batch: number,
  { time, width, heads, inner, blocks }: Record<
    "time" | "width" | "heads" | "inner" | "blocks",
    number
  >,
): Net {
  const layers: tf.layers.Layer[] = [];
  const own = <T extends tf.layers.Layer>(layer: T, shape: (number | null)[]): T => {
    layer.build(shape);
    layers.push(layer);
    return layer;
  };
  const dense = (from: number, units: number, activation?: "relu") =>
    own(tf.layers.dense({ units, activation, inputShape: [time, from] }), [null, time, from]);
  const norm = () => own(tf.layers.layerNormalization({ epsilon: 1e-5 }), [null, time, width]);
  const embed = dense(16, width);
  const stack = Array.from({ length: blocks }, () => ({
    query: dense(width, width),
    key: dense(width, width),
    value: dense(width, width),
    out: dense(width, width),
    first: dense(width, inner, "relu"),
    second: dense(inner, width),
    norm1: norm(),
    norm2: norm(),
  }));
  const head = own(tf.layers.dense({ units: 3, inputShape: [width] }), [null, width]);
  const depth = width / heads;
  const split = (x: tf.Tensor) =>
    tf.transpose(tf.reshape(x, [x.shape[0]!, time, heads, depth]), [0, 2, 1, 3]);
  const call = (layer: tf.layers.Layer, x: tf.Tensor) => layer.apply(x) as tf.Tensor;
  return {
    variables: layers.flatMap((l) => l.trainableWeights).map((w) => (w as unknown as Weight).val),
    inputs: { x: { shape: [batch, time, 16] }, y: { shape: [batch, 3] } },
    loss: ({ x, y }) => {
      let h = call(embed, x);
      for (const b of stack) {
        const [q, k, v] = [b.query, b.key, b.value].map((l) => split(call(l, h)));
        const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depth));
        const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]);
        const attended = call(b.out, tf.reshape(mixed, [x.shape[0]!, time, width]));
        h = call(b.norm1, tf.add(h, attended));
        h = call(b.norm2, tf.add(h, call(b.second, call(b.first, h))));
      }
      return tf.losses.meanSquaredError(y, call(head, tf.mean(h, 1)));
    },
    dispose: () =>
      layers.forEach((l) => tf.dispose(l.weights.map((w) => (w as unknown as Weight).val))),
  };
}

/** Rows at a time of a large batch, where parts are faster than the whole. */
export const microBatches: Record<string, number | undefined> = {
  cnn: 32,
  lstm: 128,
  gru: 128,
  transformer: 32,
  hybrid: 64,
  "transformer-1m": 16,
};

/** Whether a batch may be worth computing in parts. */
export const isLarge = (net: string, batch: number): boolean =>
  batch > 64 || net === "transformer-1m";

/** Networks by case name. */
export const nets: Record<string, (batch: number) => Net> = {
  mlp,
  ppo,
  cnn,
  lstm: (batch) => recurrent("lstm", batch),
  gru: (batch) => recurrent("gru", batch),
  transformer: (batch) =>
    transformer(batch, { time: 32, width: 32, heads: 4, inner: 64, blocks: 1 }),
  hybrid,
  // 1.05 million parameters
  "transformer-1m": (batch) =>
    transformer(batch, { time: 32, width: 128, heads: 8, inner: 768, blocks: 4 }),
};
