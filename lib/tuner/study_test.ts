import assert from "node:assert/strict";
import {
  createStudy,
  memoryStore,
  SearchSpaceError,
  StudyFailedError,
  TrialPruned,
} from "./mod.ts";

const sphere = (trial: import("./mod.ts").Trial) => {
  const x = trial.suggestFloat("x", -5, 5);
  const y = trial.suggestFloat("y", -5, 5);
  return x * x + y * y;
};

Deno.test("optimize() with TPE finds a bowl's minimum and the same trials for the same seed", async () => {
  const values = [];
  for (let i = 0; i < 2; i++) {
    const study = createStudy({ direction: "minimize", sampler: "tpe", seed: 7 });
    const { finished, stopReason } = await study.optimize(sphere, { trials: 80 });
    assert.equal(finished, 80);
    assert.equal(stopReason, "trials");
    assert.ok(study.best.value < 0.5, String(study.best.value));
    values.push(study.trials.map((t) => t.value));
  }
  assert.deepEqual(values[0], values[1]);
});

Deno.test("ask() and tell() run a maximising study by hand", () => {
  const study = createStudy({
    direction: "maximize",
    sampler: { kind: "tpe", startupTrials: 5 },
    seed: 1,
  });
  for (let i = 0; i < 40; i++) {
    const trial = study.ask();
    const n = trial.suggestInt("n", 1, 100, { log: true });
    const kind = trial.suggestCategorical("kind", ["a", "b", null]);
    assert.ok(Number.isInteger(n) && n >= 1 && n <= 100);
    study.tell(trial, n + (kind === "b" ? 10 : 0));
  }
  assert.ok(study.best.value > 80);
  assert.equal(study.best.params.kind, "b");
  assert.throws(() => study.tell(study.trials[0].number, 1), /trial 0 has ended \(complete\)/);
  const open = study.ask();
  assert.throws(() => study.tell(open, NaN), /value must be a number, got NaN/);
  study.tell(open, { state: "failed", error: "gave up" });
  assert.equal(study.trials[40].error, "gave up");
});

Deno.test("optimize() takes conditional spaces, steps and log scales", async () => {
  const study = createStudy({ seed: 3, sampler: { kind: "tpe", group: true } });
  await study.optimize((trial) => {
    const kind = trial.suggestCategorical("kind", ["tree", "net"]);
    if (kind === "tree") return trial.suggestInt("depth", 2, 20, { step: 3 }) / 20;
    const rate = trial.suggestFloat("rate", 1e-5, 1, { log: true });
    const dropout = trial.suggestFloat("dropout", 0, 0.55, { step: 0.1 });
    return Math.abs(Math.log10(rate) + 3) / 10 + dropout;
  }, { trials: 60 });
  for (const { params, distributions } of study.trials) {
    if (params.kind === "tree") {
      assert.equal(((params.depth as number) - 2) % 3, 0);
      assert.ok(!("rate" in distributions));
    } else assert.ok([0, 0.1, 0.2, 0.3, 0.4, 0.5].includes(params.dropout as number));
  }
  assert.ok(study.best.value <= 0.1);
});

Deno.test("a wrong range stops the study with an error naming the parameter", async () => {
  const cases: [(t: import("./mod.ts").Trial) => unknown, RegExp][] = [
    [(t) => t.suggestFloat("lr", 2, 1), /"lr": low must be <= high, got \[2, 1\]/],
    [
      (t) => t.suggestFloat("lr", 0, 1, { log: true }),
      /"lr": low must be > 0 on a log scale, got 0/,
    ],
    [(t) => t.suggestFloat("lr", 0, NaN), /"lr": high must be a finite number, got NaN/],
    [(t) => t.suggestFloat("lr", 0, 1, { step: -1 }), /"lr": step must be > 0, got -1/],
    [(t) => t.suggestInt("n", 1.5, 3), /"n": low must be an integer, got 1.5/],
    [(t) => t.suggestCategorical("c", []), /"c": choices must be a non-empty list/],
    [(t) => t.suggestCategorical("c", ["a", "a"]), /"c": choices must differ, got "a" twice/],
    [(t) => t.suggestFloat("", 0, 1), /name must be a non-empty string, got ""/],
    [
      (t) => [t.suggestFloat("x", 0, 1), t.suggestFloat("x", 0, 2)],
      /"x": a trial must ask for one distribution per name, got float \[0, 2\] after float \[0, 1\]/,
    ],
  ];
  for (const [ask, message] of cases) {
    const study = createStudy({ seed: 1 });
    await assert.rejects(
      study.optimize((t) => (ask(t), 1), { trials: 5 }),
      (e) => e instanceof SearchSpaceError && message.test(e.message),
    );
    assert.equal(study.trials.length, 1);
    assert.equal(study.trials[0].state, "failed");
  }
});

Deno.test("a categorical that changes between trials is an error naming it", async () => {
  const study = createStudy({ seed: 1 });
  await assert.rejects(
    study.optimize(
      (t) => t.suggestCategorical("kind", t.number < 2 ? ["a", "b"] : ["a", "c"]) === "a" ? 1 : 0,
      { trials: 5 },
    ),
    /"kind": kind and choices must not change between trials, got categorical \["a","c"\]/,
  );
  assert.deepEqual(study.trials.map((t) => t.state), ["complete", "complete", "failed"]);
});

Deno.test("NaN, undefined and thrown results fail their trial and the study goes on", async () => {
  const study = createStudy({ seed: 1 });
  await study.optimize((t) => {
    if (t.number === 1) return NaN;
    if (t.number === 2) return undefined as unknown as number;
    if (t.number === 3) throw new Error("diverged");
    if (t.number === 4) return "3" as unknown as number;
    return sphere(t);
  }, { trials: 8 });
  assert.deepEqual(study.trials.map((t) => t.error ?? t.state), [
    "complete",
    "Cannot end trial 1: value must be a number, got NaN",
    "Cannot end trial 2: value must be a number, got undefined",
    "diverged",
    "Cannot end trial 4: value must be a number, got 3",
    "complete",
    "complete",
    "complete",
  ]);
});

Deno.test("an objective that always throws ends the study with its error as the cause", async () => {
  const study = createStudy({ seed: 1 });
  const boom = new Error("boom");
  await assert.rejects(
    study.optimize(() => {
      throw boom;
    }, { trials: 50 }),
    (e) =>
      e instanceof StudyFailedError && e.cause === boom &&
      /5 trials in a row threw/.test(e.message),
  );
  assert.equal(study.trials.length, 5);
  await assert.rejects(
    createStudy().optimize(() => NaN, { trials: 3 }),
    /all 3 trials failed, the last: Cannot end trial 0: value must be a number, got NaN/,
  );
});

Deno.test("duplicated study names are refused, and loaded when asked", async () => {
  const store = memoryStore();
  const first = createStudy({ name: "s", store, seed: 1 });
  await first.optimize(sphere, { trials: 3 });
  assert.throws(() => createStudy({ name: "s", store }), /name must be new in the store, got "s"/);
  assert.throws(
    () => createStudy({ name: "s", store, ifExists: "load", direction: "maximize" }),
    /directions must be \["minimize"\], got \["maximize"\]/,
  );
  const again = createStudy({ name: "s", store, ifExists: "load" });
  await again.optimize(sphere, { trials: 2 });
  assert.equal(first.trials.length, 5);
});

Deno.test("an aborted study keeps its finished trials and marks the running one", async () => {
  const study = createStudy({ seed: 1 });
  const controller = new AbortController();
  const result = await study.optimize(async (t) => {
    const value = sphere(t);
    if (t.number === 3) {
      controller.abort();
      await new Promise(() => {});
    }
    return value;
  }, { trials: 10, signal: controller.signal });
  assert.deepEqual(result, { finished: 4, stopReason: "aborted" });
  assert.deepEqual(study.trials.map((t) => t.state), [
    "complete",
    "complete",
    "complete",
    "failed",
  ]);
  assert.equal(study.trials[3].error, "interrupted");
  const more = await study.optimize(sphere, { trials: 2 });
  assert.equal(more.finished, 2);
});

Deno.test("enqueued values are tried first and must lie in the range", async () => {
  const study = createStudy({ seed: 1 });
  study.enqueue({ x: 0, y: 0 });
  study.enqueue({ x: 99 });
  await study.optimize(sphere, { trials: 3 });
  assert.deepEqual(study.best.params, { x: 0, y: 0 });
  assert.match(
    study.trials[1].error!,
    /enqueued value of "x": it must lie in float \[-5, 5\], got 99/,
  );
});

Deno.test("optimize() stops by time, by lack of improvement, by stop() and by a condition", async () => {
  const flat = createStudy({ seed: 1 });
  assert.deepEqual(await flat.optimize(() => 1, { noImprovementTrials: 4 }), {
    finished: 5,
    stopReason: "noImprovement",
  });
  const timed = createStudy({ seed: 1 });
  const { stopReason } = await timed.optimize(async () => {
    await new Promise((r) => setTimeout(r, 5));
    return 1;
  }, { timeoutMs: 30 });
  assert.equal(stopReason, "timeout");
  const stopped = createStudy({ seed: 1 });
  const result = await stopped.optimize(sphere, {
    trials: 10,
    onTrial: (t, s) => {
      if (t.number === 2) s.stop();
    },
  });
  assert.deepEqual(result, { finished: 3, stopReason: "stopped" });
  const found = createStudy({ seed: 1 });
  const end = await found.optimize(sphere, {
    stopWhen: (s) => s.trials.length >= 6 && "enough",
  });
  assert.deepEqual(end, { finished: 6, stopReason: "enough" });
  await assert.rejects(found.optimize(sphere, {}), /trials, limit, .* must be given/);
  await assert.rejects(found.optimize(sphere, { trials: -1 }), /trials must be an integer >= 0/);
});

Deno.test("workers run asynchronous objectives at once without sharing a trial", async () => {
  const study = createStudy({ seed: 1 });
  let now = 0, most = 0;
  const numbers: number[] = [];
  await study.optimize(async (t) => {
    most = Math.max(most, ++now);
    numbers.push(t.number);
    const value = sphere(t);
    await new Promise((r) => setTimeout(r, 1));
    now--;
    return value;
  }, { trials: 30, workers: 4 });
  assert.equal(most, 4);
  assert.deepEqual(numbers.toSorted((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i));
});

Deno.test("pruned trials keep their last report, and reports are checked", async () => {
  const study = createStudy({ seed: 1, pruner: { kind: "median", startupTrials: 2 } });
  await study.optimize((t) => {
    for (let step = 0; step < 5; step++) {
      t.report(t.number + step / 10, step);
      if (t.shouldPrune()) throw new TrialPruned();
    }
    return t.number;
  }, { trials: 6 });
  assert.deepEqual(study.trials.map((t) => t.state), [
    "complete",
    "complete",
    "pruned",
    "pruned",
    "pruned",
    "pruned",
  ]);
  assert.equal(study.trials[4].value, 4);
  const trial = study.ask();
  assert.throws(() => trial.report(1, -1), /step must be an integer >= 0, got -1/);
  assert.throws(() => trial.report("1" as unknown as number, 1), /value must be a number, got 1/);
});

Deno.test("createStudy() names the field that is wrong", () => {
  // deno-lint-ignore no-explicit-any
  const create = (options: any) => () => createStudy(options);
  assert.throws(
    create({ direction: "up" }),
    /direction must be "minimize" or "maximize", got "up"/,
  );
  assert.throws(create({ seed: -1 }), /seed must be an integer >= 0, got -1/);
  assert.throws(create({ sampler: "magic" }), /Cannot create study: sampler\.kind/);
  assert.throws(create({ sampler: { kind: "tpe", candidates: 0 } }), /sampler\.candidates/);
  assert.throws(create({ pruner: { kind: "percentile" } }), /pruner\.percentile/);
  assert.throws(() => createStudy().best, /has no complete feasible trial/);
});
