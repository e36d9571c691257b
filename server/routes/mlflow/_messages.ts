/** Messages that several requests carry. @module */
import type {
  DatasetInput,
  KeyValue,
  LoggedModel,
  Metric,
  ModelVersion,
  RegisteredModel,
} from "../../../lib/contracts/mlflow/mod.ts";
import { t } from "./_request.ts";

export const keyValueMessage = t.message({ key: t.text, value: t.text });
export const keyValues = t.list(keyValueMessage);

/** Tags and params: an absent value is an empty string, as proto has it. */
export function toKeyValues(list: { key?: string; value?: string }[] | undefined): KeyValue[] {
  return (list ?? []).map(({ key = "", value = "" }) => ({ key, value }));
}

export const metricMessage = t.message({
  key: t.text,
  value: t.double,
  timestamp: t.int,
  step: t.int,
  dataset_name: t.text,
  dataset_digest: t.text,
  model_id: t.text,
  run_id: t.text,
});

export function toMetric(
  metric: NonNullable<ReturnType<typeof metricMessage.parse>>,
): Metric {
  const { key = "", value = 0, timestamp = 0, step = 0 } = metric;
  if (!metric.model_id) return { key, value, timestamp, step };
  return {
    key,
    value,
    timestamp,
    step,
    model_id: metric.model_id,
    dataset_name: metric.dataset_name,
    dataset_digest: metric.dataset_digest,
  };
}

export const datasetInputs = t.list(t.message({
  tags: keyValues,
  dataset: t.message({
    name: t.text,
    digest: t.text,
    source_type: t.text,
    source: t.text,
    schema: t.text,
    profile: t.text,
  }),
}));

export function toDatasetInputs(
  list: ReturnType<typeof datasetInputs.parse>,
): DatasetInput[] {
  return (list ?? []).map(({ tags, dataset }) => ({
    tags: toKeyValues(tags),
    dataset: dataset as DatasetInput["dataset"],
  }));
}

export const modelInputs = t.list(t.message({ model_id: t.text, step: t.int }));

/** A version as MLflow's server sends it: what nobody gave is an empty text. */
export const versionMessage = (version: ModelVersion): ModelVersion => ({
  ...version,
  description: version.description ?? "",
  run_id: version.run_id ?? "",
  run_link: version.run_link ?? "",
});

export const modelMessage = (model: RegisteredModel): RegisteredModel => ({
  ...model,
  latest_versions: model.latest_versions.map(versionMessage),
});

export const loggedModelMessage = ({ info, data }: LoggedModel): LoggedModel => ({
  info: { ...info, model_type: info.model_type ?? "", source_run_id: info.source_run_id ?? "" },
  data,
});
