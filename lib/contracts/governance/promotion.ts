/** A request to let a model version answer under an alias, and what became of it. @module */
import { z } from "zod";
import { lineage } from "./lineage.ts";

export const promotionStatuses = ["pending", "applied", "rejected"] as const;
export type PromotionStatus = typeof promotionStatuses[number];

export const ruleResult = z.object({
  rule: z.string().meta({ description: "The rule's kind" }),
  passed: z.boolean(),
  required: z.boolean(),
  evidence: z.record(z.string(), z.unknown()).meta({
    description: "What the rule looked at: values found, limits, where they came from",
  }),
  message: z.string(),
}).meta({ id: "RuleResult" });
export type RuleResult = z.infer<typeof ruleResult>;

export const review = z.object({
  author: z.string(),
  decision: z.enum(["approve", "reject", "comment"]),
  text: z.string(),
  at: z.number().meta({ description: "ms since 1970" }),
}).meta({ id: "Review" });
export type Review = z.infer<typeof review>;

export const promotion = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  alias: z.string(),
  status: z.enum(promotionStatuses),
  rules: z.array(ruleResult),
  approvals: z.array(review),
  comments: z.array(review),
  lineage,
  previousVersion: z.string().nullable().meta({
    description: "The version that the alias pointed at before, once applied",
  }),
  createdBy: z.string(),
  createdAt: z.number(),
  decidedBy: z.string().nullable(),
  decidedAt: z.number().nullable(),
}).meta({ id: "Promotion" });
export type Promotion = z.infer<typeof promotion>;

const aliasName = z.string().min(1).max(255).regex(
  /^(?!latest$|v\d+$)[\w-]+$/i,
  "must be letters, digits, _ and -, and neither latest nor v and a number",
);

export const newPromotion = z.strictObject({
  model: z.string().min(1),
  version: z.union([z.string().regex(/^[1-9]\d*$/, "must be a whole number"), z.int().positive()])
    .transform(String),
  alias: aliasName.default("champion"),
  comment: z.string().max(10_000).optional(),
}).meta({ id: "NewPromotion" });
export type NewPromotion = z.infer<typeof newPromotion>;

export const reviewText = z.strictObject({
  text: z.string().max(10_000).default(""),
}).meta({ id: "ReviewText" });

export const rollbackRequest = z.strictObject({
  alias: aliasName.default("champion"),
  reason: z.string().max(10_000).optional(),
}).meta({ id: "RollbackRequest" });

export const aliasChange = z.object({
  model: z.string(),
  alias: z.string(),
  version: z.string(),
  /** Null when there was none, or one that the caller may not read. */
  previousVersion: z.string().nullable(),
  reason: z.enum(["promotion", "rollback"]),
  promotionId: z.string().nullable(),
  changedBy: z.string(),
  changedAt: z.number(),
}).meta({ id: "AliasChange" });
export type AliasChange = z.infer<typeof aliasChange>;

export const modelAlert = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string().nullable(),
  kind: z.string(),
  message: z.string(),
  raisedAt: z.number(),
  resolvedAt: z.number().nullable(),
  resolvedBy: z.string().nullable(),
  resolution: z.string().nullable(),
}).meta({ id: "ModelAlert" });
export type ModelAlert = z.infer<typeof modelAlert>;

export const newModelAlert = z.strictObject({
  version: z.string().regex(/^[1-9]\d*$/).optional(),
  kind: z.string().min(1).max(100).default("drift"),
  message: z.string().min(1).max(10_000),
}).meta({ id: "NewModelAlert" });
