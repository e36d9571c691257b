/**
 * The two graphs that a worker runs: acting on one observation, and the gradient of a segment.
 * @module
 */
import type { tf } from "../../models/tensorflow.ts";
import { a2cLoss } from "../a2c/a2c_loss.ts";
import { encodeFlatFunction, flatGradient, type FlatInputs } from "../a2c/flat_graph.ts";
import type { ActorCritic } from "../actor_critic.ts";
import type { ResolvedA3cConfig } from "./a3c_config.ts";

/**
 * ONNX bytes of both.
 *
 * `forward`: `parameters` [P], `observation` [1, size] and, with an LSTM, `state` [1, state size]; gives
 * `outputs` [1, head outputs], `value` [1] and `next` [1, state size].
 *
 * `gradient`: `parameters`, `observations` [T, size], `drawn` [T] or [T, k], `advantages`, `returns` and
 * `weights` [T] (0 for rows beyond a segment's end), `masks` [T, mask size] where the environment masks,
 * `state` [1, state size] before the first row; gives `gradient` [P], clipped, and the losses.
 */
export async function encodeSegmentGraphs(
  network: ActorCritic,
  config: ResolvedA3cConfig,
  isMasked: boolean,
): Promise<{ forward: Uint8Array; gradient: Uint8Array }> {
  const { tf, head, variables, stateSize } = network;
  const { observationSize } = network.config;
  const steps = config.nSteps;
  const state: FlatInputs = stateSize > 0 ? { state: { shape: [1, stateSize] } } : {};
  const forward = await encodeFlatFunction(
    variables,
    { observation: { shape: [1, observationSize] }, ...state },
    (_, inputs) => {
      const { outputs, values, state } = network.apply(inputs.observation, inputs.state);
      return { outputs, value: values, ...(state ? { next: state } : {}) };
    },
  );
  const { actionSize, dtype, maskSize } = head;
  const gradient = await encodeFlatFunction(
    variables,
    {
      observations: { shape: [steps, observationSize] },
      drawn: {
        shape: actionSize === 1 && dtype === "int32" ? [steps] : [steps, actionSize],
        dtype,
      },
      advantages: { shape: [steps] },
      returns: { shape: [steps] },
      weights: { shape: [steps] },
      ...(isMasked ? { masks: { shape: [steps, maskSize], dtype: "bool" as const } } : {}),
      ...state,
    },
    (_, inputs) => {
      const seen: Record<string, tf.Tensor> = {};
      const { grads } = tf.variableGrads(() => {
        const outputs = stateSize > 0
          ? network.applySequences(
            tf.reshape(inputs.observations, [1, steps, observationSize]),
            // A segment ends where its episode does: nothing is reset inside.
            tf.zeros([1, steps]),
            inputs.state,
          )
          : network.apply(inputs.observations);
        const losses = a2cLoss(tf, head, outputs, {
          drawn: inputs.drawn,
          advantages: inputs.advantages,
          returns: inputs.returns,
          weights: inputs.weights,
          masks: inputs.masks,
        }, config);
        for (const [name, t] of Object.entries(losses)) seen[name] = tf.keep(t);
        return losses.loss.asScalar();
      }, [...variables]);
      return { gradient: flatGradient(tf, variables, grads, config.maxGradientNorm), ...seen };
    },
  );
  return { forward, gradient };
}
