/**
 * Actions of a market and the target weights that they ask for.
 * @module
 */
import type { Panel } from "../backtester/panel.ts";
import {
  type Action,
  ActionError,
  type BoxSpace,
  boxSpace,
  checkChoice,
  checkChoices,
  checkNumbers,
  type DiscreteSpace,
  discreteSpace,
  type MultiDiscreteSpace,
  multiDiscreteSpace,
  type Space,
} from "./environment.ts";

/** How actions become target weights. */
export type ActionRule =
  | LevelsRule
  | { kind: "weights"; low: number; high: number; gross: number }
  | { kind: "softmax" };

interface LevelsRule {
  kind: "levels";
  levels: readonly number[];
}

/** Logits of a softmax are limited to ± this. */
const logitLimit = 10;

/** A number is an action of one number; kept, so that reading one makes no array. */
const single = new Float64Array(1);

/** Writes the action's target weights. @throws {ActionError} If it is outside of the space or masked. */
export function readTargets(
  rule: ActionRule,
  space: Space,
  action: Action,
  target: Float64Array,
  of: { mask: Uint8Array | undefined; symbols: readonly string[] },
): void {
  if (space.kind === "box") readNumbers(rule, space, action, target);
  else readLevels(rule as LevelsRule, space, action, target, of);
}

function readLevels(
  { levels }: LevelsRule,
  space: DiscreteSpace | MultiDiscreteSpace,
  action: Action,
  target: Float64Array,
  { mask, symbols }: { mask: Uint8Array | undefined; symbols: readonly string[] },
): void {
  const first = space.kind === "discrete" ? checkChoice(space, action) : 0;
  const choices = space.kind === "discrete" ? null : checkChoices(space, action);
  for (let a = 0; a < target.length; a++) {
    const choice = choices === null ? first : choices[a];
    if (mask && !mask[a * levels.length + choice]) {
      throw new ActionError(
        `Cannot step environment: action must be allowed by the mask, got choice ${choice} for ${
          symbols[a]
        }`,
        action,
      );
    }
    target[a] = levels[choice];
  }
}

function readNumbers(
  rule: ActionRule,
  space: BoxSpace,
  action: Action,
  target: Float64Array,
): void {
  const isNumber = typeof action === "number" && target.length === 1;
  if (isNumber) single[0] = action;
  const given = checkNumbers(space, isNumber ? single : action);
  if (rule.kind === "weights") {
    let gross = 0;
    for (let a = 0; a < target.length; a++) gross += Math.abs(target[a] = given[a]);
    if (gross > rule.gross) {
      for (let a = 0; a < target.length; a++) target[a] *= rule.gross / gross;
    }
    return;
  }
  let top = -Infinity, sum = 0;
  for (let a = 0; a <= target.length; a++) top = Math.max(top, given[a]);
  for (let a = 0; a <= target.length; a++) sum += Math.exp(given[a] - top);
  for (let a = 0; a < target.length; a++) target[a] = Math.exp(given[a] - top) / sum;
}

/** The space of a rule's actions. @throws {RangeError} If the rule does not fit. */
export function spaceOf(rule: ActionRule, assets: number, isSingle: boolean): Space {
  if (rule.kind === "softmax") return boxSpace([assets + 1], -logitLimit, logitLimit);
  if (rule.kind === "weights") {
    if (!(rule.low < rule.high)) {
      throw new RangeError(
        `Cannot make market environment: actions.low must be < high, got ${rule.low} and ${rule.high}`,
      );
    }
    return boxSpace([assets], rule.low, rule.high);
  }
  const { levels } = rule;
  if (levels.length < 2 || !levels.every(Number.isFinite)) {
    throw new RangeError(
      `Cannot make market environment: actions.levels must be at least 2 finite weights, got [${levels}]`,
    );
  }
  return isSingle
    ? discreteSpace(levels.length)
    : multiDiscreteSpace(new Array(assets).fill(levels.length));
}

/** A mask where the account or the options may forbid a level; nothing otherwise. */
export function makeMask(
  levels: readonly number[],
  panel: Panel,
  account: { leverage: number; allowShort: boolean },
  minimumHoldBars: number | undefined,
): Uint8Array | undefined {
  if (
    minimumHoldBars !== undefined && !(Number.isInteger(minimumHoldBars) && minimumHoldBars >= 0)
  ) {
    throw new RangeError(
      `Cannot make market environment: minimumHoldBars must be an integer >= 0, got ${minimumHoldBars}`,
    );
  }
  const isForbidden = levels.some((l) =>
    Math.abs(l) > account.leverage || l < 0 && !account.allowShort
  );
  const hasGaps = panel.assets.some((asset) =>
    asset.close.some((c, t) => c !== c || asset.hasVolume && asset.volume[t] === 0)
  );
  if (!minimumHoldBars && !isForbidden && !hasGaps) return undefined;
  return new Uint8Array(panel.assets.length * levels.length).fill(1);
}
