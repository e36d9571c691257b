/**
 * Optimizers over one flat vector: all parameters, gradients and slots laid end to end, so that an
 * update is about ten operators whatever the number of variables.
 *
 * Formulas are those of tfjs (and so of Keras): epsilon stands outside of Adam's root and inside of
 * RMSprop's. What depends on the step number alone is computed in JavaScript, in double precision,
 * and enters the graph as a row of scalars: the learning rate can change at every step.
 * @module
 */
import { add, binary, div, mul, reduce, sub, unary } from "./builder/mod.ts";
import type { Graph, Value } from "./graph/graph.ts";

/** Which optimizer, with its constants. Defaults are those of tfjs. */
export type OptimizerConfig =
  | { kind: "sgd"; learningRate: number; momentum?: number; nesterov?: boolean }
  | { kind: "adam"; learningRate: number; beta1?: number; beta2?: number; epsilon?: number }
  | {
    kind: "adamw";
    learningRate: number;
    beta1?: number;
    beta2?: number;
    epsilon?: number;
    /** Decoupled decay (Loshchilov & Hutter 2019, arXiv:1711.05101). Default 0.01. */
    weightDecay?: number;
  }
  | {
    kind: "rmsprop";
    learningRate: number;
    decay?: number;
    momentum?: number;
    epsilon?: number;
    centered?: boolean;
  };

/** An optimizer ready to be written into a graph. */
export interface FlatOptimizer {
  /** Names of its slots, each as long as the parameters. */
  readonly slots: readonly string[];
  /** Number of scalars that a step takes. */
  readonly scalars: number;
  /** Scalars of step `step` (the first is 1). */
  schedule(step: number, learningRate: number): number[];
  /** New parameters and slots. `scalars` have shape [1]. */
  update(
    g: Graph,
    parameters: Value,
    gradient: Value,
    slots: Value[],
    scalars: Value[],
  ): { parameters: Value; slots: Value[] };
}

/**
 * The flat form of an optimizer.
 *
 * @throws {RangeError} If a constant lies outside of its range.
 */
export function flatOptimizer(config: OptimizerConfig): FlatOptimizer {
  checkRange("learningRate", config.learningRate, 0, Infinity);
  switch (config.kind) {
    case "sgd":
      return sgd(config);
    case "adam":
    case "adamw":
      return adam(config);
    case "rmsprop":
      return rmsprop(config);
    default: {
      const kind: unknown = (config as { kind: unknown }).kind;
      throw new RangeError(
        `Cannot make optimizer: kind must be sgd, adam, adamw or rmsprop, got ${kind}`,
      );
    }
  }
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new RangeError(
      `Cannot make optimizer: ${name} must lie in [${low}, ${high}], got ${value}`,
    );
  }
}

function sgd(config: Extract<OptimizerConfig, { kind: "sgd" }>): FlatOptimizer {
  const { momentum = 0, nesterov = false } = config;
  checkRange("momentum", momentum, 0, 1);
  return {
    slots: momentum > 0 ? ["momentum"] : [],
    scalars: 1,
    schedule: (_, learningRate) => [learningRate],
    update(g, parameters, gradient, slots, [rate]) {
      if (momentum === 0) {
        return { parameters: sub(g, parameters, mul(g, gradient, rate)), slots: [] };
      }
      const factor = g.splat(momentum, "float32");
      const velocity = add(g, mul(g, slots[0], factor), gradient);
      const direction = nesterov ? add(g, gradient, mul(g, velocity, factor)) : velocity;
      return { parameters: sub(g, parameters, mul(g, direction, rate)), slots: [velocity] };
    },
  };
}

/**
 * Adam with slots M = m / (1 - beta1) and V = v / (1 - beta2), which saves two products a step:
 * M' = beta1 M + g, V' = beta2 V + g^2, p' = p - c M' / (sqrt(V') + e), where c and e carry the bias
 * corrections of the step.
 */
function adam(config: Extract<OptimizerConfig, { kind: "adam" | "adamw" }>): FlatOptimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
  const weightDecay = config.kind === "adamw" ? config.weightDecay ?? 0.01 : 0;
  checkRange("beta1", beta1, 0, 1 - 1e-9);
  checkRange("beta2", beta2, 0, 1 - 1e-9);
  checkRange("epsilon", epsilon, 0, Infinity);
  checkRange("weightDecay", weightDecay, 0, Infinity);
  return {
    slots: ["firstMoment", "secondMoment"],
    scalars: weightDecay > 0 ? 3 : 2,
    schedule(step, learningRate) {
      // sqrt(v_hat) = k sqrt(V')
      const k = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
      const c = learningRate * (1 - beta1) / (1 - beta1 ** step) / k;
      return weightDecay > 0 ? [c, epsilon / k, 1 - learningRate * weightDecay] : [c, epsilon / k];
    },
    update(g, parameters, gradient, [m, v], [c, e, keep]) {
      const m2 = add(g, mul(g, m, g.splat(beta1, "float32")), gradient);
      const v2 = add(g, mul(g, v, g.splat(beta2, "float32")), mul(g, gradient, gradient));
      const step = mul(g, div(g, m2, add(g, unary(g, "Sqrt", v2), e)), c);
      const kept = keep ? mul(g, parameters, keep) : parameters;
      return { parameters: sub(g, kept, step), slots: [m2, v2] };
    },
  };
}

function rmsprop(config: Extract<OptimizerConfig, { kind: "rmsprop" }>): FlatOptimizer {
  const { decay = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = config;
  checkRange("decay", decay, 0, 1 - 1e-9);
  checkRange("momentum", momentum, 0, 1);
  const slots = ["meanSquare", ...momentum > 0 ? ["momentum"] : [], ...centered ? ["mean"] : []];
  return {
    slots,
    scalars: 1,
    schedule: (_, learningRate) => [learningRate],
    update(g, parameters, gradient, values, [rate]) {
      const of = (name: string) => values[slots.indexOf(name)];
      const keep = g.splat(decay, "float32"), take = g.splat(1 - decay, "float32");
      const average = (slot: Value, x: Value) => add(g, mul(g, slot, keep), mul(g, x, take));
      const next: Record<string, Value> = {
        meanSquare: average(of("meanSquare"), mul(g, gradient, gradient)),
      };
      let spread = next.meanSquare;
      const eps = g.splat(epsilon, "float32");
      if (centered) {
        next.mean = average(of("mean"), gradient);
        // As tfjs 4.22 has it: epsilon is taken from the variance, not added to it.
        spread = sub(g, spread, add(g, mul(g, next.mean, next.mean), eps));
      } else spread = add(g, spread, eps);
      let step = div(g, mul(g, gradient, rate), unary(g, "Sqrt", spread));
      if (momentum > 0) {
        step = next.momentum = add(g, mul(g, of("momentum"), g.splat(momentum, "float32")), step);
      }
      return { parameters: sub(g, parameters, step), slots: slots.map((s) => next[s]) };
    },
  };
}

/** Keeps the scale of a gradient without a norm finite: that of PyTorch's clip_grad_norm_. */
const normEpsilon = 1e-6;

/** What a gradient of this norm is multiplied with, so that its norm is at most `limit`. */
export const clipScale = (norm: number, limit: number): number =>
  Math.min(limit / (norm + normEpsilon), 1);

/** The gradient scaled to a norm of at most `limit`, as PyTorch's clip_grad_norm_ does. */
export function clipByNorm(g: Graph, gradient: Value, limit: number): Value {
  const norm = reduce(g, "ReduceL2", gradient, [0], true);
  const scale = div(g, g.splat(limit, "float32"), add(g, norm, g.splat(normEpsilon, "float32")));
  return mul(g, gradient, binary(g, "Min", scale, g.splat(1, "float32")));
}
