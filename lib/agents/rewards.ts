/**
 * Rewards of a trading agent, made from the account's equity.
 * @module
 */
import { z } from "zod";

const rate = z.number().positive().max(1);
const penalties = {
  /** Times the growth of the drawdown (a fraction of the highest equity) at this step. */
  drawdownPenalty: z.number().min(0).default(0),
  /** Times the value traded at this step as a share of equity before. */
  turnoverPenalty: z.number().min(0).default(0),
};

export const rewardConfigSchema = z.discriminatedUnion("kind", [
  /** Change of equity as a share of the starting cash. */
  z.strictObject({ kind: z.literal("pnl"), ...penalties }),
  /** Logarithm of equity over equity before; the last equity above 0 stands in for ruin. */
  z.strictObject({ kind: z.literal("logReturn"), ...penalties }),
  /** Simple return less `aversion` / 2 times its square (Ritter 2017, Machine learning for trading). */
  z.strictObject({
    kind: z.literal("meanVariance"),
    aversion: z.number().min(0).default(10),
    ...penalties,
  }),
  /** Derivative of the exponentially weighted Sharpe ratio by its adaptation rate. */
  z.strictObject({ kind: z.literal("differentialSharpe"), eta: rate.default(0.01), ...penalties }),
  /** The same of the ratio of mean to downside deviation. */
  z.strictObject({
    kind: z.literal("differentialDownside"),
    eta: rate.default(0.01),
    ...penalties,
  }),
]);

export type RewardConfig = z.input<typeof rewardConfigSchema>;

/** A reward that may remember the episode so far. */
export interface Reward {
  reset(cash: number): void;
  /** Of a step that took equity from `before` to `after` and traded `traded` account currency. */
  step(before: number, after: number, traded: number): number;
}

/** Equity below this share of the one before counts as this share: a logarithm needs it. */
const ruin = 1e-6;

/**
 * Makes a reward.
 *
 * Where the variance (or downside deviation) known so far is 0 the differential rewards are 0.
 *
 * @throws {RangeError} If the configuration does not fit.
 * @see Moody & Saffell 2001, Learning to trade via direct reinforcement, eqs. 13-14 and 19-20
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createReward } from "./rewards.ts";
 * const reward = createReward({ kind: "pnl", turnoverPenalty: 0.1 });
 * reward.reset(1000);
 * assert.equal(reward.step(1000, 1050, 500), 0.05 - 0.1 * 0.5);
 * ```
 */
export function createReward(config: RewardConfig): Reward {
  const meter = new RewardMeter(config);
  return {
    reset: (cash) => meter.reset(cash),
    step(before, after, traded) {
      meter.before = before;
      meter.after = after;
      meter.traded = traded;
      meter.measure();
      return meter.value;
    },
  };
}

/**
 * What {@linkcode createReward} works with: a step's numbers are written into its fields and `value` is
 * read from it, since arguments of a call that the engine does not inline are objects.
 */
export class RewardMeter {
  before = NaN;
  after = NaN;
  traded = NaN;
  value = NaN;
  readonly #config: z.output<typeof rewardConfigSchema>;
  readonly #eta: number;
  #cash = NaN;
  #peak = NaN;
  #drawdown = NaN;
  /** Exponentially weighted mean, and mean square (of losses alone, for the downside). */
  #mean = NaN;
  #square = NaN;

  /** @throws {RangeError} If the configuration does not fit. */
  constructor(config: RewardConfig) {
    const parsed = rewardConfigSchema.safeParse(config);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new RangeError(
        `Cannot make reward: ${issue.path.join(".") || "config"}: ${issue.message}, got ${
          JSON.stringify(config)
        }`,
      );
    }
    this.#config = parsed.data;
    this.#eta = "eta" in parsed.data ? parsed.data.eta : 0;
  }

  reset(startingCash: number): void {
    this.#cash = this.#peak = startingCash;
    this.#drawdown = this.#mean = this.#square = 0;
  }

  /** Of a step that took equity from `before` to `after` and traded `traded` account currency. */
  measure(): void {
    const { before, after } = this;
    const config = this.#config;
    this.#peak = Math.max(this.#peak, after);
    const drawdown = 1 - after / this.#peak;
    const deeper = Math.max(0, drawdown - this.#drawdown);
    this.#drawdown = drawdown;
    if (config.kind === "pnl") this.value = (after - before) / this.#cash;
    else if (config.kind === "logReturn") this.value = Math.log(Math.max(after / before, ruin));
    else if (config.kind === "meanVariance") {
      const r = after / before - 1;
      this.value = r - config.aversion / 2 * r * r;
    } else this.#measureDifferential(config.kind === "differentialSharpe");
    this.value = this.value - config.drawdownPenalty * deeper -
      config.turnoverPenalty * this.traded / before;
  }

  #measureDifferential(ofSharpe: boolean): void {
    const r = this.after / this.before - 1;
    const a = this.#mean, b = this.#square, eta = this.#eta;
    let value = 0;
    if (ofSharpe) {
      const variance = b - a * a;
      const da = r - a, db = r * r - b;
      if (variance > 1e-12 * b) value = (b * da - a * db / 2) / variance ** 1.5;
      this.#square = b + eta * db;
    } else {
      if (b > 0) {
        value = r > 0 ? (r - a / 2) / Math.sqrt(b) : (b * (r - a / 2) - a * r * r / 2) / b ** 1.5;
      }
      this.#square = b + eta * (Math.min(r, 0) ** 2 - b);
    }
    this.#mean = a + eta * (r - a);
    this.value = value;
  }
}
