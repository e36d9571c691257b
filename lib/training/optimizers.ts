/**
 * Optimizers over one flat vector of weights: the same arithmetic whatever computed the gradient.
 * @module
 */
import { z } from "zod";
import type { OptimizerConfig as CompiledOptimizer } from "../onnx/mod.ts";

const learningRate = z.number().positive().default(1e-3);
const weightDecay = z.number().min(0).default(0);

export const optimizerSchema = z.discriminatedUnion("kind", [
  /** Kingma & Ba 2015, arXiv:1412.6980; `weightDecay` is added to the gradient (L2). */
  z.strictObject({
    kind: z.literal("adam"),
    learningRate,
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay,
  }),
  /** Loshchilov & Hutter 2019, arXiv:1711.05101; the decay is apart from the gradient. */
  z.strictObject({
    kind: z.literal("adamw"),
    learningRate,
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay: z.number().min(0).default(0.01),
  }),
  z.strictObject({
    kind: z.literal("sgd"),
    learningRate: z.number().positive().default(1e-2),
    momentum: z.number().min(0).lt(1).default(0),
    nesterov: z.boolean().default(false),
    weightDecay,
  }),
  /** As PyTorch's: the root is taken before epsilon is added. */
  z.strictObject({
    kind: z.literal("rmsprop"),
    learningRate,
    decay: z.number().min(0).lt(1).default(0.99),
    momentum: z.number().min(0).lt(1).default(0),
    epsilon: z.number().positive().default(1e-8),
    weightDecay,
  }),
]);

export type OptimizerConfig = z.infer<typeof optimizerSchema>;

/** The optimizer as compiled steps write it, or null where they have another rule than ours. */
export function compiledOptimizer(config: OptimizerConfig): CompiledOptimizer | null {
  switch (config.kind) {
    case "adamw":
      return { ...config };
    case "adam": {
      const { weightDecay, ...rest } = config;
      return weightDecay === 0 ? rest : null;
    }
    case "sgd": {
      const { weightDecay, ...rest } = config;
      return weightDecay === 0 ? rest : null;
    }
    default:
      return null;
  }
}

/** Whether the update itself can be part of the graph. */
export function hasCompiledOptimizer(config: OptimizerConfig): boolean {
  return compiledOptimizer(config) !== null;
}

/** State of an optimizer: what a checkpoint keeps. */
export interface OptimizerState {
  /** Updates done. */
  step: number;
  slots: Float32Array[];
  /** `compiled`: Adam's moments are stored divided by 1 - beta, as compiled steps keep them. */
  form?: "plain" | "compiled";
}

/** Updates a flat vector of weights in place. */
export interface FlatOptimizer {
  readonly state: OptimizerState;
  /** One update. `gradient` may be overwritten. */
  update(weights: Float32Array, gradient: Float32Array, learningRate: number): void;
}

/** Slots that an optimizer keeps per weight. */
export function slotCount(config: OptimizerConfig): number {
  switch (config.kind) {
    case "adam":
    case "adamw":
      return 2;
    case "sgd":
      return config.momentum > 0 ? 1 : 0;
    case "rmsprop":
      return config.momentum > 0 ? 2 : 1;
  }
}

/** Optimizer state in the form asked for; states in that form already are kept to the last bit. */
export function convertState(
  state: OptimizerState,
  config: OptimizerConfig,
  form: "plain" | "compiled",
): OptimizerState {
  const from = state.form ?? "plain";
  const slots = state.slots.map((slot, k) => {
    if (from === form || (config.kind !== "adam" && config.kind !== "adamw")) return slot.slice();
    const share = 1 - (k === 0 ? config.beta1 : config.beta2);
    return slot.map((v) => form === "plain" ? v * share : v / share);
  });
  return { step: state.step, slots, form };
}

/** An optimizer for `size` weights; update rules and their rounding order are PyTorch's. */
export function createOptimizer(
  config: OptimizerConfig,
  size: number,
  state?: OptimizerState,
): FlatOptimizer {
  const slots = state?.slots.map((s) => s.slice()) ??
    Array.from({ length: slotCount(config) }, () => new Float32Array(size));
  const own: OptimizerState = { step: state?.step ?? 0, slots };
  return {
    state: own,
    update(w, g, lr) {
      own.step++;
      const decay = config.weightDecay;
      if (decay > 0 && config.kind !== "adamw") {
        for (let i = 0; i < size; i++) g[i] += decay * w[i];
      }
      switch (config.kind) {
        case "adam":
        case "adamw": {
          const { beta1, beta2, epsilon } = config;
          const [m, v] = slots;
          const rate = lr / (1 - beta1 ** own.step);
          const root = 1 / Math.sqrt(1 - beta2 ** own.step);
          const keep = config.kind === "adamw" ? 1 - lr * decay : 1;
          for (let i = 0; i < size; i++) {
            const gi = g[i];
            const mi = m[i] = beta1 * m[i] + (1 - beta1) * gi;
            const vi = v[i] = beta2 * v[i] + (1 - beta2) * gi * gi;
            w[i] = keep * w[i] - rate * mi / (Math.sqrt(vi) * root + epsilon);
          }
          break;
        }
        case "sgd": {
          if (config.momentum === 0) {
            for (let i = 0; i < size; i++) w[i] -= lr * g[i];
            break;
          }
          const [b] = slots;
          const { momentum, nesterov } = config;
          for (let i = 0; i < size; i++) {
            b[i] = own.step === 1 ? g[i] : momentum * b[i] + g[i];
            w[i] -= lr * (nesterov ? g[i] + momentum * b[i] : b[i]);
          }
          break;
        }
        case "rmsprop": {
          const [v, b] = slots;
          const { decay, epsilon, momentum } = config;
          for (let i = 0; i < size; i++) {
            const vi = v[i] = decay * v[i] + (1 - decay) * g[i] * g[i];
            const scaled = g[i] / (Math.sqrt(vi) + epsilon);
            if (b) w[i] -= lr * (b[i] = momentum * b[i] + scaled);
            else w[i] -= lr * scaled;
          }
        }
      }
    },
  };
}

/** Scales `gradient` in place so that its norm is at most `maxNorm`; returns the norm before. */
export function clipByNorm(gradient: Float32Array, maxNorm: number): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  const norm = Math.sqrt(sum);
  if (norm > maxNorm) {
    const scale = maxNorm / (norm + 1e-6);
    for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  }
  return norm;
}
