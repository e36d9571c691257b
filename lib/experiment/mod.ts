/**
 * The facade over the whole library: one configuration in, a recorded, compared and packaged model out.
 *
 * @example
 * ```ts ignore
 * import { connect } from "../tracking/mod.ts";
 * import { quickstartConfig, runExperiment } from "./mod.ts";
 *
 * const tracker = connect("http://127.0.0.1:5000");
 * const { verdict } = await runExperiment(quickstartConfig({ seed: 7 }), { tracker });
 * console.log(verdict);
 * ```
 * @module
 */
export { type ExperimentConfig, parseExperimentConfig } from "./config.ts";
export { fitModel, type FittedModel, type ModelParams, writeWeights } from "./fit_model.ts";
export { type ModelCard, type ModelPackage, packageModel } from "./package_model.ts";
export { fitPositionRule, type PositionRule, targetWeight } from "./position_rule.ts";
export { prepareData, type PreparedData } from "./prepare_data.ts";
export { quickstartConfig } from "./quickstart_config.ts";
export { type ExperimentOptions, type ExperimentResult, runExperiment } from "./run_experiment.ts";
export { buyAndHoldRange, tradeRange } from "./trade_range.ts";
export { trialsPlot } from "./trials_plot.ts";
export { tuneModel, type TuneProgress } from "./tune_model.ts";
export { comparisonRows, verdict } from "./verdict.ts";
export { tradeWalkForward, type WalkForwardFold } from "./walk_forward_trading.ts";
