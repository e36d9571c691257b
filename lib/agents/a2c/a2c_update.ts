/**
 * A2C's update: loss, gradient, clipping and RMSprop in one native call.
 * @module
 */
import type { tf } from "../../models/tensorflow.ts";
import type { ActorCritic } from "../actor_critic.ts";
import type { RolloutData } from "../rollout.ts";
import type { ResolvedA2cConfig } from "./a2c_config.ts";
import { a2cLoss } from "./a2c_loss.ts";
import {
  countParameters,
  encodeFlatFunction,
  flatGradient,
  type FlatInputs,
  packParameters,
  unpackParameters,
} from "./flat_graph.ts";

/** Means over the rows of an update, before it. */
export interface A2cLosses {
  loss: number;
  policyLoss: number;
  valueLoss: number;
  entropy: number;
}

/** Parameters and RMSprop's statistics, changed by each update. */
export interface A2cUpdate {
  readonly parameters: Float32Array;
  readonly meanSquare: Float32Array;
  /** One update on a rollout's columns. */
  run(data: RolloutData, rates: { learningRate: number; entropyCoefficient: number }): A2cLosses;
  /** Writes the parameters into the network's variables. */
  syncVariables(): void;
  restore(parameters: Float32Array, meanSquare: Float32Array): void;
  dispose(): void;
}

const lossNames = ["loss", "policyLoss", "valueLoss", "entropy"] as const;

/**
 * Compiles the update for rollouts of `environments` times `nSteps` rows.
 *
 * @param isMasked Whether rollouts have masks.
 */
export async function compileA2cUpdate(
  network: ActorCritic,
  c: ResolvedA2cConfig,
  isMasked: boolean,
): Promise<A2cUpdate> {
  const { createSession, ortTensor } = await import("../../onnx/runtime.ts");
  const { tf, head, variables, stateSize } = network;
  const { observationSize } = network.config;
  const rows = c.environments * c.nSteps, size = countParameters(variables);
  const isChoice = head.dtype === "int32" && head.actionSize === 1;
  const inputs: FlatInputs = {
    meanSquare: { shape: [size] },
    learningRate: { shape: [] },
    entropyCoefficient: { shape: [] },
    observations: { shape: [rows, observationSize] },
    drawn: { shape: isChoice ? [rows] : [rows, head.actionSize], dtype: head.dtype },
    advantages: { shape: [rows] },
    returns: { shape: [rows] },
  };
  if (isMasked) inputs.masks = { shape: [rows, head.maskSize] };
  if (stateSize > 0) {
    inputs.starts = { shape: [c.environments, c.nSteps] };
    inputs.state = { shape: [c.environments, stateSize] };
  }
  const bytes = await encodeFlatFunction(variables, inputs, (parameters, batch) => {
    const seen: Record<string, tf.Tensor> = {};
    const { grads } = tf.variableGrads(() => {
      const outputs = stateSize > 0
        ? network.applySequences(
          tf.reshape(batch.observations, [c.environments, c.nSteps, observationSize]),
          batch.starts,
          batch.state,
        )
        : network.apply(batch.observations);
      const losses = a2cLoss(tf, head, outputs, {
        drawn: batch.drawn,
        advantages: c.normalizeAdvantage ? normalized(batch.advantages) : batch.advantages,
        returns: batch.returns,
        masks: batch.masks,
        weights: tf.fill([rows], 1 / rows),
      }, { valueCoefficient: c.valueCoefficient, entropyCoefficient: batch.entropyCoefficient });
      for (const [name, t] of Object.entries(losses)) seen[name] = tf.keep(t);
      return losses.loss.asScalar();
    }, [...variables]);
    const gradient = flatGradient(tf, variables, grads, c.maxGradientNorm);
    const meanSquare = tf.add(
      tf.mul(batch.meanSquare, c.rmspropDecay),
      tf.mul(tf.square(gradient), 1 - c.rmspropDecay),
    );
    const scale = c.optimizer === "rmspropTfLike"
      ? tf.sqrt(tf.add(meanSquare, c.rmspropEpsilon))
      : tf.add(tf.sqrt(meanSquare), c.rmspropEpsilon);
    return {
      newParameters: tf.sub(
        parameters,
        tf.mul(batch.learningRate, tf.div(gradient, scale)),
      ),
      newMeanSquare: meanSquare,
      ...seen,
    };
  });
  function normalized(advantages: tf.Tensor): tf.Tensor {
    const centred = tf.sub(advantages, tf.mean(advantages));
    // Sample deviation (ddof 1), as torch.std.
    const spread = tf.sqrt(tf.div(tf.sum(tf.square(centred)), rows - 1));
    return tf.div(centred, tf.add(spread, 1e-8));
  }

  const session = await createSession(bytes);
  const vector = () => ortTensor(new Float32Array(size), "float32", [size]);
  // What is read and what is written must not be the same memory: the two change places.
  let current = { parameters: vector(), meanSquare: vector() };
  let next = { parameters: vector(), meanSquare: vector() };
  const data = (t: { data: unknown }) => t.data as Float32Array;
  packParameters(variables, data(current.parameters));
  data(current.meanSquare).fill(c.optimizer === "rmspropTfLike" ? 1 : 0);
  const losses = Object.fromEntries(
    lossNames.map((name) => [name, ortTensor(new Float32Array(1), "float32", [])]),
  );
  const rate = new Float32Array(1), entropy = new Float32Array(1);
  const scalars = {
    learningRate: ortTensor(rate, "float32", []),
    entropyCoefficient: ortTensor(entropy, "float32", []),
  };
  const columns = Object.keys(inputs).slice(3);
  return {
    get parameters() {
      return data(current.parameters);
    },
    get meanSquare() {
      return data(current.meanSquare);
    },
    run(rollout, rates) {
      rate[0] = rates.learningRate;
      entropy[0] = rates.entropyCoefficient;
      const feeds: Record<string, ReturnType<typeof vector>> = { ...current, ...scalars };
      for (const name of columns) {
        const { shape, dtype = "float32" } = inputs[name];
        feeds[name] = ortTensor(rollout[name], dtype, shape);
      }
      session.run(feeds, {
        newParameters: next.parameters,
        newMeanSquare: next.meanSquare,
        ...losses,
      });
      [current, next] = [next, current];
      return Object.fromEntries(
        lossNames.map((name) => [name, data(losses[name])[0]]),
      ) as unknown as A2cLosses;
    },
    syncVariables: () => unpackParameters(tf, variables, data(current.parameters)),
    restore(parameters, meanSquare) {
      for (const [name, values] of Object.entries({ parameters, meanSquare })) {
        if (values.length !== size) {
          throw new RangeError(
            `Cannot restore A2C: ${name} must have ${size} elements, got ${values.length}`,
          );
        }
      }
      data(current.parameters).set(parameters);
      data(current.meanSquare).set(meanSquare);
      unpackParameters(tf, variables, parameters);
    },
    dispose: () => session.dispose(),
  };
}
