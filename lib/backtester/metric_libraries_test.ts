import { computeMetrics } from "./compute_metrics.ts";
import * as m from "./metrics/mod.ts";
import { mean, standardDeviation } from "../math/mod.ts";
import { column, near, nearAll, peers } from "./testdata/peers.ts";

const { empyrical: emp, quantstats: qs } = peers.libraries;
const r = column(peers.libraries.returns);
const b = column(peers.libraries.benchmark);

Deno.test("metrics equal empyrical-reloaded 0.7.1, to 1e-9 or by one named convention", () => {
  const ours = computeMetrics(r, { benchmark: b });
  near(ours.cagr, emp.annual_return, "annual_return");
  near(ours.total_return, emp.cum_returns_final, "cum_returns_final");
  near(ours.volatility, emp.annual_volatility, "annual_volatility");
  near(ours.sharpe, emp.sharpe_ratio, "sharpe_ratio");
  near(m.sharpeRatio(r, { riskFree: 0.0001 }), emp.sharpe_rf, "sharpe_ratio with risk-free rate");
  near(ours.sortino, emp.sortino_ratio, "sortino_ratio");
  near(m.sortinoRatio(r, { minimumReturn: 0.0001 }), emp.sortino_mar, "sortino_ratio with minimum");
  near(ours.downside_deviation, emp.downside_risk, "downside_risk");
  near(ours.calmar, emp.calmar_ratio, "calmar_ratio");
  near(ours.omega, emp.omega_ratio, "omega_ratio");
  near(ours.max_drawdown, emp.max_drawdown, "max_drawdown");
  near(ours.tail_ratio, emp.tail_ratio, "tail_ratio");
  near(ours.var_95, emp.value_at_risk, "value_at_risk");
  near(ours.cvar_95, emp.conditional_value_at_risk, "conditional_value_at_risk");
  near(ours.beta, emp.beta, "beta");
  near(ours.alpha, emp.alpha, "alpha");
  near(m.alpha(r, b, { riskFree: 0.0001 }), emp.alpha_rf, "alpha with risk-free rate");
  near(ours.information_ratio, emp.excess_sharpe, "excess_sharpe");
  near(ours.up_capture, emp.up_capture, "up_capture");
  near(ours.down_capture, emp.down_capture, "down_capture");
  near(ours.tracking_error, emp.tracking_error, "tracking_error");
  nearAll(m.rollingSharpe(r, { window: 60 }).subarray(59), emp.roll_sharpe, "roll_sharpe_ratio");
  const monthly = m.monthlyReturns(r, column(peers.libraries.time)).map((c) => c.value);
  nearAll(monthly, emp.monthly, "aggregate_returns");
});

Deno.test("metrics equal quantstats 0.0.86, to 1e-9 or by one named convention", () => {
  const ours = computeMetrics(r, { benchmark: b });
  near(ours.total_return, qs.comp, "comp");
  near(ours.cagr, qs.cagr, "cagr");
  near(ours.sharpe, qs.sharpe, "sharpe");
  near(ours.sortino, qs.sortino, "sortino");
  near(ours.volatility, qs.volatility, "volatility");
  near(ours.max_drawdown, qs.max_drawdown, "max_drawdown");
  near(ours.calmar, qs.calmar, "calmar");
  near(ours.omega, qs.omega, "omega");
  near(ours.tail_ratio, qs.tail_ratio, "tail_ratio");
  near(ours.information_ratio, qs.information_ratio, "information_ratio");
  near(ours.beta, qs.greeks.beta, "beta");
  // Alpha: theirs is mean times 252, not compounded.
  near((mean(r) - ours.beta * mean(b)) * 252, qs.greeks.alpha, "alpha");
  // Value at risk: theirs is Gaussian.
  near(m.valueAtRisk(r, { method: "gaussian" }), qs.var, "var");
  // Expected shortfall: theirs is Gaussian (before 0.0.83: the mean below the Gaussian value at risk).
  near(m.conditionalValueAtRisk(r, { method: "gaussian" }), qs.cvar, "cvar");
  // Ulcer index: theirs divides by N - 1.
  near(ours.ulcer_index * Math.sqrt(r.length / (r.length - 1)), qs.ulcer_index, "ulcer_index");
  // Recovery factor: theirs takes the sum of returns, without its sign.
  near(Math.abs(r.reduce((s, x) => s + x, 0)) / -ours.max_drawdown, qs.recovery_factor, "recovery");
  // Skew and kurtosis: theirs are the unbiased sample forms, kurtosis in excess of 3.
  const n = r.length;
  near(Math.sqrt(n * (n - 1)) / (n - 2) * ours.skew, qs.skew, "skew");
  const excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (ours.kurtosis - 3) + 6);
  near(excess, qs.kurtosis, "kurtosis");
  // Profit factor, payoff, win rate, Kelly: theirs are of bars, ours of closed trades.
  const moves = r.filter((x) => x !== 0);
  near(m.profitFactor(moves), qs.profit_factor, "profit_factor");
  near(m.payoffRatio(moves), qs.payoff_ratio, "payoff_ratio");
  near(m.winRate(moves), qs.win_rate, "win_rate");
  near(m.kellyCriterion(moves), qs.kelly, "kelly_criterion");
  // Probabilistic Sharpe ratio: theirs takes the unbiased moments; raw kurtosis as ours since 0.0.83.
  const theirs = m.probabilisticSharpe({
    sharpe: mean(r) / standardDeviation(r),
    observations: n,
    skew: qs.skew,
    kurtosis: qs.kurtosis + 3,
  });
  near(theirs, qs.probabilistic_sharpe_ratio, "probabilistic_sharpe_ratio");
});
