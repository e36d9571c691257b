/** Logged models (MLflow 3) as its REST protocol carries them. @module */
import { z } from "zod";
import { metric } from "./run.ts";
import { int64, keyValue } from "./value.ts";

export const loggedModelStatuses = [
  "LOGGED_MODEL_STATUS_UNSPECIFIED",
  "LOGGED_MODEL_PENDING",
  "LOGGED_MODEL_READY",
  "LOGGED_MODEL_UPLOAD_FAILED",
] as const;
export type LoggedModelStatus = typeof loggedModelStatuses[number];

export const loggedModel = z.object({
  info: z.object({
    model_id: z.string(),
    experiment_id: z.string(),
    name: z.string(),
    creation_timestamp_ms: int64,
    last_updated_timestamp_ms: int64,
    artifact_uri: z.string(),
    status: z.enum(loggedModelStatuses),
    status_message: z.string().optional(),
    model_type: z.string().optional(),
    source_run_id: z.string().optional(),
    tags: z.array(keyValue).default([]),
    registrations: z.array(z.object({ name: z.string(), version: z.string() })).default([]),
  }),
  data: z.object({
    params: z.array(keyValue).default([]),
    metrics: z.array(metric).default([]),
  }).default({ params: [], metrics: [] }),
});
export type LoggedModel = z.infer<typeof loggedModel>;
