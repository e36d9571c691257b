/**
 * Commissions: what a fill costs, charged on both legs.
 * @module
 */

/** Tier of a tiered commission: up to `upTo` of traded value (account currency) at `percent`. */
export interface FeeTier {
  /** Upper end of the tier in traded value of the fill; Infinity for the last. */
  upTo: number;
  /** Fraction of value within this tier. */
  rate: number;
}

/**
 * Fees per fill. A number is a fraction of the traded value (0.001 = 10 basis points).
 *
 * `{perShare, minimum?, maximumRate?}` is the US broker's form, `{fixed, rate?}` backtesting.py's
 * pair, `{tiers}` charges each slice of the value at its own rate; a function gets absolute units,
 * unit price and value.
 */
export type Fees =
  | number
  | { bps: number; minimum?: number }
  | { percent: number; minimum?: number }
  | { perShare: number; minimum?: number; maximumRate?: number }
  | { fixed: number; rate?: number }
  | { tiers: readonly FeeTier[]; minimum?: number }
  | ((units: number, price: number, value: number) => number);

/** A checked commission. `rate` is its proportional part; `isProportional` says there is no other. */
export interface Commission {
  readonly rate: number;
  readonly isProportional: boolean;
  /** Fee of a fill of `units` (absolute) worth `value` in account currency. */
  charge(units: number, value: number): number;
}

/**
 * Fee of a fill of `units` (absolute) worth `value`. One that is proportional is not asked: a call that
 * the engine does not inline makes an object of each number.
 */
export function feeOf(commission: Commission, units: number, value: number): number {
  return commission.isProportional ? value * commission.rate : commission.charge(units, value);
}

function proportional(rate: number): Commission {
  return { rate, isProportional: true, charge: (_units, value) => value * rate };
}

function atLeast(minimum: number | undefined, commission: Commission): Commission {
  if (!minimum) return commission;
  return {
    rate: commission.rate,
    isProportional: false,
    charge: (units, value) => units === 0 ? 0 : Math.max(minimum, commission.charge(units, value)),
  };
}

/**
 * The commission that `fees` describes.
 *
 * @throws {RangeError} If a rate is not in (-0.1, 0.5], or an amount is negative.
 */
export function createCommission(fees: Fees = 0): Commission {
  if (typeof fees === "number") return proportional(rate(fees, "fees"));
  if (typeof fees === "function") {
    return {
      rate: 0,
      isProportional: false,
      charge(units, value) {
        if (units === 0) return 0;
        const fee = fees(units, value / units, value);
        if (!Number.isFinite(fee)) {
          throw new RangeError(`Cannot charge fees: fees() must return a number, got ${fee}`);
        }
        return fee;
      },
    };
  }
  if ("bps" in fees) {
    return atLeast(
      amount(fees.minimum, "fees.minimum"),
      proportional(rate(fees.bps / 1e4, "fees.bps / 10,000")),
    );
  }
  if ("percent" in fees) {
    return atLeast(
      amount(fees.minimum, "fees.minimum"),
      proportional(rate(fees.percent / 100, "fees.percent / 100")),
    );
  }
  if ("perShare" in fees) {
    const perShare = amount(fees.perShare, "fees.perShare");
    const minimum = amount(fees.minimum, "fees.minimum");
    const cap = fees.maximumRate === undefined
      ? Infinity
      : rate(fees.maximumRate, "fees.maximumRate");
    return {
      rate: 0,
      isProportional: false,
      charge: (units, value) =>
        units === 0 ? 0 : Math.min(Math.max(minimum, perShare * units), cap * value),
    };
  }
  if ("fixed" in fees) {
    const fixed = amount(fees.fixed, "fees.fixed");
    const r = rate(fees.rate ?? 0, "fees.rate");
    return {
      rate: r,
      isProportional: fixed === 0,
      charge: (units, value) => units === 0 ? 0 : fixed + value * r,
    };
  }
  if ("tiers" in fees) {
    const tiers = fees.tiers.map((t, i) => {
      const from = i === 0 ? 0 : fees.tiers[i - 1].upTo;
      if (!(t.upTo > from)) {
        throw new RangeError(
          `Cannot set fees: tiers[${i}].upTo must be greater than ${from}, got ${t.upTo}`,
        );
      }
      return { from, upTo: t.upTo, rate: rate(t.rate, `tiers[${i}].rate`) };
    });
    if (tiers.at(-1)?.upTo !== Infinity) {
      throw new RangeError("Cannot set fees: the last tier's upTo must be Infinity");
    }
    return atLeast(amount(fees.minimum, "fees.minimum"), {
      rate: tiers.reduce((m, t) => Math.max(m, t.rate), 0),
      isProportional: false,
      charge(_units, value) {
        let fee = 0;
        for (const t of tiers) {
          if (value <= t.from) break;
          fee += (Math.min(value, t.upTo) - t.from) * t.rate;
        }
        return fee;
      },
    });
  }
  throw new RangeError(
    `Cannot set fees: fees must be a number or a known fee object, got ${JSON.stringify(fees)}`,
  );
}

function rate(value: number, field: string): number {
  if (!(value > -0.1 && value <= 0.5)) {
    throw new RangeError(
      `Cannot set fees: ${field} must be a fraction in (-0.1, 0.5], got ${value}`,
    );
  }
  return value;
}

function amount(value: number | undefined, field: string): number {
  if (value === undefined) return 0;
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`Cannot set fees: ${field} must be a finite number >= 0, got ${value}`);
  }
  return value;
}
