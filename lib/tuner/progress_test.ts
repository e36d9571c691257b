import assert from "node:assert/strict";
import { createProgress, formatDuration } from "./progress.ts";
import { createStudy } from "./mod.ts";

Deno.test("createProgress() redraws one line on a terminal, with the time left", () => {
  let now = 0;
  const out: string[] = [];
  const progress = createProgress({
    total: 4,
    title: "tune",
    isTerminal: true,
    width: 200,
    clock: () => now,
    write: (t) => out.push(t),
  });
  now = 1000;
  progress.update(1, { trial: 2, epoch: 3, best: 0.123456789 });
  progress.update(1, { trial: 2, epoch: 4 });
  now = 2000;
  progress.note("a note");
  progress.update(4, {});
  progress.finish("done");
  progress.update(5, {});
  assert.deepEqual(out, [
    "\r\x1b[2Ktune [#####---------------] 1/4 25% trial 2 epoch 3 best 0.12346 elapsed 1s ETA 3s",
    "\r\x1b[2Ka note\n",
    "\r\x1b[2Ktune [#####---------------] 1/4 25% trial 2 epoch 4 elapsed 2s ETA 6s",
    "\r\x1b[2Ktune [####################] 4/4 100% elapsed 2s",
    "\r\x1b[2Ktune [####################] 4/4 100% elapsed 2s",
    "\n",
    "done\n",
  ]);
});

Deno.test("createProgress() writes plain lines, now and then, when output is no terminal", () => {
  let now = 0;
  const out: string[] = [];
  const progress = createProgress({
    isTerminal: false,
    clock: () => now,
    write: (t) => out.push(t),
  });
  for (now = 0; now < 12_000; now += 1000) progress.update(now / 1000, { rows: now });
  progress.finish();
  assert.deepEqual(out, [
    "0 rows 0 elapsed 0s\n",
    "5 rows 5000 elapsed 5s\n",
    "10 rows 10000 elapsed 10s\n",
    "11 rows 11000 elapsed 12s\n",
  ]);
});

Deno.test("formatDuration() shows the two largest units", () => {
  assert.deepEqual([0, 12_400, 185_000, 3_720_000].map(formatDuration), [
    "0s",
    "12s",
    "3m 05s",
    "1h 02m",
  ]);
});

Deno.test("a study shows trial, step and best value on a progress bar", async () => {
  const out: string[] = [];
  const progress = createProgress({
    total: 2,
    title: "study",
    isTerminal: false,
    everyMs: 0,
    write: (t) => out.push(t.replace(/ elapsed.*/, "")),
  });
  await createStudy({ seed: 1, pruner: "none" }).optimize((t) => {
    t.report(5, 0);
    return t.number;
  }, { trials: 2, progress });
  progress.finish();
  assert.deepEqual(out, [
    "study 0/2 0% trial 1\n",
    "study 0/2 0% trial 1 step 0\n",
    "study 1/2 50% trial 1 step 0 best 0\n",
    "study 1/2 50% trial 2 best 0\n",
    "study 1/2 50% trial 2 step 0 best 0\n",
    "study 2/2 100% trial 2 step 0 best 0\n",
  ]);
});
