/**
 * Loss and gradient as one compiled graph, for updates that are done outside of it.
 * @module
 */
import { compile } from "../onnx/mod.ts";
import { loadTf, type Model } from "../models/mod.ts";
import { type GradientFunction, trainableVariables } from "./engine.ts";
import { encodedWidth, type Loss, lossFunction } from "./losses.ts";
import type * as tfTypes from "@tensorflow/tfjs";

type Tensor = tfTypes.Tensor;

/**
 * Gradients by ONNX Runtime; one graph is kept for each size of batch.
 *
 * @throws {UnsupportedOpError} If a kernel of the model or the loss has no translation.
 */
export async function compiledGradients(
  model: Model,
  losses: readonly Loss[],
  batchSize: number,
): Promise<{ gradients: GradientFunction; dispose(): void }> {
  const tf = await loadTf();
  const variables = trainableVariables(model);
  const lossOf = lossFunction(tf, model.heads, losses);
  const width = encodedWidth(model.heads);
  const { windowBars, features } = model.config;
  const sites = model.dropoutSites;
  const shapes = (n: number) => [
    [n, windowBars, features],
    [n, width],
    [n],
    ...sites.map((s) => [n, ...s.shape]),
  ];
  const compiled = await compile((x, y, weights, ...masks) => {
    sites.forEach((site, i) => site.mask = masks[i]);
    try {
      const { value, grads } = tf.variableGrads(
        () => lossOf(model.logits.apply(x, { training: true }) as Tensor, y, weights),
        variables,
      );
      const flat = variables.map((v) => tf.reshape(grads[v.name] ?? tf.zerosLike(v), [-1]));
      return { loss: value, gradient: tf.concat(flat) };
    } finally {
      for (const site of sites) site.mask = null;
    }
  }, shapes(batchSize).map((shape) => ({ shape })));
  return {
    gradients: ({ n, x, y, weights }, masks) => {
      const data = [x, y, weights, ...masks];
      const { loss, gradient } = compiled.run(
        ...shapes(n).map((shape, i) => ({ data: data[i], shape })),
      );
      return {
        loss: Number(loss.data[0]),
        gradient: (gradient.data as Float32Array).slice(),
      };
    },
    dispose: () => compiled.dispose(),
  };
}
