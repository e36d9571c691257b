/**
 * The services that routes call: everything the server knows and does, without HTTP.
 * @module
 */
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { Logger } from "../log.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";

export interface Services {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventHub;
}
