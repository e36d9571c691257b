/**
 * What a policy is, however it was trained or put together.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import { maskSize, type Space } from "./environment.ts";

/** What a policy says of n observations. */
export interface PolicyOutputs {
  /** For the environments: [n] or [n, k] choices as Int32Array, or [n, k] numbers within bounds. */
  actions: Int32Array | Float32Array;
  /** As drawn, before squashing or clipping to bounds: what probabilities are of. Choices: `actions`. */
  drawn: Int32Array | Float32Array;
  /** Natural logarithm of the probability (density) of `drawn`, summed over the parts of an action. */
  logProbabilities: Float32Array;
  values: Float32Array;
}

/** How a policy acts. */
export interface ActOptions {
  /** The mode of the distribution instead of a draw. Default false. */
  deterministic?: boolean;
  /** What actions are drawn with; needed unless `deterministic`. */
  rng?: Rng;
  /** [n, mask size] bytes, 0 for choices that must not be taken. */
  masks?: Uint8Array | null;
  /** [n, state size] of a recurrent policy; it is replaced by the state after the observations. */
  state?: Float32Array;
  /** [n]: 1 for rows that begin an episode, whose state counts as 0. */
  starts?: Uint8Array | null;
  /** Share of actions drawn evenly from all that are allowed. Default 0. */
  epsilon?: number;
  /** [n, action size], added to what is drawn from a Gaussian. */
  noise?: Float32Array | null;
  /** Where to write; made anew by default. */
  out?: PolicyOutputs;
}

/** How a policy is exported. */
export interface ExportOptions {
  /** Whether the graph takes `action_mask`. Default: {@linkcode Policy.isMasked}. */
  masks?: boolean;
}

/** Inputs of a policy's graph, in their order; rows are any number. */
export function exportSpecs(
  { observationSize, stateSize, actionSpace, isMasked }: Policy,
  { masks = isMasked }: ExportOptions = {},
): { name: string; shape: number[] }[] {
  const sizes = {
    observation: observationSize,
    state: stateSize,
    action_mask: masks ? maskSize(actionSpace) : 0,
  };
  return Object.entries(sizes).filter(([, size]) => size > 0)
    .map(([name, size]) => ({ name, shape: [-1, size] }));
}

/** A policy: observations in, actions out; n rows in one native call. */
export interface Policy {
  readonly observationSize: number;
  readonly actionSpace: Space;
  /** Numbers of hidden state per row; 0 for a feed-forward policy. */
  readonly stateSize: number;
  /**
   * Whether the choices that a state allows belong to its input: it learned where masks forbid some.
   * Exported, it takes them as `action_mask` [n, mask size]: 1 for each choice that is allowed, else 0.
   */
  readonly isMasked: boolean;
  /**
   * Answers rows of observations [n, observation size].
   *
   * @throws {RangeError} If the observations are not whole rows or hold a number that is not finite.
   */
  act(observations: Float32Array, options?: ActOptions): PolicyOutputs;
  /** Bytes that {@linkcode loadPolicy} reads: configuration, weights, statistics. */
  toBytes(): Uint8Array;
  /**
   * ONNX bytes for serving. In: `observation` [n, size], `state` [n, state size] of a recurrent
   * policy, `action_mask` [n, mask size] of a masked one. Out: `action` (the mode, within bounds, of what
   * is allowed), `distribution`, `value`, and `next_state`.
   */
  toOnnx(metadata?: Record<string, string>, options?: ExportOptions): Promise<Uint8Array>;
  dispose(): void;
}
