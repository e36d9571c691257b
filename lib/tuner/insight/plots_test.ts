import assert from "node:assert/strict";
import { createStudy, TrialPruned } from "../mod.ts";
import * as data from "./plot_data.ts";
import { plotKinds, plotStudy } from "./plot_study.ts";

/** A study whose numbers can be followed by hand. */
async function sample() {
  const study = createStudy({ name: "sample", seed: 2, pruner: "none", sampler: "random" });
  await study.optimize((t) => {
    const rate = t.suggestFloat("rate", 1e-4, 1, { log: true });
    const x = t.suggestFloat("x", 0, 4);
    t.suggestCategorical("kind", ["a", "b"]);
    if (t.number === 3) t.setConstraint("c", 1);
    for (let step = 0; step < 3; step++) t.report(x + step, step);
    if (t.number === 5) throw new TrialPruned();
    return (x - 1) ** 2 + Math.abs(Math.log10(rate) + 2);
  }, { trials: 30 });
  return study;
}

Deno.test("historyData() follows the best feasible value", async () => {
  const study = await sample();
  const rows = data.historyData(study);
  assert.equal(rows.length, 29);
  assert.equal(rows.find((r) => r.number === 3)!.feasible, false);
  assert.equal(rows.at(-1)!.best, study.best.value);
  for (let i = 1; i < rows.length; i++) assert.ok(rows[i].best! <= rows[i - 1].best!);
});

Deno.test("rankData() ranks from 0 to 1 and edfData() ends at 1", async () => {
  const study = await sample();
  const ranks = data.rankData(study, "rate", "x").toSorted((a, b) => a.value - b.value);
  assert.equal(ranks[0].rank, 0);
  assert.equal(ranks.at(-1)!.rank, 1);
  const edf = data.edfData(study);
  assert.equal(edf.at(-1)!.share, 1);
  assert.equal(edf[0].share, 1 / 29);
  assert.throws(
    () => data.contourData(study, "x", "nobody"),
    /parameter must be one of kind, rate, x, got "nobody"/,
  );
});

Deno.test("parallelData() and sliceData() place values on their own axes", async () => {
  const study = await sample();
  const [line] = data.parallelData(study, ["kind", "rate", "x"]);
  const { params } = study.trials[line.number];
  assert.deepEqual(line.points.map((p) => p.at), [
    params.kind === "a" ? 0 : 1,
    (Math.log(params.rate as number) - Math.log(1e-4)) / -Math.log(1e-4),
    (params.x as number) / 4,
  ]);
  assert.equal(data.sliceData(study, ["x"]).length, 29);
  assert.deepEqual(data.paramNames(study), ["kind", "rate", "x"]);
});

Deno.test("timelineData() puts trials that overlap on different rows", () => {
  const trial = (number: number, startTime: number, endTime: number | null) =>
    ({ number, startTime, endTime, state: "complete" }) as never;
  const rows = data.timelineData({
    name: "t",
    directions: ["minimize"],
    trials: [trial(0, 0, 10), trial(1, 5, 15), trial(2, 10, 20), trial(3, 12, null)],
  }, 99);
  assert.deepEqual(rows.map((r) => [r.number, r.row, r.end]), [[0, 0, 10], [1, 1, 15], [2, 0, 20], [
    3,
    2,
    99,
  ]]);
});

Deno.test("paretoData() and hypervolumeHistoryData() follow several objectives", async () => {
  const study = createStudy({
    name: "two",
    directions: ["minimize", "maximize"],
    seed: 1,
    sampler: "random",
  });
  await study.optimize((t) => [t.suggestFloat("a", 0, 1), t.suggestFloat("b", 0, 1)], {
    trials: 20,
  });
  const rows = data.paretoData(study);
  assert.deepEqual(
    rows.filter((r) => r.front).map((r) => r.number),
    study.paretoFront.map((t) => t.number),
  );
  const volumes = data.hypervolumeHistoryData(study, [1, 0]).map((r) => r.hypervolume);
  for (let i = 1; i < volumes.length; i++) assert.ok(volumes[i] >= volumes[i - 1]);
  const plot = await plotStudy(study, "pareto");
  assert.match(plot.svg, /^<svg/);
});

Deno.test("plotStudy() draws every chart as SVG and shows itself in a notebook", async () => {
  const study = await sample();
  for (const kind of plotKinds) {
    if (kind === "pareto") {
      await assert.rejects(plotStudy(study, kind), /it has one objective/);
      continue;
    }
    const plot = await plotStudy(study, kind);
    assert.match(plot.svg, /^<svg[^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/, kind);
    assert.ok(!plot.svg.includes("NaN"), `${kind} has no NaN`);
    // deno-lint-ignore no-explicit-any
    const shown = (plot as any)[Symbol.for("Jupyter.display")]();
    assert.equal(shown["image/svg+xml"], plot.svg);
  }
  await assert.rejects(
    plotStudy(createStudy({ name: "empty" }), "history"),
    /it has no trial for it yet/,
  );
  await assert.rejects(
    plotStudy(study, "pie" as "edf"),
    /kind must be one of history, .*, got pie/,
  );
});
