/** Layers against PyTorch's: outputs and gradients, relative 1e-5 (float32 against float64). */
import assert from "node:assert/strict";
import { causalMask, layerNormalisation, selfAttention } from "./attention.ts";
import { gruSequence, lstmSequence } from "./recurrent_sequence.ts";
import { convolveByProduct } from "./temporal_convolution.ts";
import { loadTf, type Tf, type tf as tfTypes } from "./tensorflow.ts";
import fixture from "./testdata/layers.json" with { type: "json" };

interface Case {
  inputs: Record<string, { shape: number[]; values: number[] }>;
  outputWeights: number[];
  output: number[];
  gradients: Record<string, number[]>;
}
type T = tfTypes.Tensor;
// PyTorch's gates stand in the order input, forget, cell, output, as ours; GRU: reset, update, new.
const layers: Record<string, (tf: Tf, ...inputs: T[]) => T> = {
  lstm: (tf, x, w, u, b) =>
    lstmSequence(
      tf,
      x as tfTypes.Tensor3D,
      w as tfTypes.Tensor2D,
      u as tfTypes.Tensor2D,
      b as tfTypes.Tensor1D,
    ),
  gru: (tf, x, w, u, b, rb) =>
    gruSequence(
      tf,
      x as tfTypes.Tensor3D,
      w as tfTypes.Tensor2D,
      u as tfTypes.Tensor2D,
      b as tfTypes.Tensor1D,
      rb as tfTypes.Tensor1D,
    ),
  layerNorm: (tf, x, gamma, beta) => layerNormalisation(tf, x, gamma, beta),
  attention: (tf, x, w, b, ow, ob) =>
    selfAttention(
      tf,
      x,
      2,
      w as tfTypes.Tensor2D,
      b,
      ow as tfTypes.Tensor2D,
      ob,
      tf.tensor(causalMask(4, 1), [1, 4, 4]),
    ),
  causalConvolution: (tf, x, w, b) =>
    convolveByProduct(tf, x as tfTypes.Tensor3D, w as tfTypes.Tensor3D, b as tfTypes.Tensor1D, {
      dilation: 2,
      causal: true,
    }),
  convolution: (tf, x, w, b) =>
    convolveByProduct(tf, x as tfTypes.Tensor3D, w as tfTypes.Tensor3D, b as tfTypes.Tensor1D, {
      dilation: 2,
      causal: false,
    }),
};

const near = (actual: ArrayLike<number>, expected: number[], what: string) => {
  assert.equal(actual.length, expected.length, what);
  const scale = Math.max(...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= 1e-5 * scale,
      `${what}[${i}]: ${actual[i]} is not ${expected[i]}`,
    );
  }
};

for (const [name, layer] of Object.entries(layers)) {
  Deno.test(`${name} has the outputs and gradients of PyTorch's`, async () => {
    const tf = await loadTf();
    const { inputs, outputWeights, output, gradients } =
      (fixture as unknown as Record<string, Case>)[name];
    tf.tidy(() => {
      const names = Object.keys(inputs);
      const tensors = names.map((k) => tf.tensor(inputs[k].values, inputs[k].shape));
      const y = layer(tf, ...tensors);
      near(y.dataSync(), output, "output");
      const weights = tf.tensor(outputWeights, y.shape);
      const grads = tf.grads((...args: T[]) => tf.sum(tf.mul(layer(tf, ...args), weights)))(
        tensors,
      );
      names.forEach((k, i) => near(grads[i].dataSync(), gradients[k], `gradient of ${k}`));
    });
  });
}

Deno.test("a causal mask of several groups compares bars, not tokens", () => {
  const mask = causalMask(2, 2);
  // Tokens: group 1 bar 0, group 1 bar 1, group 2 bar 0, group 2 bar 1.
  assert.deepEqual([...mask].map((v) => v === 0 ? 1 : 0), [
    ...[1, 0, 1, 0],
    ...[1, 1, 1, 1],
    ...[1, 0, 1, 0],
    ...[1, 1, 1, 1],
  ]);
});
