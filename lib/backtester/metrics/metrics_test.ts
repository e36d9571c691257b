import assert from "node:assert/strict";
import * as m from "./mod.ts";
import { selectInPlace } from "./order_statistics.ts";
import { computeMetrics, metricIntervals } from "../compute_metrics.ts";
import { createRng, quantile } from "../../math/mod.ts";
import { riskParityWeights } from "../sizing/risk_parity.ts";
import { volatilityTargetWeight } from "../sizing/volatility_target.ts";
import { kellyShare, kellyWeight } from "../sizing/kelly_weight.ts";
import { barsPerYearOf } from "../bars_per_year.ts";

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

Deno.test("maxDrawdown() returns 0 for a rising curve and counts the starting capital", () => {
  assert.equal(m.maxDrawdown(Float64Array.of(0.1, 0, 0.2)), 0);
  near(m.maxDrawdown(Float64Array.of(-0.2, 0.5)), -0.2);
  near(m.maxDrawdown(Float64Array.of(0.5, -0.5, 1.5, -0.1)), -0.5);
});

Deno.test("drawdowns() lists peaks, troughs, recoveries and the one that is still open", () => {
  const found = m.drawdowns(Float64Array.of(0.1, -0.1, -0.1, 0.3, 0.1, -0.05));
  assert.deepEqual(
    found.map((d) => [d.peakBar, d.troughBar, d.recoveryBar, d.bars]),
    [[0, 2, 3, 3], [4, 5, null, 1]],
  );
  near(found[0].depth, 0.9 * 0.9 - 1);
  assert.equal(m.maxDrawdownBars(Float64Array.of(0.1, -0.1, -0.1, 0.3, 0.1, -0.05)), 3);
});

Deno.test("metrics that are not defined are NaN, never 0", () => {
  const flat = new Float64Array(10);
  const metrics = computeMetrics(flat);
  for (const name of ["sharpe", "sortino", "calmar", "omega", "psr", "tail_ratio", "skew"]) {
    assert.ok(Number.isNaN(metrics[name]), `${name} is ${metrics[name]}`);
  }
  assert.deepEqual([metrics.total_return, metrics.max_drawdown, metrics.volatility], [0, 0, 0]);
  assert.ok(Number.isNaN(m.sharpeRatio(new Float64Array(50).fill(0.001))));
  assert.ok(Number.isNaN(computeMetrics(new Float64Array(0)).cagr));
  assert.equal(m.cagr(Float64Array.of(-1)), -1);
});

Deno.test("selectInPlace() finds every order statistic", () => {
  const rng = createRng(2);
  for (const n of [1, 2, 5, 100, 3000]) {
    const x = Float64Array.from({ length: n }, () => Math.round(100 * rng.normal()) / 10);
    const sorted = x.slice().sort();
    for (const k of [0, n >> 1, Math.floor(0.05 * n), n - 1]) {
      const a = x.slice();
      assert.equal(selectInPlace(a, k), sorted[k]);
      assert.ok(a.subarray(0, k).every((v) => v <= sorted[k]));
      assert.ok(a.subarray(k).every((v) => v >= sorted[k]));
    }
    near(m.valueAtRisk(x), quantile(x, 0.05));
  }
});

Deno.test("Cornish-Fisher risk equals the Gaussian one without skew and excess kurtosis", () => {
  // Quantiles of a normal have nearly its moments.
  const rng = createRng(1);
  const x = rng.fillNormal(new Float64Array(50_000)).map((v) => 0.01 * v);
  const gaussian = m.valueAtRisk(x, { method: "gaussian" });
  near(m.valueAtRisk(x, { method: "cornishFisher" }), gaussian, 5e-4);
  near(
    m.conditionalValueAtRisk(x, { method: "cornishFisher" }),
    m.conditionalValueAtRisk(x, { method: "gaussian" }),
    5e-4,
  );
  near(m.conditionalValueAtRisk(x, { method: "gaussian" }), -0.0206, 3e-4); // phi(z) / 0.05 = 2.063
  // A left tail makes it worse.
  const skewed = x.map((v) => v < -0.015 ? 2 * v : v);
  assert.ok(
    m.valueAtRisk(skewed, { level: 0.01, method: "cornishFisher" }) <
      m.valueAtRisk(skewed, { level: 0.01, method: "gaussian" }),
  );
});

Deno.test("trade ratios by hand", () => {
  const pnl = Float64Array.of(100, -50, 30, -20);
  assert.equal(m.winRate(pnl), 0.5);
  near(m.profitFactor(pnl), 130 / 70);
  near(m.payoffRatio(pnl), 65 / 35);
  near(m.expectancy(pnl), 15);
  near(m.kellyCriterion(pnl), 0.5 - 0.5 / (65 / 35));
  assert.equal(m.profitFactor(Float64Array.of(5)), Infinity);
  assert.ok(Number.isNaN(m.winRate(new Float64Array(0))));
});

Deno.test("bootstrapIntervals() covers the true mean about as often as it says", () => {
  let covered = 0;
  const rounds = 120;
  for (let i = 0; i < rounds; i++) {
    const x = createRng(i).fillNormal(new Float64Array(200));
    const { mean } = m.bootstrapIntervals(
      x,
      { mean: (r) => r.reduce((s, v) => s + v, 0) / r.length },
      { samples: 300, level: 0.9, blockBars: 2, seed: i },
    );
    assert.ok(mean.low <= mean.estimate && mean.estimate <= mean.high);
    if (mean.low <= 0 && mean.high >= 0) covered++;
  }
  assert.ok(covered / rounds > 0.83 && covered / rounds < 0.96, `${covered / rounds}`);
});

Deno.test("stationaryBootstrapRows() draws blocks of the mean length asked for", () => {
  const rows = m.stationaryBootstrapRows(200_000, 8, createRng(4));
  let breaks = 0;
  for (let i = 1; i < rows.length; i++) if (rows[i] !== (rows[i - 1] + 1) % rows.length) breaks++;
  near(rows.length / breaks, 8, 0.3);
});

Deno.test("signalQuality() by hand", () => {
  const q = m.signalQuality([1, 1, 0, 1, 0, NaN], [1, 0, 1, 1, 0, 1]);
  near(q.precision, 2 / 3);
  near(q.recall, 2 / 3);
  near(q.f1, 2 / 3);
  assert.deepEqual([q.accuracy, q.support], [0.6, 3]);
  assert.throws(() => m.signalQuality([1], [1, 0]), /agree in length, got 1 and 2/);
});

Deno.test("histogram() counts every number once", () => {
  const h = m.histogram([1, 2, 2, 3, 10, NaN], 3);
  assert.deepEqual([...h.edges], [1, 4, 7, 10]);
  assert.deepEqual([...h.counts], [4, 0, 1]);
});

Deno.test("monthlyTable() compounds months and years", () => {
  const time = ["2020-01-30", "2020-01-31", "2020-02-03", "2021-01-04"].map((d) => Date.parse(d));
  const [first, second] = m.monthlyTable(
    Float64Array.of(0.1, 0.1, -0.5, 0.2),
    Float64Array.from(time),
  );
  near(first.months[0], 0.21);
  near(first.months[1], -0.5);
  assert.ok(Number.isNaN(first.months[2]));
  near(first.total, 1.21 * 0.5 - 1);
  assert.deepEqual([second.year, second.total], [2021, 0.19999999999999996]);
});

Deno.test("riskParityWeights() gives every asset the same share of risk", () => {
  const sd = [0.1, 0.2, 0.3];
  const rho = [[1, 0.5, -0.2], [0.5, 1, 0.1], [-0.2, 0.1, 1]];
  const c = Float64Array.from({ length: 9 }, (_, k) => {
    const i = Math.floor(k / 3), j = k % 3;
    return sd[i] * sd[j] * rho[i][j];
  });
  const w = riskParityWeights(c);
  near(w.reduce((s, v) => s + v, 0), 1);
  const risk = [0, 1, 2].map((i) =>
    w[i] * (c[3 * i] * w[0] + c[3 * i + 1] * w[1] + c[3 * i + 2] * w[2])
  );
  near(risk[1], risk[0], 1e-10);
  near(risk[2], risk[0], 1e-10);
  // Without correlation it is inverse volatility.
  const plain = riskParityWeights(Float64Array.of(0.01, 0, 0, 0.04));
  near(plain[0], 2 / 3, 1e-10);
});

Deno.test("volatility target and Kelly weights by hand", () => {
  const r = Float64Array.of(0.01, -0.01, 0.02, -0.02);
  const sd = Math.sqrt(0.001 / 3);
  near(volatilityTargetWeight(r, { target: 0.1 }), 0.1 / (sd * Math.sqrt(252)));
  assert.equal(volatilityTargetWeight(r, { target: 9 }), 1);
  assert.equal(volatilityTargetWeight(new Float64Array(5), { target: 0.1 }), 0);
  const up = r.map((x) => x + 0.0001);
  near(kellyWeight(up), 0.5 * 0.0001 / (sd * sd), 1e-9);
  assert.equal(kellyWeight(r.map((x) => x - 0.01)), 0);
  near(kellyShare(Float64Array.of(100, -50, 30, -20)), 0.5 * (0.5 - 0.5 / (65 / 35)));
});

Deno.test("barsPerYearOf() tells the calendar from the times", () => {
  const every = (days: number, n: number, keep = (_: Date) => true) => {
    const out: number[] = [];
    for (let t = Date.UTC(2020, 0, 1); out.length < n; t += days * 86_400_000) {
      if (keep(new Date(t))) out.push(t);
    }
    return Float64Array.from(out);
  };
  const isWeekday = (d: Date) => d.getUTCDay() % 6 !== 0;
  assert.equal(barsPerYearOf(every(1, 300, isWeekday)), 252);
  assert.equal(barsPerYearOf(every(1, 300)), 365);
  assert.equal(barsPerYearOf(every(7, 100)), 52);
  assert.equal(barsPerYearOf(every(30.4, 50)), 12);
  assert.equal(barsPerYearOf(every(1 / 24, 2400)), 24 * 365);
  // Seven hourly bars a session, weekdays only.
  const session = every(
    1 / 24,
    2100,
    (d) => isWeekday(d) && d.getUTCHours() >= 15 && d.getUTCHours() < 22,
  );
  assert.equal(barsPerYearOf(session), 7 * 252);
});

Deno.test("metricIntervals() gives an interval for every metric, the benchmark drawn beside", () => {
  const b = createRng(3).fillNormal(new Float64Array(150)).map((x) => 0.01 * x);
  const r = b.map((x) => 2 * x);
  const options = { benchmark: b, samples: 60, seed: 1 };
  const intervals = metricIntervals(r, options);
  const metrics = computeMetrics(r, options);
  assert.deepEqual(Object.keys(intervals).sort(), Object.keys(metrics).sort());
  for (const [name, { estimate, low, high }] of Object.entries(intervals)) {
    assert.ok(Object.is(estimate, metrics[name]), name);
    assert.ok(!(low > high), name);
  }
  // Rows of both columns are drawn together: the slope is 2 in every resample.
  near(intervals.beta.low, 2, 1e-9);
  near(intervals.beta.high, 2, 1e-9);
});

Deno.test("computeMetrics() gives what each metric's own function gives", () => {
  const rng = createRng(9);
  const b = rng.fillNormal(new Float64Array(333)).map((x) => 0.012 * x);
  const r = b.map((x) => 0.5 * x + 0.01 * rng.normal() + 0.0003);
  const rf = 0.0001;
  const metrics = computeMetrics(r, { benchmark: b, barsPerYear: 250, riskFree: rf });
  const annual = { barsPerYear: 250, riskFree: rf };
  const down = { barsPerYear: 250, minimumReturn: rf };
  const own: Record<string, number> = {
    total_return: m.totalReturn(r),
    cagr: m.cagr(r, 250),
    volatility: m.volatility(r, 250),
    downside_deviation: m.downsideDeviation(r, down),
    sharpe: m.sharpeRatio(r, annual),
    sortino: m.sortinoRatio(r, down),
    calmar: m.calmarRatio(r, 250),
    omega: m.omegaRatio(r, rf),
    max_drawdown: m.maxDrawdown(r),
    max_drawdown_bars: m.maxDrawdownBars(r),
    average_drawdown: m.averageDrawdown(r),
    average_drawdown_bars: m.averageDrawdownBars(r),
    recovery_factor: m.recoveryFactor(r),
    ulcer_index: m.ulcerIndex(r),
    var_95: m.valueAtRisk(r),
    cvar_95: m.conditionalValueAtRisk(r),
    tail_ratio: m.tailRatio(r),
    psr: m.probabilisticSharpe(r, { riskFree: rf }),
    tracking_error: m.trackingError(r, b, 250),
    information_ratio: m.informationRatio(r, b),
    beta: m.beta(r, b),
    alpha: m.alpha(r, b, annual),
    up_capture: m.captureRatio(r, b, "up", 250),
    down_capture: m.captureRatio(r, b, "down", 250),
  };
  for (const [name, value] of Object.entries(own)) near(metrics[name], value, 1e-12);
});
