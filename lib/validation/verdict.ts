/**
 * The verdict on a backtest: what the validation statistics say, as lines for the tearsheet and
 * numbers for the run's record.
 * @module
 */
import {
  deflatedSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
  sharpeMoments,
} from "../backtester/metrics/probabilistic_sharpe.ts";
import { bootstrapIntervals } from "../backtester/metrics/bootstrap.ts";
import { sharpeRatio } from "../backtester/metrics/sharpe_ratio.ts";
import type { VerdictLine } from "../backtester/tearsheet/render_tearsheet.ts";
import { variance } from "../math/mod.ts";
import { pbo } from "./pbo.ts";
import { realityCheck } from "./reality_check.ts";

export interface VerdictOptions {
  barsPerYear?: number;
  /** Per-bar returns of every configuration that was tried, the chosen one among them. */
  trials?: readonly Float64Array[];
  /** Per-bar returns of the benchmark. */
  benchmark?: Float64Array;
  /** Confidence asked for; 0.95 by default. */
  confidence?: number;
  seed?: number;
}

export interface Verdict {
  lines: VerdictLine[];
  /** By metric name: `psr`, `dsr`, `min_track_record_bars`, `sharpe_low`, `pbo`, `spa_p`, … */
  metrics: Record<string, number>;
  /** Whether every check passed. */
  passed: boolean;
}

/**
 * Judges the returns of a chosen strategy: is its Sharpe ratio above 0 for sure, also after so many
 * trials; is the record long enough; does the best in sample stay good; is the benchmark beaten?
 *
 * @throws {RangeError} If columns differ in length.
 */
export function judge(returns: Float64Array, options: VerdictOptions = {}): Verdict {
  const { barsPerYear = 252, trials, benchmark, confidence = 0.95, seed = 0 } = options;
  const lines: VerdictLine[] = [];
  const metrics: Record<string, number> = {};
  const check = (name: string, value: number, text: string, passed: boolean, digits = 3) => {
    metrics[name] = value;
    const shown = Number.isFinite(value) ? value.toFixed(digits) : String(value);
    lines.push({ check: text, value: shown, passed });
  };
  const moments = sharpeMoments(returns);
  const psr = probabilisticSharpe(moments);
  check("psr", psr, `Probabilistic Sharpe ratio above ${confidence}`, psr > confidence);
  const bars = minimumTrackRecord(moments, { confidence });
  check(
    "min_track_record_bars",
    bars,
    `Track record of ${returns.length} bars as long as needed`,
    bars <= returns.length,
    0,
  );
  const { sharpe } = bootstrapIntervals(
    returns,
    { sharpe: (r) => sharpeRatio(r, { barsPerYear }) },
    { samples: 500, level: confidence, seed },
  );
  metrics.sharpe_high = sharpe.high;
  check(
    "sharpe_low",
    sharpe.low,
    `Lower end of the Sharpe ratio's ${confidence * 100} % interval above 0`,
    sharpe.low > 0,
  );
  if (trials && trials.length > 1) {
    const sharpes = Float64Array.from(trials, (r) => sharpeMoments(r).sharpe)
      .filter((s) => Number.isFinite(s));
    const dsr = deflatedSharpe(moments, {
      trials: trials.length,
      sharpeVariance: sharpes.length > 1 ? variance(sharpes) : 0,
    });
    check(
      "dsr",
      dsr,
      `Sharpe ratio deflated by ${trials.length} trials above ${confidence}`,
      dsr > confidence,
    );
    const blocks = returns.length >= 32 ? Math.min(12, 2 * Math.floor(returns.length / 8)) : 2;
    const overfit = pbo(trials, { blocks }).pbo;
    check("pbo", overfit, "Probability of backtest overfitting below 0.5", overfit < 0.5);
  }
  if (benchmark) {
    const { spa } = realityCheck(trials?.length ? trials : [returns], {
      benchmark,
      samples: 500,
      seed,
    });
    check(
      "spa_p",
      spa.consistent,
      `Superior to the benchmark (SPA p-value below ${(1 - confidence).toFixed(2)})`,
      spa.consistent < 1 - confidence,
    );
  }
  return { lines, metrics, passed: lines.every((l) => l.passed) };
}
