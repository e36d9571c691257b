/** The tables of issues, label schemas and review queues as drizzle knows them. @module */
import { bigint, boolean, doublePrecision, pgTable, primaryKey, text } from "drizzle-orm/pg-core";

const time = (name: string) => bigint(name, { mode: "number" });
const experimentId = () => bigint("experiment_id", { mode: "number" }).notNull();

export const issues = pgTable("issues", {
  issueId: text("issue_id").primaryKey(),
  experimentId: experimentId(),
  name: text("name").notNull(),
  description: text("description").notNull(),
  status: text("status").notNull(),
  severity: text("severity"),
  rootCauses: text("root_causes"),
  categories: text("categories"),
  sourceRunId: text("source_run_id"),
  createdBy: text("created_by"),
  createdTimestamp: time("created_timestamp").notNull(),
  lastUpdatedTimestamp: time("last_updated_timestamp").notNull(),
});

export const labelSchemas = pgTable("label_schemas", {
  schemaId: text("schema_id").primaryKey(),
  experimentId: experimentId(),
  name: text("name").notNull(),
  type: text("type").notNull(),
  instruction: text("instruction"),
  enableComment: boolean("enable_comment").notNull(),
  input: text("input").notNull(),
  createdBy: text("created_by"),
  createdAt: time("created_at").notNull(),
  lastUpdatedAt: time("last_updated_at").notNull(),
  isDefault: boolean("is_default").notNull().default(false),
});

export const reviewQueues = pgTable("review_queues", {
  queueId: text("queue_id").primaryKey(),
  experimentId: experimentId(),
  name: text("name").notNull(),
  nameKey: text("name_key").notNull(),
  queueType: text("queue_type").notNull(),
  createdBy: text("created_by"),
  creationTimeMs: time("creation_time_ms").notNull(),
  lastUpdateTimeMs: time("last_update_time_ms").notNull(),
});

export const reviewQueueUsers = pgTable("review_queue_users", {
  queueId: text("queue_id").notNull(),
  userId: text("user_id").notNull(),
}, (t) => [primaryKey({ columns: [t.queueId, t.userId] })]);

export const reviewQueueLabelSchemas = pgTable("review_queue_label_schemas", {
  queueId: text("queue_id").notNull(),
  schemaId: text("schema_id").notNull(),
}, (t) => [primaryKey({ columns: [t.queueId, t.schemaId] })]);

export const reviewQueueItems = pgTable("review_queue_items", {
  queueId: text("queue_id").notNull(),
  itemId: text("item_id").notNull(),
  status: text("status").notNull(),
  creationTimeMs: time("creation_time_ms").notNull(),
  lastUpdateTimeMs: time("last_update_time_ms").notNull(),
  completedBy: text("completed_by"),
  completedTimeMs: time("completed_time_ms"),
}, (t) => [primaryKey({ columns: [t.queueId, t.itemId] })]);

export const onlineScoringConfigs = pgTable("online_scoring_configs", {
  onlineScoringConfigId: text("online_scoring_config_id").primaryKey(),
  scorerId: text("scorer_id").notNull(),
  experimentId: experimentId(),
  sampleRate: doublePrecision("sample_rate").notNull(),
  filterString: text("filter_string"),
});
