import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { type Distribution, toSearchSpace } from "../distributions.ts";
import { Observations } from "../observations.ts";
import { emptyTrial, type FrozenTrial } from "../trial_record.ts";
import { defaultWeights, ParzenEstimator } from "./parzen.ts";
import { defaultGamma } from "./tpe.ts";
import { splitTrials } from "./tpe_split.ts";
import {
  boundsMass,
  drawTruncatedNormal,
  logNormalCdf,
  logNormalMass,
} from "./truncated_normal.ts";

const readJson = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../testdata/${name}`, import.meta.url)));

Deno.test("ParzenEstimator has Optuna 5.0's log densities within 1e-9", async () => {
  const { cases } = await readJson("tpe_densities.json");
  let worst = 0;
  for (const c of cases) {
    const space = c.space as [string, Distribution][];
    const inSpace = (columns: number[][]) =>
      columns.map((column, j) => {
        const d = space[j][1];
        return Float64Array.from(column, (x) => d.kind === "categorical" ? x : toSearchSpace(d, x));
      });
    const estimator = new ParzenEstimator(space, inSpace(c.observations), {
      priorWeight: 1,
      magicClip: c.magicClip,
      endpoints: c.endpoints,
    });
    const got = estimator.logDensity(inSpace(c.points));
    for (let i = 0; i < got.length; i++) {
      worst = Math.max(
        worst,
        Math.abs(got[i] - c.logDensity[i]) / Math.max(1, Math.abs(c.logDensity[i])),
      );
    }
  }
  assert.ok(cases.length > 40);
  assert.ok(worst < 1e-9, `largest difference ${worst}`);
});

Deno.test("splitTrials() puts the same trials below as Optuna 5.0", async () => {
  const { cases } = await readJson("tpe_splits.json");
  for (const c of cases) {
    const observations = new Observations(c.directions.length);
    const trials: FrozenTrial[] = [];
    // deno-lint-ignore no-explicit-any
    c.trials.forEach((t: any, number: number) => {
      const intermediate = new Map<number, number>(t.intermediate);
      const trial = { ...emptyTrial(number), state: t.state, values: t.values, intermediate };
      if (t.violation > 0) trial.constraints = { c: t.violation };
      observations.begin(number);
      observations.finish(trial);
      trials.push(trial);
    });
    const view = { name: "s", directions: c.directions, seed: 1, observations, trials };
    const gamma = c.directions.length === 1 ? defaultGamma : (n: number) => Math.ceil(0.1 * n);
    const { below, above } = splitTrials(view, -1, gamma, true);
    assert.deepEqual([...below], c.below, `${c.directions} with ${c.trials.length} trials`);
    assert.equal(below.length + above.length, c.trials.length);
  }
});

Deno.test("defaultWeights() ramps up to ones for the newest 25", () => {
  assert.deepEqual([...defaultWeights(3)], [1, 1, 1]);
  assert.deepEqual([...defaultWeights(28)].slice(0, 4), [1 / 28, 1 / 28 + 27 / 56, 1, 1]);
});

Deno.test("logNormalCdf() and logNormalMass() equal scipy far in both tails", () => {
  // scipy 1.17: norm.logcdf, norm.cdf
  const near = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-12, `${a} ${b}`);
  near(logNormalCdf(-40), -804.6084420137539);
  near(logNormalCdf(-10), -53.23128515051248);
  near(logNormalCdf(7), -1.2798125438866539e-12);
  near(logNormalMass(-1, 2), Math.log(0.8185946141203637));
  near(logNormalMass(10, 11), logNormalMass(-11, -10));
});

Deno.test("drawTruncatedNormal() stays within its bounds, whatever the kernel", () => {
  const bounds = new Float64Array(2);
  const rng = createRng(5);
  for (const [mu, sigma] of [[0.5, 0.1], [-9, 0.1], [30, 0.2], [0.99, 5], [-1e3, 1e-2]]) {
    let sum = 0;
    for (let i = 0; i < 2000; i++) {
      boundsMass(mu, sigma, 0, 1, bounds, 0);
      const x = drawTruncatedNormal(mu, sigma, 0, 1, bounds[0], bounds[1], rng);
      assert.ok(x >= 0 && x <= 1);
      sum += x;
    }
    const mean = sum / 2000;
    if (mu === 0.5) assert.ok(Math.abs(mean - 0.5) < 0.01);
    if (mu < 0) assert.ok(mean < 0.01, String(mean));
    if (mu === 30) assert.ok(mean > 0.99, String(mean));
  }
});
