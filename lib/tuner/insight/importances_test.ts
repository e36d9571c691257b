import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { emptyTrial, type FrozenTrial } from "../trial_record.ts";
import { fanova } from "./fanova.ts";
import { paramImportances } from "./importances.ts";

const fixture = JSON.parse(
  await Deno.readTextFile(new URL("../testdata/importances.json", import.meta.url)),
);
// deno-lint-ignore no-explicit-any
const trials: FrozenTrial[] = fixture.trials.map((t: any, number: number) => ({
  ...emptyTrial(number),
  state: "complete",
  value: t.value,
  values: [t.value],
  params: t.params,
  distributions: Object.fromEntries(
    Object.keys(t.params).map((k) => [k, fixture.distributions[k]]),
  ),
}));
const study = { directions: ["maximize"] as const, trials };

Deno.test("PED-ANOVA importances equal Optuna 5.0's within 1e-9, conditional parameters included", () => {
  const got = paramImportances(study, { normalize: false });
  for (const [name, value] of Object.entries(fixture.pedAnova) as [string, number][]) {
    assert.ok(Math.abs(got[name] - value) < 1e-9, `${name}: ${got[name]} is not ${value}`);
  }
  assert.equal(Object.keys(got).length, 7);
});

Deno.test("fANOVA importances agree with the mean of 20 seeds of Optuna 5.0 within 0.05", () => {
  const got = paramImportances(study, { method: "fanova", normalize: false });
  for (const [name, value] of Object.entries(fixture.fanova) as [string, number][]) {
    assert.ok(Math.abs(got[name] - value) < 0.05, `${name}: ${got[name]} is not ${value}`);
  }
  assert.deepEqual(got, paramImportances(study, { method: "fanova", normalize: false }));
});

Deno.test("fANOVA finds the shares of an additive function, and normalised ones sum to 1", () => {
  const rng = createRng(3);
  const d = { kind: "float" as const, low: 0, high: 1, log: false, step: null };
  const kind = { kind: "categorical" as const, choices: ["a", "b"] };
  const made = Array.from({ length: 800 }, (_, number): FrozenTrial => {
    const [x, y] = [rng.uniform(), rng.uniform()];
    const k = rng.integer(2);
    const value = 2 * x + y + 0.5 * k;
    return {
      ...emptyTrial(number),
      state: "complete",
      value,
      values: [value],
      params: { x, y, kind: kind.choices[k] },
      distributions: { x: d, y: d, kind },
    };
  });
  // Variances 4/12, 1/12 and 0.25/4 of 0.479.
  const { x, y, kind: k } = fanova(made, { trees: 16 });
  assert.ok(
    Math.abs(x - 0.6957) < 0.03 && Math.abs(y - 0.1739) < 0.03 && Math.abs(k - 0.1304) < 0.03,
    `${x} ${y} ${k}`,
  );
  const normal = Object.values(paramImportances({ directions: ["minimize"], trials: made }));
  assert.ok(Math.abs(normal.reduce((a, b) => a + b) - 1) < 1e-12);
});
