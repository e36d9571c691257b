import assert from "node:assert/strict";
import { space, trainPopulation } from "./mod.ts";
import { train } from "./testdata/population_member.ts";

const member = `${new URL("./testdata/population_member.ts", import.meta.url).href}#train`;
type Checkpoint = { skill: number; pids: number[] };

Deno.test("trainPopulation() over two processes gives what one process gives, though one of them crashes", async () => {
  const options = {
    space: { rate: space.float(1e-4, 1, { log: true }) },
    direction: "maximize" as const,
    population: 4,
    intervals: 4,
    seed: 3,
  };
  const here = await trainPopulation<typeof options.space, Checkpoint>({ ...options, train });
  const marker = await Deno.makeTempFile();
  await Deno.remove(marker);
  const started: number[] = [];
  Deno.env.set("CRASH_ONCE", marker);
  try {
    const there = await trainPopulation<typeof options.space, Checkpoint>({
      ...options,
      train: member,
      workers: 2,
      processes: { onStart: (process) => void started.push(process.pid) },
    });
    assert.deepEqual(there.history, here.history);
    assert.equal(there.best.value, here.best.value);
    assert.equal(there.best.checkpoint.skill, here.best.checkpoint.skill);
    // Its training went from one interval to the next by checkpoint, in processes other than this.
    assert.equal(there.best.checkpoint.pids.length, 4);
    assert.ok(there.best.checkpoint.pids.every((pid) => started.includes(pid)));
    assert.equal(started.length, 3); // two, and the one that took the crashed one's step up again
  } finally {
    Deno.env.delete("CRASH_ONCE");
    await Deno.remove(marker).catch(() => {});
  }
});

Deno.test("trainPopulation() names member and interval when a training in a process throws", async () => {
  await assert.rejects(
    trainPopulation({
      space: { rate: space.float(1e7, 1e8) },
      direction: "maximize",
      population: 2,
      intervals: 1,
      train: member,
    }),
    /member 0 failed in interval 0: rate is too high/,
  );
});
