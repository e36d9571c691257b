/**
 * PPO's update as one compiled graph.
 * @module
 */
import type { CompiledStep, InputSpec } from "../onnx/mod.ts";
import type { ActorCritic } from "./actor_critic.ts";
import type { ResolvedPpoConfig } from "./ppo_config.ts";
import { type PpoBatch, ppoLoss } from "./ppo_loss.ts";

/** What the update needs of the configuration. */
export type PpoUpdateConfig = Pick<
  ResolvedPpoConfig,
  | "batchSize"
  | "clipRange"
  | "valueClipRange"
  | "normalizeAdvantage"
  | "entropyCoefficient"
  | "valueCoefficient"
  | "maxGradientNorm"
  | "learningRate"
  | "adamEpsilon"
  | "recurrent"
  | "seed"
>;

/** The update of a minibatch of rows, or of sequences for a recurrent policy, as one graph. */
export async function compilePpoUpdate(
  network: ActorCritic,
  c: PpoUpdateConfig,
  hasMasks: boolean,
): Promise<CompiledStep> {
  const { compileStep } = await import("../onnx/mod.ts");
  const { head } = network;
  const sequence = c.recurrent ? [c.recurrent.sequenceSteps] : [];
  const rows = c.batchSize / (c.recurrent?.sequenceSteps ?? 1);
  const column = (...width: number[]): InputSpec => ({ shape: [rows, ...sequence, ...width] });
  const isChoice = head.dtype === "int32" && head.actionSize === 1;
  const inputs: Record<string, InputSpec> = {
    observations: column(network.config.observationSize),
    drawn: { ...column(...isChoice ? [] : [head.actionSize]), dtype: head.dtype },
    oldLogProbabilities: column(),
    oldValues: column(),
    advantages: column(),
    returns: column(),
  };
  if (hasMasks) inputs.masks = column(head.maskSize);
  if (c.recurrent) {
    inputs.starts = column();
    inputs.state = { shape: [rows, network.stateSize] };
  }
  const { clipRange, entropyCoefficient } = c;
  if (typeof clipRange !== "number") inputs.clipRange = { shape: [] };
  if (typeof entropyCoefficient !== "number") inputs.entropyCoefficient = { shape: [] };
  const constant = (s: number | object) => typeof s === "number" ? s : 0;
  return await compileStep({
    variables: network.variables,
    inputs,
    loss: (batch) =>
      ppoLoss(network, batch as unknown as PpoBatch, {
        ...c,
        clipRange: constant(clipRange),
        entropyCoefficient: constant(entropyCoefficient),
      }),
    optimizer: { kind: "adam", learningRate: c.learningRate, epsilon: c.adamEpsilon },
    clipNorm: c.maxGradientNorm,
    seed: c.seed,
  });
}
