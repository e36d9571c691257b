/** Where a model version comes from, and the tags of its run that say so. @module */
import { z } from "zod";

/** Tags of a run from which lineage is read; the tracking client and the experiment room set them. */
export const lineageTags = {
  /** Content hash of the bars that the run read; a dataset input's digest serves as well. */
  dataFingerprint: "tapebook.data.fingerprint",
  pipelineHash: "tapebook.pipeline.hash",
  notebook: "tapebook.notebook",
  codeCommit: "mlflow.source.git.commit",
  codeDirty: "tapebook.git.dirty",
  lockHash: "tapebook.lock.sha256",
  source: "mlflow.source.name",
} as const;

export const lineage = z.object({
  runId: z.string().nullable(),
  experimentId: z.string().nullable(),
  author: z.string().nullable().meta({ description: "Who made the version, or its run" }),
  datasets: z.array(z.object({
    name: z.string(),
    fingerprint: z.string(),
    context: z.string().nullable(),
  })),
  pipelineHash: z.string().nullable(),
  notebook: z.string().nullable(),
  codeCommit: z.string().nullable(),
  codeDirty: z.boolean().nullable(),
  lockHash: z.string().nullable(),
  source: z.string().nullable(),
}).meta({ id: "Lineage" });
export type Lineage = z.infer<typeof lineage>;

/** The parts of a lineage that a policy may ask for. */
export const lineageParts = ["run", "dataset", "pipeline", "notebook", "commit", "lock"] as const;
export type LineagePart = typeof lineageParts[number];
