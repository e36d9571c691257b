/** Runs, their metrics and inputs, as MLflow's REST protocol carries them. @module */
import { z } from "zod";
import { lifecycleStages } from "./experiment.ts";
import { double, int64, keyValue } from "./value.ts";

export const runStatuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
export type RunStatus = typeof runStatuses[number];

export const metric = z.object({
  key: z.string(),
  value: double,
  /** Milliseconds since 1970. */
  timestamp: int64,
  step: int64.default(0),
  dataset_name: z.string().optional(),
  dataset_digest: z.string().optional(),
  model_id: z.string().optional(),
  run_id: z.string().optional(),
});
export type Metric = z.infer<typeof metric>;

export const runInfo = z.object({
  run_id: z.string(),
  run_uuid: z.string(),
  run_name: z.string(),
  experiment_id: z.string(),
  user_id: z.string(),
  status: z.enum(runStatuses),
  start_time: int64.optional(),
  end_time: int64.optional(),
  artifact_uri: z.string(),
  lifecycle_stage: z.enum(lifecycleStages),
});
export type RunInfo = z.infer<typeof runInfo>;

export const dataset = z.object({
  name: z.string(),
  digest: z.string(),
  source_type: z.string(),
  source: z.string(),
  schema: z.string().optional(),
  profile: z.string().optional(),
});
export type Dataset = z.infer<typeof dataset>;

export const datasetInput = z.object({ dataset, tags: z.array(keyValue).default([]) });
export type DatasetInput = z.infer<typeof datasetInput>;

export const modelInput = z.object({ model_id: z.string() });
export const modelOutput = z.object({ model_id: z.string(), step: int64.default(0) });

export const run = z.object({
  info: runInfo,
  data: z.object({
    metrics: z.array(metric).default([]),
    params: z.array(keyValue).default([]),
    tags: z.array(keyValue).default([]),
  }),
  inputs: z.object({
    dataset_inputs: z.array(datasetInput).default([]),
    model_inputs: z.array(modelInput).default([]),
  }).default({ dataset_inputs: [], model_inputs: [] }),
  outputs: z.object({ model_outputs: z.array(modelOutput).default([]) })
    .default({ model_outputs: [] }),
});
export type Run = z.infer<typeof run>;
