/** How long the log of predictions is kept: its files are named for their day. @module */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const dayMs = 86_400_000;

/**
 * Removes the files of `<dir>/<model>/<day>.jsonl` whose whole day is more than `keepDays` days
 * before `now` (milliseconds since 1970, UTC); returns how many. Other files stay.
 */
export async function removeOldPredictions(
  dir: string,
  keepDays: number,
  now: number,
): Promise<number> {
  const first = new Date(now - keepDays * dayMs).toISOString().slice(0, 10);
  const models = await readdir(dir, { withFileTypes: true }).catch(() => []);
  let removed = 0;
  for (const model of models) {
    if (!model.isDirectory()) continue;
    for (const name of await readdir(join(dir, model.name))) {
      const day = /^(\d{4}-\d\d-\d\d)\.jsonl$/.exec(name)?.[1];
      if (day === undefined || day >= first) continue;
      await rm(join(dir, model.name, name));
      removed++;
    }
  }
  return removed;
}
