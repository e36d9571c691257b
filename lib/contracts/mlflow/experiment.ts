/** Experiments as MLflow's REST protocol carries them. @module */
import { z } from "zod";
import { int64, keyValue } from "./value.ts";

export const lifecycleStages = ["active", "deleted"] as const;
export const viewTypes = ["ACTIVE_ONLY", "DELETED_ONLY", "ALL"] as const;
export type ViewType = typeof viewTypes[number];

export const experiment = z.object({
  experiment_id: z.string(),
  name: z.string(),
  artifact_location: z.string(),
  lifecycle_stage: z.enum(lifecycleStages),
  /** Milliseconds since 1970. */
  creation_time: int64,
  last_update_time: int64,
  tags: z.array(keyValue).default([]),
});
export type Experiment = z.infer<typeof experiment>;
