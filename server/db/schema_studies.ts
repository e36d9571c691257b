/** The tables of studies and their trials as drizzle knows them. @module */
import { sql } from "drizzle-orm";
import {
  bigint,
  doublePrecision,
  integer,
  json,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

export const studies = pgTable("studies", {
  studyId: bigint("study_id", { mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  name: text("name").notNull(),
  directions: jsonb("directions").notNull(),
  sampler: jsonb("sampler"),
  pruner: jsonb("pruner"),
  seed: bigint("seed", { mode: "number" }).notNull(),
  userAttrs: jsonb("user_attrs").notNull().default(sql`'{}'::jsonb`),
  runId: text("run_id"),
  experimentId: text("experiment_id"),
  revision: bigint("revision", { mode: "number" }).notNull().default(sql`0`),
  trialCount: integer("trial_count").notNull().default(sql`0`),
  maxAttempts: integer("max_attempts").notNull().default(sql`3`),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().default(sql`now()`),
});

export const studyReports = pgTable("study_reports", {
  studyId: bigint("study_id", { mode: "number" }).notNull(),
  number: integer("number").notNull(),
  step: bigint("step", { mode: "number" }).notNull(),
  value: doublePrecision("value").notNull(),
}, (t) => [primaryKey({ columns: [t.studyId, t.number, t.step] })]);

export const studyTrials = pgTable("study_trials", {
  studyId: bigint("study_id", { mode: "number" }).notNull(),
  number: integer("number").notNull(),
  state: text("state").notNull(),
  attempt: integer("attempt").notNull().default(sql`0`),
  revision: bigint("revision", { mode: "number" }).notNull(),
  body: json("body").notNull(),
  checkpoint: json("checkpoint"),
  worker: text("worker"),
  leaseId: text("lease_id"),
  leaseExpiresAt: timestamp("lease_expires_at", { withTimezone: true }),
  runId: text("run_id"),
}, (t) => [primaryKey({ columns: [t.studyId, t.number] })]);
