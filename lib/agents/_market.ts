/**
 * A market of one or many symbols as an environment: what both faces share.
 * @module
 */
import { Broker } from "../backtester/broker.ts";
import type { BacktestOptions } from "../backtester/mod.ts";
import { resolveOptions } from "../backtester/options.ts";
import type { Panel } from "../backtester/panel.ts";
import { createRng, type RngState } from "../math/mod.ts";
import {
  type Action,
  boxSpace,
  type Environment,
  type Space,
  type StepResult,
} from "./environment.ts";
import {
  createEpisodeSampler,
  type EpisodeSampler,
  type EpisodeSampling,
} from "./episode_sampler.ts";
import { type ActionRule, makeMask, readTargets, spaceOf } from "./_market_actions.ts";
import { panelWindow } from "./panel_window.ts";
import { checkRandomCosts, drawCosts, type RandomCosts } from "./random_costs.ts";
import { type RewardConfig, RewardMeter } from "./rewards.ts";

/** Options of a market that do not depend on the number of symbols. */
export interface MarketOptions {
  /** Default: log returns. */
  reward?: RewardConfig;
  /** Bars of an episode drawn at random: short for `episodes: { kind: "random", bars }`. */
  episodeBars?: number;
  /** How episodes are taken from the range; by default each is the whole range. */
  episodes?: EpisodeSampling;
  /** Bars [from, to) that episodes are taken from. Default: all. */
  from?: number;
  to?: number;
  /** Cash, costs, fills, leverage: as {@linkcode backtest} takes them. */
  account?: BacktestOptions;
  /** Costs drawn anew for each episode, in place of the account's (domain randomisation). */
  randomCosts?: RandomCosts;
  /** Levels: bars that a position is kept for after each change; masked until then. Default 0. */
  minimumHoldBars?: number;
}

/** What the present episode has done so far; arrays are reused by the next episode. */
export interface MarketEpisode {
  /** Bars [from, to) of the market. */
  from: number;
  to: number;
  /** The account's options, costs of this episode included. */
  account: BacktestOptions;
  /** Equity at each bar's close; NaN where the episode has not come to yet. */
  equity: Float64Array;
}

/** Features of one symbol: column k at row `rows[t]` of bar t; -1 where there is none yet. */
export interface SymbolFeatures {
  columns: readonly ArrayLike<number>[];
  rows: Int32Array | null;
}

interface Saved {
  rng: RngState;
  episodes: number;
  from: number;
  to: number;
  account: BacktestOptions;
  bar: number;
  weights: Float64Array[];
}

/** The environment itself. Assets stand in the panel's order everywhere. */
export class Market implements Environment {
  readonly observationSpace;
  readonly actionSpace: Space;
  readonly actionMask?: Uint8Array;
  readonly episode: MarketEpisode;
  /** Target weights ordered at each bar's close, by asset; NaN where the position was left alone. */
  weights: Float64Array[];
  readonly #panel: Panel;
  readonly #features: readonly SymbolFeatures[];
  readonly #rule: ActionRule;
  readonly #options: MarketOptions;
  readonly #sampler: EpisodeSampler;
  readonly #reward: RewardMeter;
  readonly #observation: Float32Array;
  readonly #result: StepResult;
  readonly #weightStore: Float64Array[];
  readonly #equityStore: Float64Array;
  readonly #target: Float64Array;
  /** What an action is read beside. */
  readonly #of: { mask: Uint8Array | undefined; symbols: readonly string[] };
  readonly #asked: Float64Array;
  readonly #heldSince: Int32Array;
  #rng = createRng(0);
  #window: Panel;
  #account;
  #broker: Broker | null = null;
  #bar = -1;
  #equity = NaN;
  #peak = NaN;

  constructor(
    panel: Panel,
    features: readonly SymbolFeatures[],
    rule: ActionRule,
    options: MarketOptions,
  ) {
    const { from = 0, to = panel.length } = options;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to <= panel.length)) {
      throw new RangeError(
        `Cannot make market environment: from and to must be integers in [0, ${panel.length}], got ${from} and ${to}`,
      );
    }
    const sampling = options.episodes ??
      (options.episodeBars === undefined
        ? undefined
        : { kind: "random" as const, bars: options.episodeBars });
    this.#panel = panel;
    this.#features = features;
    this.#rule = rule;
    this.#options = options;
    this.#account = resolveOptions(options.account);
    if (options.randomCosts) checkRandomCosts(options.randomCosts);
    this.#reward = new RewardMeter(options.reward ?? { kind: "logReturn" });
    this.#sampler = createEpisodeSampler(sampling, from, to);
    const assets = panel.assets.length;
    this.actionSpace = spaceOf(rule, assets, panel.isSingle);
    if (rule.kind === "levels") {
      this.actionMask = makeMask(rule.levels, panel, this.#account, options.minimumHoldBars);
    }
    this.#of = { mask: this.actionMask, symbols: panel.symbols };
    const size = features.reduce((n, f) => n + f.columns.length, 0) + assets + 2;
    this.observationSpace = boxSpace([size]);
    this.#observation = new Float32Array(size);
    this.#result = {
      observation: this.#observation,
      reward: NaN,
      terminated: false,
      truncated: false,
      info: {},
    };
    const { longest } = this.#sampler;
    this.#weightStore = panel.assets.map(() => new Float64Array(longest));
    this.#equityStore = new Float64Array(longest);
    this.weights = this.#weightStore;
    this.#target = new Float64Array(assets);
    this.#asked = new Float64Array(assets);
    this.#heldSince = new Int32Array(assets);
    this.#window = panel;
    this.episode = {
      from,
      to: from + longest,
      account: options.account ?? {},
      equity: this.#equityStore,
    };
  }

  reset(seed?: number): Float32Array {
    if (seed !== undefined) {
      this.#rng = createRng(seed);
      this.#sampler.restart();
    }
    const [from, to] = this.#sampler.next(this.#rng);
    const { account, randomCosts } = this.#options;
    if (randomCosts) this.#setAccount(drawCosts(account, randomCosts, this.#rng));
    return this.#begin(from, to);
  }

  #setAccount(account: BacktestOptions): void {
    this.episode.account = account;
    this.#account = resolveOptions(account);
  }

  #begin(from: number, to: number): Float32Array {
    const { episode } = this;
    const length = to - from;
    if (this.#bar < 0 || from !== episode.from || to !== episode.to) {
      this.#window = panelWindow(this.#panel, from, to);
    }
    episode.from = from;
    episode.to = to;
    if (episode.equity.length !== length || this.weights === this.#weightStore) {
      episode.equity = this.#equityStore.subarray(0, length);
      this.weights = this.#weightStore.map((w) => w.subarray(0, length));
    }
    for (const w of this.weights) w.fill(NaN);
    episode.equity.fill(NaN);
    this.#broker = new Broker(this.#window, this.#account, { keepsRecords: false });
    this.#broker.processBar(0);
    this.#bar = 0;
    this.#asked.fill(NaN);
    this.#heldSince.fill(-1);
    this.#equity = this.#peak = episode.equity[0] = this.#account.cash;
    this.#reward.reset(this.#account.cash);
    this.#mask();
    return this.#observe();
  }

  step(action: Action): StepResult {
    readTargets(this.#rule, this.actionSpace, action, this.#target, this.#of);
    if (this.#broker === null) throw new Error("Cannot step environment: call reset first");
    const target = this.#target, asked = this.#asked, t = this.#bar;
    const isLevels = this.#rule.kind === "levels";
    for (let a = 0; a < target.length; a++) {
      if (isLevels && target[a] === asked[a]) continue;
      this.weights[a][t] = asked[a] = target[a];
      this.#heldSince[a] = t;
    }
    return this.#advance();
  }

  /** Orders what `weights` ask for at the present bar and goes on to the next one. */
  #advance(): StepResult {
    const broker = this.#broker!, { account } = broker, { equity } = this.episode;
    const before = this.#equity, isSingle = this.#panel.isSingle;
    let isOrdered = false;
    for (let a = 0; a < this.weights.length; a++) {
      const weight = this.weights[a][this.#bar];
      // What backtestWeights leaves alone is left alone here.
      if (weight !== weight || !isSingle && weight === 0 && account.units[a] === 0) continue;
      broker.submitWeight(a, this.weights[a], this.#bar);
      isOrdered = true;
    }
    if (isOrdered && this.#account.fill === "sameClose") {
      broker.processSameClose(this.#bar);
      equity[this.#bar] = account.equity();
    }
    const t = ++this.#bar;
    const { assets, length } = this.#window;
    const last = length - 1;
    broker.processBar(t);
    if (!isSingle && this.#account.source.delisting !== "hold") {
      for (let a = 0; a < assets.length; a++) if (assets[a].last === t - 1) broker.delist(a, t);
    }
    let after = account.equity();
    const isRuined = after <= 0;
    const isCalled = !isRuined && this.#account.maintenanceMargin > 0 &&
      after < this.#account.maintenanceMargin * account.gross();
    if (isRuined || isCalled || t === last && this.#account.source.finalizeTrades) {
      const why = isRuined ? "equity is gone" : isCalled ? "margin call" : "end of the run";
      broker.liquidate(t, why);
      after = account.equity();
    }
    equity[t] = after;
    this.#equity = after;
    if (isRuined) this.#freeze(t);
    this.#peak = Math.max(this.#peak, after);
    const reward = this.#reward, result = this.#result;
    reward.before = before;
    reward.after = after;
    reward.traded = account.hasTraded ? account.takeTradedValue() : 0;
    reward.measure();
    result.reward = reward.value;
    result.terminated = isRuined;
    result.truncated = t === last && !isRuined;
    this.#mask();
    this.#observe();
    if (isRuined || t === last) this.#broker = null;
    return result;
  }

  /** Nothing happens any more from bar `t` on. */
  #freeze(t: number): void {
    this.episode.equity.fill(this.#equity, t);
  }

  /** Allows what the account allows; a position held too short, or a halted symbol, is kept. */
  #mask(): void {
    const mask = this.actionMask;
    if (!mask || this.#rule.kind !== "levels") return;
    const { levels } = this.#rule;
    const { minimumHoldBars = 0 } = this.#options;
    const { leverage, allowShort } = this.#account;
    for (let a = 0; a < this.#asked.length; a++) {
      const asked = this.#asked[a], since = this.#heldSince[a];
      const isNew = asked !== asked;
      const isBound = !isNew && this.#bar - since < minimumHoldBars;
      const isFree = !isBound && this.#broker!.isTraded(a, this.#bar);
      let allowed = 0;
      for (let k = 0; k < levels.length; k++) {
        const level = levels[k];
        const isPossible = Math.abs(level) <= leverage && (allowShort || level >= 0);
        const isKept = isNew ? level === 0 : level === asked;
        mask[a * levels.length + k] = isKept || isPossible && isFree ? 1 : 0;
        allowed += mask[a * levels.length + k];
      }
      // Where nothing is held and no level is 0, an order waits for the next traded bar.
      if (allowed === 0) {
        for (let k = 0; k < levels.length; k++) mask[a * levels.length + k] = 1;
      }
    }
  }

  #observe(): Float32Array {
    const out = this.#observation;
    const row = this.episode.from + this.#bar;
    let at = 0;
    for (let a = 0; a < this.#features.length; a++) {
      const { columns, rows } = this.#features[a];
      const r = rows === null ? row : rows[row];
      for (let k = 0; k < columns.length; k++) out[at++] = r < 0 ? 0 : columns[k][r];
    }
    const { account } = this.#broker!;
    const equity = this.#equity;
    for (let a = 0; a < account.units.length; a++) {
      const units = account.units[a];
      out[at++] = equity > 0 && units !== 0 ? units * account.mark[a] / equity : 0;
    }
    out[at] = Math.log(Math.max(equity / this.#account.cash, 1e-6));
    out[at + 1] = 1 - equity / this.#peak;
    return out;
  }

  saveState(): Saved {
    const { from, to, account } = this.episode;
    return {
      rng: this.#rng.state(),
      episodes: this.#sampler.episodes,
      from,
      to,
      account,
      bar: this.#broker === null ? -1 : this.#bar,
      weights: this.weights.map((w) => w.slice()),
    };
  }

  /** Takes the saved episode's actions again: an account is what its orders made of it. */
  restoreState(state: unknown): Float32Array {
    const saved = state as Saved;
    this.#rng.restore(saved.rng);
    this.#sampler.episodes = saved.episodes;
    if (this.#options.randomCosts) this.#setAccount(saved.account);
    this.#begin(saved.from, saved.to);
    this.weights.forEach((w, a) => w.set(saved.weights[a]));
    while (this.#bar < saved.bar) {
      for (let a = 0; a < this.weights.length; a++) {
        const weight = this.weights[a][this.#bar];
        if (weight !== weight) continue;
        this.#asked[a] = weight;
        this.#heldSince[a] = this.#bar;
      }
      this.#advance();
    }
    return this.#observation;
  }
}
