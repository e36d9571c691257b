/** Registered models and their versions as MLflow's REST protocol carries them. @module */
import { z } from "zod";
import { int64, keyValue } from "./value.ts";

export const modelStages = ["None", "Staging", "Production", "Archived"] as const;
export type ModelStage = typeof modelStages[number];

export const modelVersion = z.object({
  name: z.string(),
  /** A whole number, written as text. */
  version: z.string(),
  creation_timestamp: int64,
  last_updated_timestamp: int64,
  current_stage: z.string(),
  description: z.string().optional(),
  user_id: z.string().optional(),
  source: z.string().optional(),
  run_id: z.string().optional(),
  run_link: z.string().optional(),
  model_id: z.string().optional(),
  status: z.enum(["PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"]),
  status_message: z.string().optional(),
  tags: z.array(keyValue).default([]),
  aliases: z.array(z.string()).default([]),
});
export type ModelVersion = z.infer<typeof modelVersion>;

export const registeredModel = z.object({
  name: z.string(),
  creation_timestamp: int64,
  last_updated_timestamp: int64,
  description: z.string().optional(),
  latest_versions: z.array(modelVersion).default([]),
  tags: z.array(keyValue).default([]),
  aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
});
export type RegisteredModel = z.infer<typeof registeredModel>;
