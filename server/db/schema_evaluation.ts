/** The tables of evaluation datasets and scorers as drizzle knows them. @module */
import { bigint, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";

const time = (name: string) => bigint(name, { mode: "number" });

export const evaluationDatasets = pgTable("evaluation_datasets", {
  datasetId: text("dataset_id").primaryKey(),
  name: text("name").notNull(),
  tags: text("tags").notNull().default("{}"),
  schema: text("schema"),
  profile: text("profile"),
  digest: text("digest").notNull(),
  createdTime: time("created_time").notNull(),
  lastUpdateTime: time("last_update_time").notNull(),
  createdBy: text("created_by"),
  lastUpdatedBy: text("last_updated_by"),
});

export const evaluationDatasetExperiments = pgTable("evaluation_dataset_experiments", {
  datasetId: text("dataset_id").notNull(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
}, (t) => [primaryKey({ columns: [t.datasetId, t.experimentId] })]);

export const evaluationDatasetRecords = pgTable("evaluation_dataset_records", {
  recordId: text("record_id").primaryKey(),
  datasetId: text("dataset_id").notNull(),
  inputHash: text("input_hash").notNull(),
  content: text("content").notNull(),
  createdTime: time("created_time").notNull(),
});

export const scorers = pgTable("scorers", {
  scorerId: text("scorer_id").primaryKey(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  name: text("name").notNull(),
});

export const scorerVersions = pgTable("scorer_versions", {
  scorerId: text("scorer_id").notNull(),
  version: integer("version").notNull(),
  serializedScorer: text("serialized_scorer").notNull(),
  creationTime: time("creation_time").notNull(),
}, (t) => [primaryKey({ columns: [t.scorerId, t.version] })]);
