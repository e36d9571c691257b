/**
 * The services that routes call: everything the server knows and does, without HTTP.
 *
 * ```ts
 * const config = readConfig(Deno.env.toObject());
 * const { services, close } = await createServices(config, { db: await openDatabase(config) });
 * const run = await services.tracking.createRun({ experimentId: "0" });
 * await close();
 * ```
 * @module
 */
import { join } from "node:path";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import { ensureDefaultExperiment } from "../db/experiments.ts";
import { createLogger, type Logger } from "../log.ts";
import type { ServerMetrics } from "../monitoring/metrics.ts";
import { removeOldPredictions } from "../serving/prediction_retention.ts";
import { createServingServices } from "../serving/services.ts";
import type { Serving } from "../serving/serving.ts";
import { createArtifactService } from "./artifact_service.ts";
import type { ArtifactService } from "./artifacts.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import { openBlobStore } from "./blobs/open.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createEventHub, type EventHub } from "./events.ts";
import {
  createEvaluationDatasetService,
  type EvaluationDatasetService,
} from "./evaluation_datasets.ts";
import { collectGarbage } from "./garbage.ts";
import { scheduleGarbage } from "./garbage_schedule.ts";
import { type ArchiveService, createArchiveService } from "./experiment_archive.ts";
import { createScorerService, type ScorerService } from "./scorers.ts";
import { createGovernance, type Governance } from "./governance.ts";
import { createLoggedModelService, type LoggedModelService } from "./logged_models.ts";
import { createMcpRegistry, type McpRegistry } from "./mcp/mcp_registry.ts";
import { createRegistryService } from "./registry_service.ts";
import { createIssueService, type IssueService } from "./reviews/issues.ts";
import { createLabelSchemaService, type LabelSchemaService } from "./reviews/label_schemas.ts";
import { createReviewQueueService, type ReviewQueueService } from "./reviews/review_queues.ts";
import { createTraceMetricService, type TraceMetricService } from "./trace_metrics.ts";
import { createTraceService, type TraceService } from "./traces.ts";
import type { TrackingService } from "./tracking.ts";
import { createTrackingService } from "./tracking_service.ts";
import { createUploadService, type UploadService } from "./uploads.ts";
import { createWebhookService, type WebhookService } from "./webhooks/webhooks.ts";
import { scheduleVacuum } from "./vacuum_schedule.ts";
import { createVersionSources, type VersionSources } from "./version_sources.ts";

export interface Services extends Governance {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventHub;
  readonly blobs: BlobStore;
  readonly artifacts: ArtifactService;
  readonly uploads: UploadService;
  readonly webhooks: WebhookService;
  readonly tracking: TrackingService;
  readonly loggedModels: LoggedModelService;
  readonly traces: TraceService;
  readonly traceMetrics: TraceMetricService;
  readonly evaluationDatasets: EvaluationDatasetService;
  readonly scorers: ScorerService;
  readonly mcpRegistry: McpRegistry;
  readonly issues: IssueService;
  readonly labelSchemas: LabelSchemaService;
  readonly reviewQueues: ReviewQueueService;
  readonly archives: ArchiveService;
  readonly versionSources: VersionSources;
  readonly metrics: ServerMetrics;
  readonly serving: Serving;
  /** Folder of the built browser pages; absent when the server runs without them. */
  readonly uiDir?: string;
}

export interface ServicesOptions {
  clock?: Clock;
  log?: Logger;
  /** Closed by `close()` as if it had been opened here. */
  db: Database;
  blobs?: BlobStore;
  uiDir?: string;
}

/** The services over an open database, and `close`, which first writes what was accepted. */
export async function createServices(
  config: Config,
  options: ServicesOptions,
): Promise<{ services: Services; close(): Promise<void> }> {
  const { db, clock = systemClock, log = createLogger(config.logLevel) } = options;
  await ensureDefaultExperiment(db, clock.now());
  const events = createEventHub((error) =>
    log.error("a listener of events failed", { error: String(error) })
  );
  const blobs = options.blobs ?? await openBlobStore(config.artifacts);
  const tracking = createTrackingService({ db, clock, events });
  const loggedModels = createLoggedModelService({ db, clock, events, tracking });
  const registry = createRegistryService({ db, clock, events });
  const artifacts = createArtifactService({
    db,
    blobs,
    events,
    resolver: {
      runArtifactUri: async (runId) => (await tracking.getRun(runId)).info.artifact_uri,
      loggedModelUri: async (modelId) => (await loggedModels.get(modelId)).info.artifact_uri,
      versionSource: async (name, { version, alias }) =>
        (alias === undefined
          ? await registry.getVersion(name, version ?? "")
          : await registry.getVersionByAlias(name, alias)).source ?? "",
    },
  });
  const serving = createServingServices({ config, clock, log, events, registry, artifacts });
  const { governance, close: closeGovernance } = await createGovernance({
    config,
    db,
    clock,
    log,
    events,
    registry,
    tracking,
    measuredLatency: (model, version) => {
      const { count, p99 } = serving.serving.latency(model, version);
      return Promise.resolve(count > 0 ? { p99Ms: p99, requests: count } : null);
    },
  });
  const webhooks = createWebhookService({
    db,
    clock,
    log,
    events,
    registry,
    secrets: governance.secrets,
    allowed: config.webhookHosts,
  });
  const garbage = config.gcEveryHours > 0
    ? scheduleGarbage({
      clock,
      log,
      async collect() {
        if (config.predictionDays > 0) {
          const dir = join(config.home, "predictions");
          await removeOldPredictions(dir, config.predictionDays, clock.now());
        }
        const olderThanMs = config.gcKeepDays * 86_400_000;
        return await collectGarbage({ db, blobs, clock }, { olderThanMs });
      },
    }, config.gcEveryHours * 3_600_000)
    : null;
  const vacuuming = scheduleVacuum({ db, clock, log });
  const services: Services = {
    config,
    db,
    clock,
    log,
    events,
    blobs,
    artifacts,
    uploads: createUploadService({ db, blobs, events }),
    tracking,
    loggedModels,
    evaluationDatasets: createEvaluationDatasetService({ db, clock }),
    archives: createArchiveService({ db, blobs, clock, events }),
    scorers: createScorerService({ db, clock, tracking }),
    mcpRegistry: createMcpRegistry({ db, clock }),
    issues: createIssueService({ db, clock, tracking }),
    labelSchemas: createLabelSchemaService({ db, clock, tracking }),
    reviewQueues: createReviewQueueService({ db, clock, tracking }),
    traces: createTraceService({ db, clock, tracking }),
    traceMetrics: createTraceMetricService({ db }),
    versionSources: createVersionSources({ tracking, loggedModels, registry }),
    ...serving,
    // Its registry stands before the plain one: aliases under a policy move by promotion only.
    ...governance,
    webhooks,
    uiDir: options.uiDir,
  };
  return {
    services,
    async close() {
      await garbage?.close();
      await vacuuming?.close();
      await serving.serving.close();
      await webhooks.close();
      await closeGovernance();
      await tracking.drain();
      await blobs.close();
      await db.close();
    },
  };
}
