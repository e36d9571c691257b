/** Vacuums PGlite by the clock. @module */
import type { Database } from "../db/database.ts";
import { vacuum } from "../db/vacuum.ts";
import type { Logger } from "../log.ts";
import type { Clock } from "./clock.ts";
import { type Periodic, repeat } from "./periodic.ts";

/** A vacuum takes about a tenth of a second for each hundred thousand dead rows. */
const everyMs = 60_000;

/** Keeps PGlite free of dead rows; null on PostgreSQL, whose autovacuum does so. */
export function scheduleVacuum(
  { db, clock, log }: { db: Database; clock: Clock; log: Logger },
): Periodic | null {
  if (db.kind !== "pglite") return null;
  return repeat(clock, everyMs, async () => {
    try {
      const tables = await vacuum(db);
      if (tables.length) log.debug("vacuumed", { tables });
    } catch (error) {
      log.warn("the database was not vacuumed", { error: String(error) });
    }
  });
}
