import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compileStep, type GeneralStepOptions } from "../mod.ts";
import { close, normal } from "../_close.ts";
import { gradientProgram, laneSpecs } from "./lane_graphs.ts";

await tf.setBackend("cpu");

Deno.test("lanes with a head between two graphs take the step of one thread, shared numbers as they change", async () => {
  const batchSize = 64, rows = 3 * batchSize;
  const weights = [[5, 12], [12], [12, 3], [3]].map((shape, i) =>
    tf.variable(tf.tensor(normal(shape.reduce((a, b) => a * b), i).map((v) => 0.4 * v), shape))
  );
  const [first, firstBias, second, secondBias] = weights;
  const options: GeneralStepOptions = {
    variables: weights,
    inputs: {
      x: { shape: [batchSize, 5] },
      y: { shape: [batchSize, 3] },
      coefficient: { shape: [] },
    },
    loss: (t) => {
      const hidden = tf.relu(
        tf.add(tf.matMul(t.x as tf.Tensor2D, first as tf.Tensor2D), firstBias),
      );
      const logits = tf.add(tf.matMul(hidden, second as tf.Tensor2D), secondBias);
      const chances = tf.softmax(logits as tf.Tensor2D);
      const entropy = tf.neg(tf.mean(tf.sum(tf.mul(chances, tf.log(chances)), 1)));
      const fit = tf.losses.meanSquaredError(t.y, logits) as tf.Tensor;
      return { loss: tf.sub(fit, tf.mul(entropy, t.coefficient)), entropy };
    },
    optimizer: { kind: "adam", learningRate: 0.01 },
    clipNorm: 0.5,
  };
  for (const microBatch of [undefined, 16]) {
    const { program } = gradientProgram(
      weights,
      options.loss,
      laneSpecs(options.inputs, 2),
      { lanes: 2, microBatch },
    );
    assert.ok(program.head, "a head is found");
    const one = await compileStep(options);
    const two = await compileStep({ ...options, lanes: 2, microBatch });
    const single = await compileStep({ ...options, lanes: 2, microBatch });
    const data = {
      x: normal(rows * 5, 1),
      y: normal(rows * 3, 2),
      coefficient: new Float32Array(1),
    };
    const indices = Int32Array.from({ length: rows }, (_, i) => (i * 7) % rows);
    for (const coefficient of [0.01, 0.5]) {
      // The same array: no thread is told of it again.
      data.coefficient[0] = coefficient;
      const want = one.epochMetrics(data, indices), got = two.epochMetrics(data, indices);
      close(got.loss, want.loss, 1e-5, "losses");
      close(got.entropy, want.entropy, 1e-5, "entropies");
      const rowsOf = (all: Float32Array, width: number, at: Int32Array) =>
        Float32Array.from([...at].flatMap((i) => [...all.subarray(i * width, (i + 1) * width)]));
      const losses = [0, 1, 2].map((i) => {
        const at = indices.subarray(i * batchSize, (i + 1) * batchSize);
        const { coefficient } = data;
        return single.stepFeeds({ x: rowsOf(data.x, 5, at), y: rowsOf(data.y, 3, at), coefficient })
          .loss;
      });
      assert.deepEqual([...got.loss], losses, "an epoch has the bits of its single steps");
    }
    close(two.state().parameters, one.state().parameters, 1e-4, "parameters");
    assert.deepEqual(two.state(), single.state());
    for (const step of [one, two, single]) step.dispose();
  }
  tf.dispose(weights);
});
