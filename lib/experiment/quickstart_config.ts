/**
 * The experiment of `deno task demo` and of the first notebook.
 * @module
 */
import { type ExperimentConfig, parseExperimentConfig } from "./config.ts";

export interface QuickstartOptions {
  seed?: number;
  trials?: number;
  epochs?: number;
}

/**
 * S&P 500 daily bars from 2000 to 2020: will the close be higher five bars on? Tuned on 2000-2013,
 * traded walk-forward on 2014-2020, which the search never sees.
 *
 * The sample's opens are the close before in most years before 2014, so a fill at the next open would
 * be a fill at the signal's own close: fills are at the next close, and no feature reads the open.
 */
export function quickstartConfig(options: QuickstartOptions = {}): ExperimentConfig {
  return parseExperimentConfig({
    name: "quickstart",
    model: "sp500-direction",
    seed: options.seed ?? 7,
    data: { kind: "sample" },
    pipeline: {
      steps: [
        { kind: "logReturn", window: 1, as: "return_1" },
        { kind: "logReturn", window: 5, as: "return_5" },
        { kind: "logReturn", window: 21, as: "return_21" },
        { kind: "logReturn", window: 63, as: "return_63" },
        { kind: "logReturn", window: 126, as: "return_126" },
        { kind: "rsi", window: 14 },
        { kind: "realizedVolatility", window: 21 },
        { kind: "parkinson", window: 10 },
        { kind: "natr", window: 14 },
      ],
    },
    scaler: "standard",
    labels: { horizonBars: 5 },
    split: { trainUntil: "2010-12-31", validationUntil: "2013-12-31", embargoBars: 10 },
    search: {
      trials: options.trials ?? 12,
      kinds: ["mlp", "cnn", "lstm"],
      windowBars: [8, 16, 32],
      units: [8, 16, 32],
      dropout: { low: 0, high: 0.3 },
      learningRate: { low: 3e-4, high: 1e-2, log: true },
      batchSize: [64, 128],
      epochs: options.epochs ?? 12,
      patience: 4,
    },
    walkForward: { refitEveryBars: 252, validationBars: 252 },
    backtest: {
      cash: 100_000,
      fill: "nextClose",
      feeBps: 1,
      slippageBps: 1,
      weightStep: 0.25,
    },
  });
}
