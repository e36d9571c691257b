import assert from "node:assert/strict";
import { peerPython } from "../../../tests/support/components.ts";
import { createStudy, type FrozenTrial, TrialPruned } from "../mod.ts";
import { type ExchangedStudy, exportOptunaJournal, importOptunaJournal } from "./optuna_journal.ts";
import { exportCsv, exportJson } from "./tables.ts";

const testdata = (name: string) => new URL(`../testdata/${name}`, import.meta.url);
const text = (x: number) => Number.isFinite(x) ? x : x > 0 ? "inf" : x < 0 ? "-inf" : "nan";

/** A study in the words of read_journal.py, distributions left out. */
// deno-lint-ignore no-explicit-any
function describe(study: ExchangedStudy): any {
  return {
    name: study.name,
    directions: study.directions,
    trials: study.trials.map((t) => ({
      number: t.number,
      state: {
        complete: "COMPLETE",
        pruned: "PRUNED",
        failed: "FAIL",
        waiting: "WAITING",
        running: "RUNNING",
      }[t.state],
      values: t.values?.map(text) ?? null,
      params: t.params,
      intermediate: [...t.intermediate].sort((a, b) => a[0] - b[0]).map(([s, v]) => [s, text(v)]),
      constraints: t.constraints,
      user_attrs: t.userAttrs,
    })),
  };
}
// deno-lint-ignore no-explicit-any
const without = (study: any) => ({
  name: study.name,
  directions: study.directions,
  // deno-lint-ignore no-explicit-any
  trials: study.trials.map(({ distributions: _, ...t }: any) => t),
});

/** A study with everything a journal can hold, made the same way every time. */
async function everyKind() {
  const study = createStudy({
    name: "every kind",
    direction: "maximize",
    seed: 4,
    userAttrs: { owner: "ada" },
  });
  await study.optimize((t) => {
    const rate = t.suggestFloat("rate", 1e-5, 1, { log: true });
    const n = t.suggestInt("n", 2, 20, { step: 3 });
    const kind = t.suggestCategorical("kind", ["a", 'b"\n', true, null, 2.5]);
    const drop = kind === "a" ? t.suggestFloat("drop", 0, 0.5, { step: 0.05 }) : 0;
    t.setUserAttr("note", { kind });
    t.setConstraint("cost", n - 15);
    t.report(n / 2, 0);
    t.report(t.number === 2 ? NaN : -Infinity, 3);
    if (t.number === 3) throw new TrialPruned();
    if (t.number === 5) throw new Error("broken");
    return t.number === 7 ? Infinity : n + drop + Math.log10(rate);
  }, { trials: 12, maxConsecutiveErrors: 9 });
  study.enqueue({ n: 5 });
  const trials = study.trials.map((t, i): FrozenTrial => ({
    ...t,
    startTime: t.startTime && 1_700_000_000_000 + i * 1000,
    endTime: t.endTime && 1_700_000_000_500 + i * 1000,
  }));
  return { study, exported: { spec: study.link.spec, trials } };
}

Deno.test("importOptunaJournal() reads what optuna 5.0 wrote as optuna reads it", async () => {
  const studies = importOptunaJournal(await Deno.readTextFile(testdata("optuna_study.log")));
  const expected = JSON.parse(await Deno.readTextFile(testdata("optuna_study.json")));
  assert.deepEqual(studies.map(describe), expected.map(without));
  assert.deepEqual(studies[0].userAttrs, { owner: "ada" });
  assert.deepEqual(studies[0].trials[0].distributions.n, {
    kind: "int",
    low: 1,
    high: 64,
    log: true,
    step: 1,
  });
});

Deno.test("an imported study goes on here", async () => {
  const [imported] = importOptunaJournal(await Deno.readTextFile(testdata("optuna_study.log")));
  const study = createStudy({ name: imported.name, direction: imported.directions[0], seed: 1 });
  for (const trial of imported.trials) if (trial.state !== "waiting") await study.addTrial(trial);
  const [, best] = [
    imported,
    JSON.parse(await Deno.readTextFile(testdata("optuna_study.json")))[0].best,
  ];
  assert.equal(study.best.value, best.value);
  assert.equal(study.best.number, best.number);
  await study.optimize((t) => t.suggestFloat("x", -5, 5), { trials: 3 });
  assert.equal(study.trials.length, imported.trials.length + 2);
});

Deno.test("an exported journal is the one that optuna 5.0 opened, and reads back as it was", async () => {
  const { exported } = await everyKind();
  const journal = exportOptunaJournal(exported);
  assert.equal(journal, await Deno.readTextFile(testdata("exported_study.log")));
  const seen = JSON.parse(await Deno.readTextFile(testdata("exported_study.json")));
  const [back] = importOptunaJournal(journal);
  assert.deepEqual(back.trials, exported.trials.map((t) => ({ ...t })));
  assert.deepEqual(describe(back), without(seen[0]));
});

Deno.test({
  name:
    "real optuna opens the exported journal: same best value, params, states, intermediate values",
  ignore: peerPython("optuna") === null,
  fn: async () => {
    const { study, exported } = await everyKind();
    const path = await Deno.makeTempFile({ suffix: ".log" });
    try {
      await Deno.writeTextFile(path, exportOptunaJournal(exported));
      const { stdout, success } = await new Deno.Command(peerPython("optuna")!, {
        args: [testdata("read_journal.py").pathname, path],
        stderr: "inherit",
      }).output();
      assert.ok(success);
      const [seen] = JSON.parse(new TextDecoder().decode(stdout));
      assert.deepEqual(
        without(seen),
        describe({ ...exported.spec, trials: exported.trials } as ExchangedStudy),
      );
      assert.equal(seen.best.number, study.best.number);
      assert.deepEqual(seen.best.params, study.best.params);
      if (Deno.env.get("TAPEBOOK_UPDATE_FIXTURES")) {
        await Deno.copyFile(path, testdata("exported_study.log"));
        await Deno.writeTextFile(testdata("exported_study.json"), new TextDecoder().decode(stdout));
      }
    } finally {
      await Deno.remove(path);
    }
  },
});

Deno.test("importOptunaJournal() names the line that is broken and forgives a cut-off end", () => {
  const create = '{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}\n';
  assert.throws(
    () => importOptunaJournal(`${create}{"op\n${create}`),
    /line 2 must be a record with op_code/,
  );
  assert.equal(importOptunaJournal(`${create}{"op_code":4,"stud`)[0].trials.length, 0);
});

Deno.test("exportCsv() and exportJson() hold every trial", async () => {
  const { exported } = await everyKind();
  const csv = exportCsv(exported);
  assert.equal(
    csv.split("\r\n")[0],
    "number,state,value,datetime_start,datetime_complete,params_drop,params_kind,params_n,params_rate,user_attrs_note",
  );
  assert.ok(csv.includes("2023-11-14T22:13:20.000Z"));
  const json = JSON.parse(exportJson(exported));
  assert.equal(json.trials.length, 13);
  assert.deepEqual(json.trials[2].reports, [[0, exported.trials[2].intermediate.get(0)], [
    3,
    "NaN",
  ]]);
});
