/**
 * Trading one symbol as an environment, on the backtester's own broker.
 * @module
 */
import { Broker } from "../backtester/broker.ts";
import type { BacktestOptions } from "../backtester/mod.ts";
import { resolveOptions } from "../backtester/options.ts";
import { createPanel, type Panel } from "../backtester/panel.ts";
import { type Bars, sliceBars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import { createRng } from "../math/mod.ts";
import {
  type Action,
  ActionError,
  boxSpace,
  checkChoice,
  discreteSpace,
  type Environment,
  type StepResult,
} from "./environment.ts";
import { createReward, type RewardConfig } from "./rewards.ts";

export interface MarketEnvironmentOptions {
  bars: Bars;
  /** Causal features: row t is shown at the close of bar t. All rows of the range must be defined. */
  frame: FeatureFrame;
  /**
   * `levels`: choice k asks for the target weight `levels[k]`; `weight`: the action is the target
   * weight itself. Default: levels -1, 0, 1 (short, flat, long).
   */
  actions?:
    | { kind: "levels"; levels: readonly number[] }
    | { kind: "weight"; low: number; high: number };
  /** Default: log returns. */
  reward?: RewardConfig;
  /** Bars of an episode, drawn at random from the range; by default the whole range, in order. */
  episodeBars?: number;
  /** Bars [from, to) that episodes are taken from. Default: all. */
  from?: number;
  to?: number;
  /** Cash, costs, fills, leverage: as {@linkcode backtest} takes them. */
  account?: BacktestOptions;
}

/** What the present episode has done so far; arrays are reused by the next episode. */
export interface EpisodeRecord {
  /** The episode's bars are `sliceBars(bars, from, to)`. */
  from: number;
  to: number;
  /** Target weight ordered at each bar's close; NaN where the position was left alone. */
  weights: Float64Array;
  /** Equity at each bar's close; NaN where the episode has not come to yet. */
  equity: Float64Array;
}

export interface MarketEnvironment extends Environment {
  /**
   * The episode so far. `backtestSignals(sliceBars(bars, from, to), { weights }, account)` of a whole
   * episode gives `equity`.
   */
  readonly episode: EpisodeRecord;
}

/** Numbers about the account that follow the features in an observation. */
const accountState = ["position", "episodeLogReturn", "drawdown"] as const;

/**
 * A market as an environment. An observation is the features of the present bar followed by the
 * account's position (a share of equity), log return since the episode began, and drawdown.
 *
 * An action is taken at a bar's close and filled as the account's `fill` says (by default at the next
 * open); the reward comes from the equity at the next bar's close. A choice that is taken again
 * leaves the position alone instead of rebalancing it. The episode is truncated at its last bar and
 * terminated when equity is gone.
 *
 * @throws {RangeError} If the range is shorter than an episode, a feature in it is not finite, or an
 * option does not fit.
 */
export function marketEnvironment(options: MarketEnvironmentOptions): MarketEnvironment {
  return new SingleMarket(options);
}

class SingleMarket implements MarketEnvironment {
  readonly observationSpace;
  readonly actionSpace;
  readonly episode: EpisodeRecord;
  readonly #options: MarketEnvironmentOptions;
  readonly #levels: Float64Array | null;
  readonly #range: readonly [number, number];
  readonly #length: number;
  readonly #account;
  readonly #reward;
  readonly #observation: Float32Array;
  readonly #result: StepResult;
  #rng = createRng(0);
  #panel: Panel | null = null;
  #broker: Broker | null = null;
  #bar = -1;
  #asked = NaN;
  #equity = NaN;
  #peak = NaN;

  constructor(options: MarketEnvironmentOptions) {
    const { bars, frame, actions = { kind: "levels", levels: [-1, 0, 1] } } = options;
    this.#options = options;
    this.#account = resolveOptions(options.account);
    this.#reward = createReward(options.reward ?? { kind: "logReturn" });
    this.#range = checkRange(options);
    const [from, to] = this.#range;
    this.#length = options.episodeBars ?? to - from;
    this.#levels = actions.kind === "levels" ? checkLevels(actions.levels) : null;
    if (actions.kind === "weight" && !(actions.low < actions.high)) {
      throw new RangeError(
        `Cannot make market environment: actions.low must be < high, got ${actions.low} and ${actions.high}`,
      );
    }
    this.actionSpace = actions.kind === "levels"
      ? discreteSpace(actions.levels.length)
      : boxSpace([1], actions.low, actions.high);
    const size = frame.columns.length + accountState.length;
    this.observationSpace = boxSpace([size]);
    this.#observation = new Float32Array(size);
    this.#result = {
      observation: this.#observation,
      reward: 0,
      terminated: false,
      truncated: false,
      info: {},
    };
    this.episode = {
      from,
      to: from + this.#length,
      weights: new Float64Array(this.#length),
      equity: new Float64Array(this.#length),
    };
    createPanel(sliceBars(bars, from, to), options.account);
  }

  reset(seed?: number): Float32Array {
    if (seed !== undefined) this.#rng = createRng(seed);
    const { episode } = this;
    const [from, to] = this.#range;
    const spare = to - from - this.#length;
    const start = spare === 0 ? from : from + this.#rng.integer(spare + 1);
    if (this.#panel === null || start !== episode.from) {
      const { bars, account } = this.#options;
      this.#panel = createPanel(sliceBars(bars, start, start + this.#length), account);
    }
    episode.from = start;
    episode.to = start + this.#length;
    episode.weights.fill(NaN);
    episode.equity.fill(NaN);
    this.#broker = new Broker(this.#panel, this.#account);
    this.#broker.processBar(0);
    this.#bar = 0;
    this.#asked = NaN;
    this.#equity = this.#peak = episode.equity[0] = this.#account.cash;
    this.#reward.reset(this.#account.cash);
    return this.#observe();
  }

  step(action: Action): StepResult {
    const weight = this.#weightOf(action);
    const broker = this.#broker;
    if (broker === null) throw new Error("Cannot step environment: call reset first");
    const { account } = broker;
    const { weights, equity } = this.episode;
    const before = this.#equity;
    if (this.#levels === null || weight !== this.#asked) {
      broker.submitTarget(0, 3, weight, this.#bar);
      weights[this.#bar] = weight;
      this.#asked = weight;
      if (this.#account.fill === "sameClose") {
        broker.processSameClose(this.#bar);
        equity[this.#bar] = account.equity();
      }
    }
    const t = ++this.#bar;
    const last = this.#length - 1;
    broker.processBar(t);
    let after = account.equity();
    const isRuined = after <= 0;
    const isCalled = !isRuined && this.#account.maintenanceMargin > 0 &&
      after < this.#account.maintenanceMargin * account.gross();
    if (isRuined || isCalled || t === last && this.#options.account?.finalizeTrades) {
      broker.liquidate(
        t,
        isRuined ? "equity is gone" : isCalled ? "margin call" : "end of the run",
      );
      after = account.equity();
    }
    equity[t] = after;
    if (isRuined) equity.fill(after, t);
    this.#equity = after;
    this.#peak = Math.max(this.#peak, after);
    const traded = account.hasTraded ? account.takeTradedValue() : 0;
    const result = this.#result;
    result.reward = this.#reward.step(before, after, traded);
    result.terminated = isRuined;
    result.truncated = t === last && !isRuined;
    this.#observe();
    if (isRuined || t === last) this.#broker = null;
    return result;
  }

  #weightOf(action: Action): number {
    const space = this.actionSpace;
    if (space.kind === "discrete") return this.#levels![checkChoice(space, action)];
    const weight = typeof action === "number" ? action : action.length === 1 ? action[0] : NaN;
    if (weight >= space.low[0] && weight <= space.high[0]) return weight;
    throw new ActionError(
      `Cannot step environment: action must be one number in [${space.low[0]}, ${
        space.high[0]
      }], got ${typeof action === "number" ? action : `[${action}]`}`,
      action,
    );
  }

  #observe(): Float32Array {
    const { columns } = this.#options.frame;
    const out = this.#observation;
    const row = this.episode.from + this.#bar;
    for (let k = 0; k < columns.length; k++) out[k] = columns[k][row];
    const { account } = this.#broker!;
    const equity = this.#equity;
    const at = columns.length;
    out[at] = equity > 0 ? account.units[0] * account.mark[0] / equity : 0;
    out[at + 1] = Math.log(Math.max(equity / this.#account.cash, 1e-6));
    out[at + 2] = 1 - equity / this.#peak;
    return out;
  }
}

function checkRange(options: MarketEnvironmentOptions): [number, number] {
  const { bars, frame, from = 0, to = bars.length, episodeBars } = options;
  const fail = (what: string) => {
    throw new RangeError(`Cannot make market environment: ${what}`);
  };
  if (frame.length !== bars.length) {
    fail(`frame must have one row per bar (${bars.length}), got ${frame.length}`);
  }
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to <= bars.length)) {
    fail(`from and to must be integers in [0, ${bars.length}], got ${from} and ${to}`);
  }
  const wanted = episodeBars ?? 2;
  if (!Number.isInteger(wanted) || wanted < 2) {
    fail(`episodeBars must be an integer >= 2, got ${episodeBars}`);
  }
  if (to - from < wanted) {
    fail(`bars [${from}, ${to}) must be at least an episode (${wanted} bars), got ${to - from}`);
  }
  frame.columns.forEach((column, k) => {
    for (let t = from; t < to; t++) {
      if (!Number.isFinite(column[t])) {
        fail(`feature ${frame.names[k]} must be finite, got ${column[t]} at row ${t}`);
      }
    }
  });
  return [from, to];
}

function checkLevels(levels: readonly number[]): Float64Array {
  if (levels.length < 2 || !levels.every(Number.isFinite)) {
    throw new RangeError(
      `Cannot make market environment: actions.levels must be at least 2 finite weights, got [${levels}]`,
    );
  }
  return Float64Array.from(levels);
}
