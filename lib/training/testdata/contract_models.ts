/** Small models of every row of the factory table, for the suites that run over all of them. @module */
import { createModel, type Model } from "../../models/mod.ts";

export const windowBars = 8;
export const features = 3;
const common = { windowBars, features, outputs: 3, task: "classification", seed: 11 } as const;

/** One small configuration per row, and variants that take other paths through it. */
export const configs: Record<string, Record<string, unknown>[]> = {
  logistic: [{}],
  mlp: [{ units: 32 }, { units: [32, 16], activation: "elu", dropout: 0.2 }],
  cnn: [
    { filters: 16 },
    { filters: 12, dilationBase: 2, residual: true, pooling: "last", activation: "swish" },
    { filters: 12, causal: false, pooling: "max" },
  ],
  lstm: [{ units: 12 }, { units: 8, layers: 2, bidirectional: true, pooling: "attention" }],
  gru: [{ units: 12 }, { units: 8, layers: 2, bidirectional: true, pooling: "average" }],
  transformer: [
    { width: 16, attentionHeads: 2, layers: 1 },
    {
      width: 8,
      attentionHeads: 2,
      layers: 1,
      position: "learned",
      pooling: "attention",
      modalities: [{ name: "price", features: 2 }, { name: "volume", features: 1 }],
    },
  ],
  hybrid: [{ filters: 12, units: 8, attentionHeads: 2 }, {
    filters: 8,
    units: 8,
    cell: "gru",
    bidirectional: true,
    attentionHeads: 0,
  }],
  ensemble: [
    { members: [{ kind: "mlp", units: 16 }, { kind: "gru", units: 8 }] },
    {
      members: [{ kind: "mlp", units: 16, dropout: 0.1 }, { kind: "mlp", units: 16 }],
      combine: "weighted",
    },
  ],
};

/** A model of a row, 3 classes. */
export function contractModel(kind: string, extra: Record<string, unknown>): Promise<Model> {
  return createModel({ kind, ...common, ...extra } as unknown as Parameters<typeof createModel>[0]);
}
