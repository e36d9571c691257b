/**
 * Costs that differ from episode to episode, so that a policy does not rely on one guess of them.
 * @module
 */
import type { BacktestOptions } from "../backtester/mod.ts";
import type { Rng } from "../math/mod.ts";

/** Lowest and highest value, as fractions of the traded value or price; drawn evenly. */
export interface RandomCosts {
  fees?: readonly [number, number];
  slippage?: readonly [number, number];
  spread?: readonly [number, number];
}

const names = ["fees", "slippage", "spread"] as const;

/** Checks ranges. @throws {RangeError} Naming the range. */
export function checkRandomCosts(costs: RandomCosts): void {
  for (const name of names) {
    const range = costs[name];
    if (range && !(range[0] >= 0 && range[0] <= range[1] && range[1] < 1)) {
      throw new RangeError(
        `Cannot make market environment: randomCosts.${name} must ascend in [0, 1), got [${range}]`,
      );
    }
  }
}

/** The account with costs of an episode in place of its own. */
export function drawCosts(
  account: BacktestOptions | undefined,
  costs: RandomCosts,
  rng: Rng,
): BacktestOptions {
  const drawn: BacktestOptions = { ...account };
  for (const name of names) {
    const range = costs[name];
    if (range) drawn[name] = range[0] + (range[1] - range[0]) * rng.uniform();
  }
  return drawn;
}
