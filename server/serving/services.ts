/** The services of the serving endpoint, put together from the server's own. @module */
import { join } from "node:path";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import { createMetrics, type ServerMetrics } from "../monitoring/metrics.ts";
import type { ArtifactService } from "../services/artifacts.ts";
import type { Clock } from "../services/clock.ts";
import type { EventHub } from "../services/events.ts";
import type { RegistryService } from "../services/registry.ts";
import { createPredictionLog } from "./prediction_log.ts";
import { createRegistrySource } from "./registry_source.ts";
import { createServing, type Serving } from "./serving.ts";

export interface ServingServices {
  readonly metrics: ServerMetrics;
  readonly serving: Serving;
}

/** Serving over the server's registry; predictions are logged under `config.home`/predictions. */
export function createServingServices(base: {
  config: Config;
  clock: Clock;
  log: Logger;
  events: EventHub;
  registry: RegistryService;
  artifacts: ArtifactService;
}): ServingServices {
  const metrics = createMetrics();
  const serving = createServing({
    source: createRegistrySource(base),
    log: createPredictionLog({
      dir: join(base.config.home, "predictions"),
      clock: base.clock,
      onError: (error) => base.log.error("predictions not logged", { error: String(error) }),
    }),
    metrics,
    clock: base.clock,
    events: base.events,
  });
  return { metrics, serving };
}
