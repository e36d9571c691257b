/**
 * MLflow's REST protocol, as its own Python client speaks it, under `/api/2.0`, `/api/3.0` and the
 * `/ajax-api` twins of both.
 * @module
 */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { mlflowVersion } from "../../version.ts";
import { answer } from "./_answer.ts";
import { artifactRoutes, fileRoutes, proxiedArtifactRoutes, uploadRoutes } from "./artifacts.ts";
import { experimentRoutes } from "./experiments.ts";
import { datasetSearchRoutes } from "./dataset_search.ts";
import { evaluationDatasetRoutes } from "./evaluation_datasets.ts";
import { issueRoutes } from "./issues.ts";
import { labelSchemaRoutes } from "./label_schemas.ts";
import { loggedModelRoutes } from "./logged_models.ts";
import { mcpServerRoutes } from "./mcp_servers.ts";
import { metricRoutes } from "./metrics.ts";
import { modelVersionRoutes } from "./model_versions.ts";
import { directPresignedRoutes, presignedRoutes } from "./presigned.ts";
import { gatewayRoutes, promptlabRoutes } from "./promptlab.ts";
import { registeredModelRoutes } from "./registered_models.ts";
import { otlpRoutes } from "./otlp.ts";
import { reviewQueueRoutes } from "./review_queues.ts";
import { runRoutes } from "./runs.ts";
import { scorerRoutes } from "./scorers.ts";
import { traceMetricRoutes } from "./trace_metrics.ts";
import { traceArtifactRoutes, traceRoutes } from "./traces.ts";
import { multipartRoutes } from "./uploads.ts";
import { webhookRoutes } from "./webhooks.ts";
import { workspaceRoutes } from "./workspaces.ts";

const api = new Hono<AppEnv>();
api.route("/mlflow/experiments", experimentRoutes);
api.route("/mlflow/experiments", datasetSearchRoutes);
api.route("/mlflow/runs", runRoutes);
api.route("/mlflow/metrics", metricRoutes);
api.route("/mlflow/runs", promptlabRoutes);
api.route("/mlflow", gatewayRoutes);
api.route("/mlflow/artifacts", artifactRoutes);
api.route("/mlflow/artifacts", directPresignedRoutes);
api.route("/mlflow/logged-models", loggedModelRoutes);
api.route("/mlflow/registered-models", registeredModelRoutes);
api.route("/mlflow/model-versions", modelVersionRoutes);
api.route("/mlflow/webhooks", webhookRoutes);
api.route("/mlflow/traces", traceMetricRoutes);
api.route("/mlflow/traces", traceRoutes);
api.route("/mlflow/datasets", evaluationDatasetRoutes);
api.route("/mlflow/scorers", scorerRoutes);
api.route("/mlflow/mcp-servers", mcpServerRoutes);
api.route("/mlflow/issues", issueRoutes);
api.route("/mlflow/label-schemas", labelSchemaRoutes);
api.route("/mlflow/review-queues", reviewQueueRoutes);
api.route("/mlflow/workspaces", workspaceRoutes);
api.route("/mlflow", traceArtifactRoutes);
api.route("/mlflow", uploadRoutes);
api.route("/mlflow-artifacts/mpu", multipartRoutes);
api.route("/mlflow-artifacts/presigned", presignedRoutes);
api.route("/mlflow-artifacts", proxiedArtifactRoutes);
api.get(
  "/mlflow/server-info",
  (c) =>
    answer(c, {
      store_type: "SqlStore",
      workspaces_enabled: false,
      features_enabled: { gateway: false },
      multipart_uploads_enabled: true,
      multipart_downloads_enabled: c.get("services").blobs.presign !== undefined,
      presigned_upload_run_id_supported: false,
      presigned_upload_model_id_supported: false,
      trace_archival_enabled: false,
    }),
);

const all = new Hono<AppEnv>();
for (const prefix of ["/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"]) {
  all.route(prefix, api);
}
all.route("/", fileRoutes);
all.route("/", otlpRoutes);
all.get("/health", (c) => c.text("OK"));
all.get("/version", (c) => c.text(mlflowVersion));

/** To be mounted at the root. */
export const mlflowRoutes = all;
