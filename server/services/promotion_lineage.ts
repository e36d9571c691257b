/** Reads where a model version comes from: its tags, its run, the run's datasets. @module */
import { type Lineage, lineageTags } from "../../lib/contracts/governance/mod.ts";
import type { ModelVersion, Run } from "../../lib/contracts/mlflow/mod.ts";

const contextTag = "mlflow.data.context";
const fingerprintTag = "tapebook.fingerprint";

/** The lineage of a version and of its run (null when it has none, or it is gone). */
export function readLineage(version: ModelVersion, run: Run | null): Lineage {
  const tags = new Map([
    ...(run?.data.tags ?? []).map((t) => [t.key, t.value] as const),
    ...(version.tags ?? []).map((t) => [t.key, t.value] as const),
  ]);
  const params = new Map((run?.data.params ?? []).map((p) => [p.key, p.value] as const));
  const read = (key: string) => tags.get(key) || null;
  const datasets = (run?.inputs.dataset_inputs ?? []).map(({ dataset, tags }) => ({
    name: dataset.name,
    fingerprint: tags.find((t) => t.key === fingerprintTag)?.value ?? dataset.digest,
    context: tags.find((t) => t.key === contextTag)?.value ?? null,
  }));
  const fingerprint = read(lineageTags.dataFingerprint);
  if (fingerprint !== null && datasets.length === 0) {
    datasets.push({ name: "data", fingerprint, context: null });
  }
  const dirty = read(lineageTags.codeDirty);
  return {
    runId: run?.info.run_id ?? version.run_id ?? null,
    experimentId: run?.info.experiment_id ?? null,
    author: version.user_id || tags.get("mlflow.user") || run?.info.user_id || null,
    datasets,
    pipelineHash: read(lineageTags.pipelineHash) ?? params.get("pipeline.hash") ??
      params.get("pipelineHash") ?? null,
    notebook: read(lineageTags.notebook),
    codeCommit: read(lineageTags.codeCommit),
    codeDirty: dirty === null ? null : dirty === "true",
    lockHash: read(lineageTags.lockHash),
    source: read(lineageTags.source),
  };
}
