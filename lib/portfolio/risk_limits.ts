/** Limits on target weights, applied in the order in which they stand here. */
export interface RiskLimits {
  /** Largest absolute weight of one symbol. */
  maxWeight?: number;
  /** Largest sum of absolute weights. */
  maxGross?: number;
  /** Largest absolute sum of weights. */
  maxNet?: number;
  /** Largest sum of absolute changes from the present weights. */
  maxTurnover?: number;
  /** Above this drawdown (a positive fraction) weights are cut in proportion, at `flat` to 0. */
  drawdownBrake?: { from: number; flat: number };
}

export interface LimitedWeights {
  weights: Record<string, number>;
  /** Names of the limits that changed something. */
  applied: (keyof RiskLimits)[];
}

/**
 * Target weights after the limits. `drawdown` is the present one (0 or negative).
 *
 * @throws {RangeError} If a weight is not a number or a limit is negative.
 */
export function applyRiskLimits(
  target: Readonly<Record<string, number>>,
  limits: RiskLimits,
  present: { weights?: Readonly<Record<string, number>>; drawdown?: number } = {},
): LimitedWeights {
  for (const name of ["maxWeight", "maxGross", "maxNet", "maxTurnover"] as const) {
    const limit = limits[name];
    if (limit !== undefined && !(limit >= 0)) {
      throw new RangeError(`Cannot apply limits: ${name} must be >= 0, got ${limit}`);
    }
  }
  const weights: Record<string, number> = {};
  for (const symbol of Object.keys(target).sort()) {
    if (!Number.isFinite(target[symbol])) {
      throw new RangeError(
        `Cannot apply limits: weight of ${symbol} must be a number, got ${target[symbol]}`,
      );
    }
    weights[symbol] = target[symbol];
  }
  const applied: (keyof RiskLimits)[] = [];
  const scale = (factor: number, name: keyof RiskLimits) => {
    if (factor >= 1) return;
    for (const symbol in weights) weights[symbol] *= factor;
    applied.push(name);
  };
  const { maxWeight, maxGross, maxNet, maxTurnover, drawdownBrake } = limits;
  if (maxWeight !== undefined) {
    let changed = false;
    for (const symbol in weights) {
      const cut = Math.max(-maxWeight, Math.min(maxWeight, weights[symbol]));
      changed ||= cut !== weights[symbol];
      weights[symbol] = cut;
    }
    if (changed) applied.push("maxWeight");
  }
  const sum = (of: (w: number) => number) => Object.values(weights).reduce((s, w) => s + of(w), 0);
  if (maxGross !== undefined) scale(maxGross / sum(Math.abs), "maxGross");
  if (maxNet !== undefined) scale(maxNet / Math.abs(sum((w) => w)), "maxNet");
  if (drawdownBrake) {
    const depth = -(present.drawdown ?? 0);
    const { from, flat } = drawdownBrake;
    scale(Math.max(0, Math.min(1, (flat - depth) / (flat - from))), "drawdownBrake");
  }
  if (maxTurnover !== undefined) {
    const before = present.weights ?? {};
    for (const symbol in before) weights[symbol] ??= 0;
    let turnover = 0;
    for (const symbol in weights) turnover += Math.abs(weights[symbol] - (before[symbol] ?? 0));
    if (turnover > maxTurnover) {
      for (const symbol in weights) {
        const from = before[symbol] ?? 0;
        weights[symbol] = from + (weights[symbol] - from) * maxTurnover / turnover;
      }
      applied.push("maxTurnover");
    }
  }
  return { weights, applied };
}
