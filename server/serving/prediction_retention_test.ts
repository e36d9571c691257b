import assert from "node:assert/strict";
import { removeOldPredictions } from "./prediction_retention.ts";

Deno.test("days of predictions are removed when they are older than what is kept", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/signal`);
    const files = ["2026-01-01.jsonl", "2026-01-02.jsonl", "2026-01-03.jsonl", "notes.txt"];
    for (const name of files) await Deno.writeTextFile(`${dir}/signal/${name}`, "{}\n");
    const now = Date.parse("2026-01-03T12:00:00Z");
    assert.equal(await removeOldPredictions(dir, 1, now), 1);
    const left = [...Deno.readDirSync(`${dir}/signal`)].map((e) => e.name).sort();
    assert.deepEqual(left, files.slice(1));
    assert.equal(await removeOldPredictions(`${dir}/none`, 1, now), 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
