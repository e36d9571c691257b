import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { hypervolume } from "../multi_objective.ts";
import { createStudy, type SamplerChoice, type Trial } from "../mod.ts";
import { Cma } from "./cma.ts";
import { GaussianProcess } from "./gaussian_process.ts";
import { standardLogEi } from "./gp.ts";
import { haltonSequence, sobolSequence } from "./low_discrepancy.ts";

const numbers = JSON.parse(
  await Deno.readTextFile(new URL("../testdata/sampler_numbers.json", import.meta.url)),
);
function near(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "",
) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    assert.ok(error <= tolerance, `${what} ${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

Deno.test("sobolSequence() and haltonSequence() give scipy's points", () => {
  const sobol = sobolSequence(40);
  [1, 2, 3, 7, 20, 31].forEach((index, i) => near(sobol(index), numbers.sobol[i], 1e-9));
  const halton = haltonSequence(6);
  [0, 1, 2, 9, 31].forEach((index, i) => near(halton(index), numbers.halton[i], 1e-12));
});

Deno.test("scrambled sequences stay balanced: each half of each axis gets half of the points", () => {
  for (const make of [sobolSequence, haltonSequence]) {
    const points = make(5, createRng(4));
    const counts = new Float64Array(5);
    for (let i = 0; i < 256; i++) points(i).forEach((x, d) => counts[d] += x < 0.5 ? 1 : 0);
    for (const c of counts) {
      assert.ok(Math.abs(c - 128) <= (make === sobolSequence ? 0 : 6), `${counts}`);
    }
  }
});

Deno.test("Cma learns mean, step size and covariance as the cmaes package does, with and without margin", () => {
  for (const c of numbers.cma) {
    const n = c.steps.length;
    const cma = new Cma({
      mean: new Float64Array(n).fill(0.5),
      sigma: 1 / 6,
      steps: Float64Array.from(c.steps),
      populationSize: c.populationSize ?? undefined,
    });
    c.all.forEach((points: [number[], number][], g: number) => {
      const raw = points.map(([x]) => Float64Array.from(x));
      const known = g < 3 ? c.generations[g] : g === c.all.length - 1 ? c.generations[3] : null;
      if (known) raw.forEach((x, i) => near(cma.encode(x), known.encoded[i], 1e-9, "encoded"));
      cma.tell(raw, points.map(([, loss]) => loss));
      if (!known) return;
      near(cma.mean, known.mean, 1e-8, "mean");
      near([cma.sigma], [known.sigma], 1e-8, "sigma");
      near(cma.covariance, known.C.flat(), 1e-8, "covariance");
    });
  }
});

Deno.test("GaussianProcess has Optuna's likelihood and posterior, and right derivatives", () => {
  const g = numbers.gp;
  const gp = new GaussianProcess(
    Float64Array.from(g.x.flat()),
    Float64Array.from(g.y),
    g.isCategorical,
    { ...g.hyper, inverseSquaredLengths: Float64Array.from(g.hyper.inverseSquaredLengths) },
  );
  near([gp.logLikelihood()], [g.logLikelihood], 1e-10);
  gp.prepare();
  const dm = new Float64Array(3), dv = new Float64Array(3);
  g.points.forEach((p: number[], i: number) => {
    const x = Float64Array.from(p);
    const { mean, variance } = gp.posterior(x);
    near([mean, variance], [g.mean[i], g.variance[i]], 1e-9);
    gp.posteriorGradient(x, dm, dv);
    for (const j of [0, 1]) {
      const h = 1e-6;
      const up = gp.posterior(x.with(j, x[j] + h)), down = gp.posterior(x.with(j, x[j] - h));
      near([dm[j], dv[j]], [
        (up.mean - down.mean) / (2 * h),
        (up.variance - down.variance) / (2 * h),
      ], 1e-6);
    }
  });
});

Deno.test("GaussianProcess.fit() reaches the optimum that scipy's L-BFGS-B finds", () => {
  const g = numbers.gp;
  const fitted = new GaussianProcess(
    Float64Array.from(g.x.flat()),
    Float64Array.from(g.y),
    g.isCategorical,
    {
      inverseSquaredLengths: new Float64Array(3).fill(1),
      kernelScale: 1,
      noiseVariance: 1,
    },
  ).fit();
  const { inverseSquaredLengths: w, kernelScale: s, noiseVariance: v } = fitted.hyper;
  const prior = -w.reduce((a, x) => a + 0.1 / x + 0.1 * x, 0) + Math.log(s) - s +
    0.1 * Math.log(v) - 30 * v;
  near([fitted.logLikelihood() + prior], [g.fitted.objective], 1e-3, "objective");
  near(
    [...w, s],
    [...g.fitted.inverseSquaredLengths, g.fitted.kernelScale],
    0.1,
    "hyperparameters",
  );
});

Deno.test("standardLogEi() equals Optuna's, far in the left tail, too", () => {
  numbers.gp.z.forEach((z: number, i: number) =>
    near([standardLogEi(z)], [numbers.gp.logEi[i]], 1e-9, `z ${z}`)
  );
});

Deno.test("hypervolume() equals Optuna's in 2, 3 and 4 objectives", () => {
  for (const h of numbers.hypervolume) {
    const points = h.points.map((p: number[]) => Float64Array.from(p));
    near([hypervolume(points, Float64Array.from(h.reference))], [h.volume], 1e-12);
  }
});

const bowl = (t: Trial) =>
  (t.suggestFloat("x", -5, 5) - 1) ** 2 + (t.suggestFloat("y", -5, 5) + 2) ** 2 +
  Math.abs(t.suggestInt("n", 0, 20) - 13) / 10;

for (
  const [sampler, trials, most] of [
    ["random", 100, 3],
    ["qmc", 100, 3],
    [{ kind: "qmc", sequence: "halton" }, 100, 3],
    ["tpe", 100, 0.6],
    [{ kind: "tpe", multivariate: false }, 100, 0.6],
    [{ kind: "tpe", group: true }, 100, 0.6],
    ["cmaes", 200, 0.1],
    [{ kind: "cmaes", restart: "bipop" }, 300, 0.1],
    ["gp", 45, 0.1],
    [{ kind: "partialFixed", fixed: { n: 13 } }, 60, 0.6],
  ] as [SamplerChoice, number, number][]
) {
  const name = typeof sampler === "string" ? sampler : JSON.stringify(sampler);
  Deno.test(`the ${name} sampler comes near a bowl's minimum, alike for equal seeds`, async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const study = createStudy({ sampler, seed: 11, pruner: "none" });
      await study.optimize(bowl, { trials });
      assert.ok(study.best.value < most, `best ${study.best.value}`);
      runs.push(study.trials.map((t) => t.value));
    }
    assert.deepEqual(runs[0], runs[1]);
  });
}

Deno.test("cmaes and gp maximise, and leave categories to chance", async () => {
  for (const sampler of ["cmaes", "gp"] as const) {
    const study = createStudy({ direction: "maximize", sampler, seed: 2 });
    await study.optimize((t) => {
      const kind = t.suggestCategorical("kind", ["a", "b"]);
      return -((t.suggestFloat("x", 0, 1) - 0.3) ** 2) - (kind === "a" ? 0 : 0.01);
    }, { trials: 40 });
    assert.ok(study.best.value > -0.01, `${sampler} ${study.best.value}`);
  }
});

Deno.test("the grid sampler tries every combination once and then ends the study", async () => {
  const study = createStudy({
    sampler: { kind: "grid", values: { x: [1, 2, 3], kind: ["a", "b"] } },
    seed: 1,
  });
  const result = await study.optimize(
    (t) => t.suggestInt("x", 0, 5) + (t.suggestCategorical("kind", ["a", "b"]) === "a" ? 0 : 10),
    { trials: 100 },
  );
  assert.equal(result.finished, 6);
  assert.deepEqual(study.trials.map((t) => t.value!).sort((a, b) => a - b), [1, 2, 3, 11, 12, 13]);
  const outside = createStudy({ sampler: { kind: "grid", values: { x: [9] } }, seed: 1 });
  await assert.rejects(
    outside.optimize((t) => t.suggestInt("x", 0, 5), { trials: 1 }),
    /the grid's value must lie in the asked range, got 9/,
  );
});

Deno.test("the brute force sampler learns a conditional space and covers it once", async () => {
  const study = createStudy({ sampler: "bruteForce", seed: 5 });
  const seen: string[] = [];
  await study.optimize((t) => {
    const kind = t.suggestCategorical("kind", ["a", "b", "c"]);
    const n = kind === "a"
      ? t.suggestInt("n", 1, 3)
      : kind === "b"
      ? t.suggestFloat("f", 0, 0.5, { step: 0.25 })
      : 0;
    seen.push(`${kind}${n}`);
    return n;
  }, { trials: 100 });
  assert.deepEqual(seen.sort(), ["a1", "a2", "a3", "b0", "b0.25", "b0.5", "c0"]);
});

Deno.test("NSGA-II and TPE approach a Pareto front and keep to constraints", async () => {
  for (const sampler of [{ kind: "nsga2", populationSize: 20 }, "tpe"] as SamplerChoice[]) {
    const study = createStudy({ directions: ["minimize", "maximize"], sampler, seed: 3 });
    await study.optimize((t) => {
      const x = t.suggestFloat("x", 0, 2), y = t.suggestFloat("y", 0, 2);
      t.setConstraint("sum", x + y - 2);
      return [x * x + y, -((x - 1) ** 2) - y];
    }, { trials: 200 });
    const front = study.paretoFront;
    assert.ok(front.length >= 8, `${front.length} on the front`);
    for (const t of front) assert.ok((t.params.x as number) + (t.params.y as number) <= 2);
    // The true front has y = 0 and x in [0, 1].
    const volume = hypervolume(
      front.map((t) => Float64Array.of(t.values![0], -t.values![1])),
      Float64Array.of(1, 1),
    );
    assert.ok(volume > 0.6, `hypervolume ${volume}`);
    assert.throws(() => study.best, /has a paretoFront/);
  }
});
