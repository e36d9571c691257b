import assert from "node:assert/strict";
import { makeBars, sampleBars, sliceBars } from "../data/mod.ts";
import { definePipeline, type FeatureStep } from "./mod.ts";
import { filterGarch, fitGarch } from "./garch.ts";
import fixture from "./testdata/features.json" with { type: "json" };

interface Case {
  oracle: string;
  step: FeatureStep;
  output?: string;
  first: number;
  rows: number[];
  values: number[];
}

const bars = sliceBars(await sampleBars(), fixture.from, fixture.from + fixture.length);
const cases = fixture.cases as Case[];

/** Relative difference allowed; where both are rounding noise about zero, relative to the column. */
const tolerance = 1e-9;

for (const { oracle, step, output, first, rows, values } of cases) {
  const about = JSON.stringify(step).replace(/"/g, "");
  Deno.test(`${about}${output ? ` ${output}` : ""} equals ${oracle} within 1e-9`, () => {
    const frame = definePipeline({ steps: [{ ...step, as: "f" }] }).compute(bars);
    const column = frame.columns[frame.names.indexOf(output ? `f_${output}` : "f")];
    assert.equal(column.findIndex((v) => !Number.isNaN(v)), first, "first defined row");
    const size = values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    rows.forEach((row, k) => {
      const error = Math.abs(column[row] - values[k]);
      assert.ok(
        error <= tolerance * Math.abs(values[k]) + 1e-12 * size,
        `row ${row}: ${column[row]}, not ${values[k]}`,
      );
    });
  });
}

Deno.test("at least 40 kinds of features are held against a reference", () => {
  const kinds = new Set(cases.map(({ step }) => step.kind));
  assert.ok(kinds.size >= 40, String(kinds.size));
});

Deno.test("fitGarch() reaches the likelihood, parameters and forecast of the Python package arch", () => {
  const returns = Float64Array.from(
    { length: 500 },
    (_, k) => 100 * Math.log(bars.close[k + 1] / bars.close[k]),
  );
  const { parameters, logLikelihood, nextVariance } = fixture.garch;
  const near = (actual: number, expected: number, tolerance: number, what: string) =>
    assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${what}: ${actual}, not ${expected}`);
  // The same parameters give the same likelihood and forecast.
  const filtered = filterGarch(returns, parameters);
  near(filtered.logLikelihood, logLikelihood, 1e-9, "likelihood of arch's parameters");
  near(filtered.nextVariance, nextVariance, 1e-9, "forecast by arch's parameters");
  // The maximum is flat: the likelihood is found to nine digits, where it lies to five.
  const fit = fitGarch(returns);
  near(fit.logLikelihood, logLikelihood, 1e-9, "likelihood");
  for (const name of ["omega", "alpha", "beta"] as const) {
    near(fit[name], parameters[name], 1e-5, name);
  }
  near(fit.nextVariance, nextVariance, 1e-5, "forecast");
  // The step is the fit on the first 500 returns.
  const frame = definePipeline({ steps: [{ kind: "garch", barsPerYear: 1 }] }).compute(bars);
  near(frame.columns[0][500] ** 2 * 1e4, nextVariance, 1e-5, "the step");
  assert.throws(() => fitGarch(new Float64Array(10)), /at least 50 returns, got 10/);
  assert.throws(() => fitGarch(new Float64Array(100)), /returns must be numbers that vary/);
});

Deno.test("the fixture's rows are those of the sample", () => {
  assert.equal(makeBars(bars).length, fixture.length);
});
