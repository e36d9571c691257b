/**
 * The tables as drizzle knows them. Migrations make them; a test holds that this file says the same.
 * @module
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

export * from "./schema_evaluation.ts";
export * from "./schema_mcp.ts";
export * from "./schema_reviews.ts";
export * from "./schema_studies.ts";
export * from "./schema_traces.ts";

export const aliasChanges = pgTable("alias_changes", {
  changeNo: bigint("change_no", { mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
  model: text("model").notNull(),
  alias: text("alias").notNull(),
  version: integer("version").notNull(),
  previousVersion: integer("previous_version"),
  reason: text("reason").notNull(),
  promotionId: text("promotion_id"),
  changedBy: text("changed_by").notNull(),
  changedAt: bigint("changed_at", { mode: "number" }).notNull(),
});

export const artifactBlobs = pgTable("artifact_blobs", {
  sha256: text("sha256").primaryKey(),
  size: bigint("size", { mode: "number" }).notNull(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().default(sql`now()`),
});

export const artifactUploadParts = pgTable("artifact_upload_parts", {
  uploadId: text("upload_id").notNull(),
  partNumber: integer("part_number").notNull(),
  sha256: text("sha256").notNull(),
  size: bigint("size", { mode: "number" }).notNull(),
}, (t) => [primaryKey({ columns: [t.uploadId, t.partNumber] })]);

export const artifactUploads = pgTable("artifact_uploads", {
  uploadId: text("upload_id").primaryKey(),
  path: text("path").notNull(),
  numParts: integer("num_parts").notNull(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().default(sql`now()`),
});

export const artifacts = pgTable("artifacts", {
  path: text("path").primaryKey(),
  sha256: text("sha256").notNull(),
  size: bigint("size", { mode: "number" }).notNull(),
  contentType: text("content_type"),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().default(sql`now()`),
});

export const auditEntries = pgTable("audit_entries", {
  seq: bigint("seq", { mode: "number" }).primaryKey(),
  at: bigint("at", { mode: "number" }).notNull(),
  actor: text("actor").notNull(),
  action: text("action").notNull(),
  target: text("target").notNull(),
  details: text("details").notNull(),
  requestId: text("request_id"),
  previousHash: text("previous_hash").notNull(),
  hash: text("hash").notNull(),
});

export const datasets = pgTable("datasets", {
  datasetNo: bigint("dataset_no", { mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  name: text("name").notNull(),
  digest: text("digest").notNull(),
  sourceType: text("source_type").notNull().default(sql`''::text`),
  source: text("source").notNull().default(sql`''::text`),
  schema: text("schema"),
  profile: text("profile"),
});

export const experimentPermissions = pgTable("experiment_permissions", {
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  userName: text("user_name").notNull(),
  level: text("level").notNull(),
}, (t) => [primaryKey({ columns: [t.experimentId, t.userName] })]);

export const experimentTags = pgTable("experiment_tags", {
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.experimentId, t.key] })]);

export const experiments = pgTable("experiments", {
  experimentId: bigint("experiment_id", { mode: "number" }).generatedByDefaultAsIdentity()
    .primaryKey(),
  name: text("name").notNull(),
  artifactLocation: text("artifact_location").notNull(),
  lifecycleStage: text("lifecycle_stage").notNull().default(sql`'active'::text`),
  creationTime: bigint("creation_time", { mode: "number" }).notNull(),
  lastUpdateTime: bigint("last_update_time", { mode: "number" }).notNull(),
});

export const loggedModelMetrics = pgTable(
  "logged_model_metrics",
  {
    modelId: text("model_id").notNull(),
    runNo: bigint("run_no", { mode: "number" }).notNull(),
    key: text("key").notNull(),
    timestamp: bigint("timestamp", { mode: "number" }).notNull(),
    step: bigint("step", { mode: "number" }).notNull(),
    value: doublePrecision("value").notNull(),
    datasetName: text("dataset_name").notNull().default(sql`''::text`),
    datasetDigest: text("dataset_digest").notNull().default(sql`''::text`),
  },
  (
    t,
  ) => [
    primaryKey({
      columns: [
        t.modelId,
        t.runNo,
        t.key,
        t.timestamp,
        t.step,
        t.value,
        t.datasetName,
        t.datasetDigest,
      ],
    }),
  ],
);

export const loggedModelParams = pgTable("logged_model_params", {
  modelId: text("model_id").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.modelId, t.key] })]);

export const loggedModelTags = pgTable("logged_model_tags", {
  modelId: text("model_id").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.modelId, t.key] })]);

export const loggedModels = pgTable("logged_models", {
  modelId: text("model_id").primaryKey(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  name: text("name").notNull(),
  artifactLocation: text("artifact_location").notNull(),
  status: text("status").notNull().default(sql`'LOGGED_MODEL_PENDING'::text`),
  statusMessage: text("status_message"),
  modelType: text("model_type"),
  sourceRunId: text("source_run_id"),
  lifecycleStage: text("lifecycle_stage").notNull().default(sql`'active'::text`),
  creationTime: bigint("creation_time", { mode: "number" }).notNull(),
  lastUpdateTime: bigint("last_update_time", { mode: "number" }).notNull(),
});

export const metricPoints = pgTable("metric_points", {
  seriesNo: bigint("series_no", { mode: "number" }).notNull(),
  timestamp: bigint("timestamp", { mode: "number" }).notNull(),
  step: bigint("step", { mode: "number" }).notNull(),
  value: doublePrecision("value").notNull(),
}, (t) => [primaryKey({ columns: [t.seriesNo, t.timestamp, t.step, t.value] })]);

export const metricSeries = pgTable("metric_series", {
  seriesNo: bigint("series_no", { mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  /** That of the run, kept here so that an index orders an experiment's runs by a metric. */
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  key: text("key").notNull(),
  step: bigint("step", { mode: "number" }).notNull(),
  timestamp: bigint("timestamp", { mode: "number" }).notNull(),
  value: doublePrecision("value").notNull(),
});

export const modelAlerts = pgTable("model_alerts", {
  id: text("id").primaryKey(),
  model: text("model").notNull(),
  version: integer("version"),
  kind: text("kind").notNull(),
  message: text("message").notNull(),
  raisedAt: bigint("raised_at", { mode: "number" }).notNull(),
  resolvedAt: bigint("resolved_at", { mode: "number" }),
  resolvedBy: text("resolved_by"),
  resolution: text("resolution"),
});

export const modelPolicies = pgTable("model_policies", {
  model: text("model").primaryKey(),
  policy: jsonb("policy").notNull(),
  updatedBy: text("updated_by").notNull(),
  updatedAt: bigint("updated_at", { mode: "number" }).notNull(),
});

export const modelVersionTags = pgTable("model_version_tags", {
  name: text("name").notNull(),
  version: integer("version").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.version, t.key] })]);

export const modelVersions = pgTable("model_versions", {
  name: text("name").notNull(),
  version: integer("version").notNull(),
  description: text("description"),
  userId: text("user_id"),
  currentStage: text("current_stage").notNull().default(sql`'None'::text`),
  source: text("source"),
  runId: text("run_id"),
  runLink: text("run_link"),
  modelId: text("model_id"),
  status: text("status").notNull().default(sql`'READY'::text`),
  statusMessage: text("status_message"),
  creationTime: bigint("creation_time", { mode: "number" }).notNull(),
  lastUpdateTime: bigint("last_update_time", { mode: "number" }).notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.version] })]);

export const promotionReviews = pgTable("promotion_reviews", {
  reviewNo: bigint("review_no", { mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
  promotionId: text("promotion_id").notNull(),
  author: text("author").notNull(),
  decision: text("decision").notNull(),
  text: text("text").notNull(),
  at: bigint("at", { mode: "number" }).notNull(),
});

export const promotions = pgTable("promotions", {
  id: text("id").primaryKey(),
  model: text("model").notNull(),
  version: integer("version").notNull(),
  alias: text("alias").notNull(),
  status: text("status").notNull(),
  rules: jsonb("rules").notNull(),
  lineage: jsonb("lineage").notNull(),
  previousVersion: integer("previous_version"),
  createdBy: text("created_by").notNull(),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  decidedBy: text("decided_by"),
  decidedAt: bigint("decided_at", { mode: "number" }),
});

export const registeredModelAliases = pgTable("registered_model_aliases", {
  name: text("name").notNull(),
  alias: text("alias").notNull(),
  version: integer("version").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.alias] })]);

export const registeredModelTags = pgTable("registered_model_tags", {
  name: text("name").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.name, t.key] })]);

export const registeredModels = pgTable("registered_models", {
  name: text("name").primaryKey(),
  description: text("description"),
  creationTime: bigint("creation_time", { mode: "number" }).notNull(),
  lastUpdateTime: bigint("last_update_time", { mode: "number" }).notNull(),
});

export const runDatasetTags = pgTable("run_dataset_tags", {
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  datasetNo: bigint("dataset_no", { mode: "number" }).notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.runNo, t.datasetNo, t.key] })]);

export const runDatasets = pgTable("run_datasets", {
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  datasetNo: bigint("dataset_no", { mode: "number" }).notNull(),
}, (t) => [primaryKey({ columns: [t.runNo, t.datasetNo] })]);

export const runModels = pgTable("run_models", {
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  direction: text("direction").notNull(),
  modelId: text("model_id").notNull(),
  step: bigint("step", { mode: "number" }).notNull().default(sql`0`),
}, (t) => [primaryKey({ columns: [t.runNo, t.direction, t.modelId, t.step] })]);

export const runParams = pgTable("run_params", {
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.runNo, t.key] })]);

export const runTags = pgTable("run_tags", {
  runNo: bigint("run_no", { mode: "number" }).notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
}, (t) => [primaryKey({ columns: [t.runNo, t.key] })]);

export const runs = pgTable("runs", {
  runNo: bigint("run_no", { mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
  runId: text("run_id").notNull(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  runName: text("run_name").notNull(),
  userId: text("user_id").notNull().default(sql`''::text`),
  status: text("status").notNull().default(sql`'RUNNING'::text`),
  startTime: bigint("start_time", { mode: "number" }),
  endTime: bigint("end_time", { mode: "number" }),
  artifactUri: text("artifact_uri").notNull(),
  lifecycleStage: text("lifecycle_stage").notNull().default(sql`'active'::text`),
  deletedTime: bigint("deleted_time", { mode: "number" }),
  heartbeatAt: timestamp("heartbeat_at", { withTimezone: true }),
});

export const secretKeys = pgTable("secret_keys", {
  keyId: text("key_id").primaryKey(),
  wrapped: text("wrapped").notNull(),
  masterId: text("master_id").notNull(),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  active: boolean("active").notNull(),
});

export const secrets = pgTable("secrets", {
  name: text("name").primaryKey(),
  kind: text("kind").notNull(),
  description: text("description").notNull().default(sql`''::text`),
  keyId: text("key_id").notNull(),
  sealed: text("sealed").notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  updatedAt: bigint("updated_at", { mode: "number" }).notNull(),
});

export const userQuotas = pgTable("user_quotas", {
  userName: text("user_name").primaryKey(),
  requestsPerDay: bigint("requests_per_day", { mode: "number" }),
  artifactBytesPerDay: bigint("artifact_bytes_per_day", { mode: "number" }),
});

export const userTokens = pgTable("user_tokens", {
  tokenId: text("token_id").primaryKey(),
  userName: text("user_name").notNull(),
  kind: text("kind").notNull(),
  label: text("label").notNull(),
  scopes: text("scopes").notNull(),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  expiresAt: bigint("expires_at", { mode: "number" }).notNull(),
  lastUsedAt: bigint("last_used_at", { mode: "number" }),
  revokedAt: bigint("revoked_at", { mode: "number" }),
});

export const users = pgTable("users", {
  name: text("name").primaryKey(),
  role: text("role").notNull(),
  passwordHash: text("password_hash"),
  disabled: boolean("disabled").notNull().default(sql`false`),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
  updatedAt: bigint("updated_at", { mode: "number" }).notNull(),
});

export const webhooks = pgTable("webhooks", {
  webhookId: text("webhook_id").primaryKey(),
  name: text("name").notNull(),
  description: text("description"),
  url: text("url").notNull(),
  events: jsonb("events").notNull(),
  secret: text("secret"),
  status: text("status").notNull().default(sql`'ACTIVE'::text`),
  creationTime: bigint("creation_time", { mode: "number" }).notNull(),
  lastUpdateTime: bigint("last_update_time", { mode: "number" }).notNull(),
});
