import assert from "node:assert/strict";
import type { RunRecord } from "./run_record.ts";
import { bestTrial, objectiveKeys, studyDirection, toTrials } from "./study_record.ts";

const run = (startTime: number, value: number | undefined, more: Partial<RunRecord> = {}) =>
  ({
    id: String(startTime),
    startTime,
    status: "FINISHED",
    metrics: value === undefined ? {} : { value },
    params: {},
    tags: {},
    ...more,
  }) as unknown as RunRecord;

Deno.test("the best value so far counts complete trials only", () => {
  const trials = toTrials(
    [
      run(3, 9, { tags: { "tapebook.trial.state": "PRUNED" } }),
      run(1, 2),
      run(2, 1),
      run(4, 5),
      run(5, NaN),
    ],
    "value",
    1,
  );
  assert.deepEqual(trials.map((t) => t.bestSoFar), [2, 2, 2, 5, 5]);
  assert.deepEqual(trials.map((t) => t.value), [2, 1, 9, 5, null]);
  assert.equal(bestTrial(trials)!.run.id, "4");
});

Deno.test("in a study that minimises the least value is best", () => {
  const trials = toTrials([run(1, 2), run(2, 1), run(3, 3)], "value", -1);
  assert.deepEqual(trials.map((t) => t.bestSoFar), [2, 1, 1]);
  assert.equal(bestTrial(toTrials([], "value", 1)), null);
});

Deno.test("objective and direction are what the parent run states, else by name", () => {
  const parent = (params: Record<string, string>) => run(0, undefined, { params });
  const trials = [run(1, 1, { metrics: { sharpe: 1, val_loss: 2, other: 3 } })];
  assert.equal(objectiveKeys(parent({}), trials)[0], "val_loss");
  assert.equal(objectiveKeys(parent({ objective: "other" }), trials)[0], "other");
  assert.equal(studyDirection(parent({}), "val_loss"), -1);
  assert.equal(studyDirection(parent({ direction: "maximize" }), "val_loss"), 1);
});
