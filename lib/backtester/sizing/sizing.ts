import { OrderError } from "../errors.ts";

/**
 * How much to trade. A plain number up to 1 is a share of equity, above 1 a number of units (as in
 * backtesting.py, save that 1 means the whole equity there is); the objects say which.
 *
 * `percent` is a fraction of equity (0.5 = half of it), `value` an amount in account currency.
 */
export type Sizing =
  | number
  | { units: number }
  | { percent: number }
  | { value: number };

/** A checked size: `kind` 0 units, 1 share of equity, 2 value, 3 target share, 4 target units. */
export interface ResolvedSizing {
  kind: 0 | 1 | 2 | 3 | 4;
  amount: number;
}

export const SIZE_UNITS = 0;
export const SIZE_PERCENT = 1;
export const SIZE_VALUE = 2;
export const SIZE_TARGET_WEIGHT = 3;
export const SIZE_TARGET_UNITS = 4;

/**
 * The size as kind and amount.
 *
 * @throws {OrderError} If it is not a positive finite number.
 */
export function resolveSizing(size: Sizing, action = "place order"): ResolvedSizing {
  if (typeof size === "number") {
    check(size, "size", action);
    return size <= 1 ? { kind: SIZE_PERCENT, amount: size } : { kind: SIZE_UNITS, amount: size };
  }
  if (typeof size === "object" && size !== null) {
    if ("units" in size) {
      check(size.units, "size.units", action);
      return { kind: SIZE_UNITS, amount: size.units };
    }
    if ("percent" in size) {
      check(size.percent, "size.percent", action);
      return { kind: SIZE_PERCENT, amount: size.percent };
    }
    if ("value" in size) {
      check(size.value, "size.value", action);
      return { kind: SIZE_VALUE, amount: size.value };
    }
  }
  throw new OrderError(
    `Cannot ${action}: size must be a number or {units}, {percent} or {value}, got ${
      JSON.stringify(size)
    }`,
    "size",
    size,
  );
}

function check(amount: number, field: string, action: string): void {
  if (!(amount > 0 && amount < Infinity)) {
    throw new OrderError(
      `Cannot ${action}: ${field} must be a positive finite number, got ${amount}`,
      field,
      amount,
    );
  }
}
