/**
 * What a model version must show before it is promoted: rules as data, one list per model.
 *
 * Every rule is looked at and shown with its evidence; only a `required` one holds a promotion back.
 * @module
 */
import { z } from "zod";
import { lineageParts } from "./lineage.ts";

const required = z.boolean().default(false).meta({
  description: "Whether the promotion waits until the rule is met",
});

export const policyRule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("minDeflatedSharpe"),
    required,
    min: z.number().min(0).max(1).default(0.95).meta({ description: "Least metric dsr" }),
  }),
  z.strictObject({
    kind: z.literal("maxDrawdown"),
    required,
    worst: z.number().min(-1).max(0).default(-0.3).meta({
      description: "Lowest max_drawdown allowed, a negative fraction",
    }),
  }),
  z.strictObject({
    kind: z.literal("walkForward"),
    required,
    minFolds: z.number().int().min(1).default(3),
  }),
  z.strictObject({
    kind: z.literal("latencyBudget"),
    required,
    p99Ms: z.number().positive().default(50),
  }),
  z.strictObject({
    kind: z.literal("onnxParity"),
    required,
    maxDifference: z.number().positive().default(1e-5).meta({
      description: "Largest difference between the trained model and its ONNX graph",
    }),
  }),
  z.strictObject({ kind: z.literal("noUnresolvedDrift"), required }),
  z.strictObject({
    kind: z.literal("lineage"),
    required,
    parts: z.array(z.enum(lineageParts)).min(1).default(["run", "dataset"]),
  }),
  z.strictObject({
    kind: z.literal("metric"),
    required,
    key: z.string().min(1).max(250),
    min: z.number().optional(),
    max: z.number().optional(),
  }),
  z.strictObject({
    kind: z.literal("approval"),
    required,
    count: z.number().int().min(1).max(10).default(1).meta({
      description: "Reviewers other than the author who must approve",
    }),
  }),
]).meta({ id: "PolicyRule" });
export type PolicyRule = z.infer<typeof policyRule>;

export const policy = z.strictObject({
  rules: z.array(policyRule).max(50),
}).meta({ id: "Policy" });
export type Policy = z.infer<typeof policy>;

/** The policy of a model that has none of its own: everything is shown, nothing is required. */
export const defaultPolicy: Policy = policy.parse({
  rules: [
    { kind: "minDeflatedSharpe" },
    { kind: "maxDrawdown" },
    { kind: "walkForward" },
    { kind: "latencyBudget" },
    { kind: "onnxParity" },
    { kind: "noUnresolvedDrift" },
    { kind: "lineage" },
    { kind: "approval" },
  ],
});

export const modelPolicy = z.object({
  model: z.string(),
  policy,
  isDefault: z.boolean(),
  updatedBy: z.string().nullable(),
  updatedAt: z.number().nullable(),
}).meta({ id: "ModelPolicy" });
export type ModelPolicy = z.infer<typeof modelPolicy>;
