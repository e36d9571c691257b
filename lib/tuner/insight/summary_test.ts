import assert from "node:assert/strict";
import { createStudy } from "../mod.ts";
import { emptyTrial, type FrozenTrial } from "../trial_record.ts";
import { studyDeflatedSharpe } from "./deflated_sharpe.ts";
import { studySummary, writeStudySummary } from "./summary.ts";

async function sample() {
  const study = createStudy({ name: "sma | cross", direction: "maximize", seed: 3 });
  await study.optimize((t) => {
    const fast = t.suggestInt("fast", 2, 20);
    if (t.number === 4) throw new Error("no data");
    return Math.sin(fast) + t.suggestFloat("stop", 0, 1) / 10;
  }, { trials: 25 });
  return { spec: study.link.spec, trials: study.trials, best: study.best };
}

Deno.test("studyDeflatedSharpe() reproduces the paper's example", () => {
  // Annual Sharpe 2.5 of 100 trials with variance 0.5, 1,250 bars of 250 a year, skew -3, kurtosis 10.
  const count = 100;
  const spread = Array.from({ length: count - 1 }, (_, i) => Math.cos(i));
  const values = [...spread];
  // Shifted and scaled so that the sample with the winner has variance 0.5.
  let low = 0, high = 10;
  const made = (scale: number) => [...values.map((v) => v * scale), 2.5];
  const varianceOf = (x: number[]) => {
    const m = x.reduce((a, b) => a + b) / x.length;
    return x.reduce((a, b) => a + (b - m) ** 2, 0) / (x.length - 1);
  };
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    varianceOf(made(middle)) < 0.5 ? low = middle : high = middle;
  }
  const trials = made(low).map((value, number): FrozenTrial => ({
    ...emptyTrial(number),
    state: "complete",
    value,
    values: [value],
  }));
  const result = studyDeflatedSharpe(trials, {
    bars: 1250,
    barsPerYear: 250,
    skewness: -3,
    kurtosis: 10,
  })!;
  assert.equal(result.trials, 100);
  assert.ok(Math.abs(result.expectedMaximum / Math.sqrt(250) - 0.113172) < 1e-6);
  assert.ok(Math.abs(result.deflated - 0.900397) < 1e-6, String(result.deflated));
  assert.equal(studyDeflatedSharpe(trials.slice(0, 1), { bars: 10 }), null);
});

Deno.test("studySummary() names the best trials, the space, failures and the deflated Sharpe ratio", async () => {
  const study = await sample();
  const text = studySummary(study, { sharpe: { bars: 1000 } });
  assert.match(
    text,
    /^# Tuning: sma \| cross\n\n- objective: maximize\n- sampler tpe, pruner median, seed 3\n- trials: 25 \(24 complete, 1 failed\)/,
  );
  assert.ok(
    text.includes(
      `## Best: ${Number(study.best.value.toPrecision(5))} (trial ${study.best.number})`,
    ),
  );
  assert.match(text, /\| fast \| int \[2, 20\] \| 0\.\d+ \|/);
  assert.match(text, /- trial 4: no data/);
  assert.match(text, /The best of 24 worthless trials .* is expected to reach \d/);
  assert.match(text, /Deflated Sharpe ratio: 0?\.?\d/);
  assert.match(studySummary({ ...study, trials: [] }), /No trial is complete yet/);
});

Deno.test("writeStudySummary() commits its own file and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  const git = async (...args: string[]) => {
    const out = await new Deno.Command("git", { args, cwd: folder }).output();
    assert.ok(out.success, new TextDecoder().decode(out.stderr));
    return new TextDecoder().decode(out.stdout);
  };
  try {
    await git("init", "--quiet");
    await git("config", "user.name", "Ada");
    await git("config", "user.email", "ada@example.org");
    await Deno.writeTextFile(`${folder}/staged.txt`, "mine");
    await Deno.writeTextFile(`${folder}/loose.txt`, "mine");
    await git("add", "staged.txt");
    const study = await sample();
    await writeStudySummary(study, `${folder}/memory/sma.md`, { commit: true });
    assert.equal(
      (await git("show", "--name-only", "--format=%s")).trim(),
      "Record the tuning of sma | cross\n\nmemory/sma.md",
    );
    const status = await git("status", "--short");
    assert.match(status, /^A {2}staged\.txt$/m);
    assert.match(status, /^\?\? loose\.txt$/m);
    await assert.rejects(
      writeStudySummary(study, `${folder}/memory/sma.md`, { commit: true }),
      /Cannot commit .*sma\.md: git commit says/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
