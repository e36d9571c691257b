/**
 * The services that routes call: everything the server knows and does, without HTTP.
 * @module
 */
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { Logger } from "../log.ts";
import type { ArtifactService } from "./artifacts.ts";
import type { AuditService } from "./audit.ts";
import type { ServerMetrics } from "../monitoring/metrics.ts";
import type { Serving } from "../serving/serving.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import type { RegistryService } from "./registry.ts";
import type { TrackingService } from "./tracking.ts";

export interface Services {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventHub;
  readonly audit: AuditService;
  readonly artifacts: ArtifactService;
  readonly tracking: TrackingService;
  readonly registry: RegistryService;
  readonly metrics: ServerMetrics;
  readonly serving: Serving;
  /** Folder of the built browser pages; absent when the server runs without them. */
  readonly uiDir?: string;
}
