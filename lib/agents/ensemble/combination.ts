/**
 * How the members of an ensemble become one policy.
 * @module
 */
import { z } from "zod";

const weight = z.number().min(0);

/** A number of the observation, brought back to its own unit: `observation[index] * scale + offset`. */
const readingSchema = z.strictObject({
  index: z.number().int().min(0),
  scale: z.number().default(1),
  offset: z.number().default(0),
});

/** Weights of the members; they are scaled to add up to 1. Default: equal. */
const weightsSchema = z.array(weight).min(1).optional();

export const combinationSchema = z.discriminatedUnion("kind", [
  /** Mean of the members' probabilities, or of their numbers. One weight of 1 picks a member. */
  z.strictObject({ kind: z.literal("mean"), weights: weightsSchema }),
  /** The choice of most members; the mean of probabilities decides between equals. Choices only. */
  z.strictObject({ kind: z.literal("vote"), weights: weightsSchema }),
  /**
   * Mean weighted by the softmax of each member's Sharpe ratio over the last bars, as if it traded
   * alone: position before times the bar's return, less costs. Until so many bars were seen the
   * weights are `weights`.
   */
  z.strictObject({
    kind: z.literal("rollingSharpe"),
    /** The asset's simple return over the last bar. */
    assetReturn: readingSchema,
    windowBars: z.number().int().min(2).default(63),
    /** In annual Sharpe ratios: small follows the best member, large weighs all alike. */
    temperature: z.number().positive().default(1),
    barsPerYear: z.number().positive().default(252),
    /** Of the traded share of equity. */
    costBps: z.number().min(0).default(0),
    /** Target weight of each choice; for a box of one number the action is the weight itself. */
    levels: z.array(z.number()).optional(),
    weights: weightsSchema,
  }),
  /**
   * Weights by regime: row r of `weights` where r thresholds lie below the reading (volatility,
   * turbulence). What a row lacks to 1 is flat: the choice `flat`, or 0 in a box. A row of zeros leaves
   * the market, as Yang et al. do beyond a turbulence threshold.
   */
  z.strictObject({
    kind: z.literal("regime"),
    reading: readingSchema,
    /** Rising. */
    thresholds: z.array(z.number()).min(1),
    /** [thresholds + 1, members]; each row adds up to at most 1. */
    weights: z.array(z.array(weight)).min(2),
    flat: z.number().int().min(0).default(0),
  }),
]);

/** What a caller writes. */
export type CombinationConfig = z.input<typeof combinationSchema>;
/** With all defaults. */
export type Combination = z.output<typeof combinationSchema>;

const fail = (field: string, want: string, got: unknown): never => {
  throw new RangeError(`Cannot make ensemble: ${field} must ${want}, got ${got}`);
};

/** Weights that add up to 1. */
export function normalWeights(weights: readonly number[] | undefined, members: number): number[] {
  const all = weights ?? new Array(members).fill(1);
  if (all.length !== members) fail("combination.weights", `have ${members} numbers`, all.length);
  const sum = all.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) fail("combination.weights", "have a sum > 0", sum);
  return all.map((w) => w / sum);
}

/** Checks what depends on the members. @throws {RangeError} Naming the field. */
export function checkCombination(
  c: Combination,
  facts: { members: number; observationSize: number; choices: number | null; actionSize: number },
): void {
  const { members, observationSize, choices, actionSize } = facts;
  const inside = (field: string, index: number) => {
    if (index >= observationSize) {
      fail(`combination.${field}.index`, `be < ${observationSize}`, index);
    }
  };
  if (c.kind !== "regime") normalWeights(c.weights, members);
  if (c.kind === "vote" && choices === null) {
    fail("combination.kind", "be another for numbers", "vote");
  }
  if (c.kind === "rollingSharpe") {
    inside("assetReturn", c.assetReturn.index);
    if (choices !== null && c.levels?.length !== choices) {
      fail("combination.levels", `have ${choices} numbers`, c.levels?.length ?? "none");
    }
    if (choices === null && actionSize !== 1) {
      fail("combination.kind", "be another for boxes of several numbers", "rollingSharpe");
    }
  }
  if (c.kind === "regime") {
    inside("reading", c.reading.index);
    c.thresholds.forEach((t, i) => {
      if (i > 0 && !(t > c.thresholds[i - 1])) fail("combination.thresholds", "rise", c.thresholds);
    });
    if (c.weights.length !== c.thresholds.length + 1) {
      fail("combination.weights", `have ${c.thresholds.length + 1} rows`, c.weights.length);
    }
    for (const row of c.weights) {
      if (row.length !== members) {
        fail("combination.weights", `have rows of ${members}`, row.length);
      }
      const sum = row.reduce((a, b) => a + b, 0);
      if (sum > 1 + 1e-9) fail("combination.weights", "have rows that add up to at most 1", sum);
    }
    if (choices !== null && c.flat >= choices) fail("combination.flat", `be < ${choices}`, c.flat);
  }
}

/** Numbers of state per row that the combination itself needs, members' own states not counted. */
export function combinationStateSize(c: Combination, members: number): number {
  // Returns of the window and the position of each member, and how many bars were seen.
  return c.kind === "rollingSharpe" ? members * (c.windowBars + 1) + 1 : 0;
}
