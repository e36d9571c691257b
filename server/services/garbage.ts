/** Frees what was deleted: rows, names and bytes. @module */
import type { Database } from "../db/database.ts";
import { removeArtifacts, takeUnusedBlobs } from "../db/artifacts.ts";
import { expireRuns, purgeDeleted } from "../db/retention.ts";
import { deleteStaleUploads } from "../db/uploads.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { Clock } from "./clock.ts";

export interface GarbageOptions {
  /** Only what was deleted at least so long ago. */
  olderThanMs?: number;
  runIds?: string[];
  experimentIds?: string[];
  /** How long content stays that nothing points to: an upload may be about to name it. */
  blobGraceMs?: number;
}

export interface GarbageReport {
  expiredRuns: number;
  runs: string[];
  experiments: string[];
  loggedModels: string[];
  artifacts: number;
  blobs: number;
}

const hourMs = 3_600_000;

/**
 * Expires runs by their experiment's retention, removes what was deleted for good, and frees the
 * bytes that nothing points to any more.
 */
export async function collectGarbage(
  deps: { db: Database; blobs: BlobStore; clock: Clock },
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const { db, blobs, clock } = deps;
  const now = clock.now();
  const chosen = options.runIds !== undefined || options.experimentIds !== undefined;
  const report = await db.transaction(async (tx) => {
    const expiredRuns = chosen ? 0 : await expireRuns(tx, now);
    const purged = await purgeDeleted(tx, now - (options.olderThanMs ?? 0), {
      runIds: options.runIds,
      experimentIds: options.experimentIds?.map(Number),
    });
    let artifacts = 0;
    for (const folder of purged.folders) artifacts += await removeArtifacts(tx, folder);
    await deleteStaleUploads(tx, 24 * hourMs);
    return {
      expiredRuns,
      runs: purged.runs,
      experiments: purged.experiments,
      loggedModels: purged.loggedModels,
      artifacts,
    };
  });
  // Rows first: a crash in between leaves bytes without a name, never a name without bytes.
  const graceMs = options.blobGraceMs ?? hourMs;
  const unused = await takeUnusedBlobs(db, graceMs);
  for (const sha256 of unused) await blobs.remove(sha256, graceMs);
  return { ...report, blobs: unused.length };
}
