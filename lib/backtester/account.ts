/**
 * The accounting core that the event-driven and the vectorized face share: cash, positions, lots.
 *
 * Cash is in account currency. `mark[a]` is what one unit of asset `a` is worth in it (price times
 * contract multiplier times exchange rate), so equity is `cash + sum(units * mark)` at any moment.
 * @module
 */
import type { Commission } from "./costs/commission.ts";
import type { Trade } from "./trade.ts";
import { TradeLog } from "./trade_log.ts";

interface Lot {
  units: number;
  price: number;
  /** Account currency per unit at entry. */
  unitValue: number;
  feePerUnit: number;
  bar: number;
  time: number;
  orderId: number;
  tag: string;
}

/**
 * What a fill is booked as, and what it may cost. Numbers pass in its fields: an argument or a result of
 * a call that the engine does not inline is an object for each.
 */
export interface FillTerms {
  /** Signed units: bought positive. */
  delta: number;
  price: number;
  /** Account-currency value of one unit at `price`. */
  unitValue: number;
  /** Subtracted from cash. */
  fee: number;
  /** Money to open with. */
  room: number;
}

export class Account {
  cash = NaN;
  readonly units: Float64Array;
  readonly mark: Float64Array;
  readonly closed: TradeLog;
  /** Number of assets held short. */
  shorts = 0;
  /** Sum over fills of traded value, since the last {@linkcode takeTradedValue}. */
  #traded = 0;
  totalFees = 0;
  /** {@linkcode equity} and {@linkcode gross} as they were last measured. */
  measuredEquity = NaN;
  measuredGross = NaN;
  /** Open lots by asset, oldest first; null when nobody asks for trades. */
  readonly #lots: Lot[][] | null;
  readonly #symbols: readonly string[];
  readonly #time: Float64Array;

  /** Without `keepsTrades` an account knows cash and positions alone. */
  constructor(cash: number, symbols: readonly string[], time: Float64Array, keepsTrades = true) {
    this.cash = cash;
    this.closed = new TradeLog(symbols, time);
    this.#symbols = symbols;
    this.#time = time;
    this.units = new Float64Array(symbols.length);
    this.mark = new Float64Array(symbols.length);
    this.#lots = keepsTrades ? symbols.map(() => []) : null;
  }

  /** Cash plus positions at their marks. */
  equity(): number {
    let sum = this.cash;
    const { units, mark } = this;
    if (units.length === 1) return sum + units[0] * mark[0];
    for (let a = 0; a < units.length; a++) if (units[a] !== 0) sum += units[a] * mark[a];
    return sum;
  }

  /** Sum of absolute position values at their marks. */
  gross(): number {
    let sum = 0;
    const { units, mark } = this;
    for (let a = 0; a < units.length; a++) if (units[a] !== 0) sum += Math.abs(units[a] * mark[a]);
    return sum;
  }

  /** Long minus short position values at their marks. */
  net(): number {
    let sum = 0;
    const { units, mark } = this;
    for (let a = 0; a < units.length; a++) if (units[a] !== 0) sum += units[a] * mark[a];
    return sum;
  }

  /** Value of short positions at their marks, as a positive number. */
  shortValue(): number {
    if (this.shorts === 0) return 0;
    let sum = 0;
    for (let a = 0; a < this.units.length; a++) {
      if (this.units[a] < 0) sum -= this.units[a] * this.mark[a];
    }
    return sum;
  }

  /**
   * Writes the money with which assets can be opened further, at their marks: cash for a long-only
   * account without leverage, else `leverage * equity - gross exposure`.
   */
  findRoom(terms: FillTerms, isLong: boolean, leverage: number): void {
    const isPlain = leverage === 1 && isLong && this.shorts === 0;
    if (isPlain) terms.room = this.cash;
    else {
      this.measure();
      terms.room = leverage * this.measuredEquity - this.measuredGross;
    }
  }

  /** Writes {@linkcode measuredEquity} and {@linkcode measuredGross}. */
  measure(): void {
    let equity = this.cash, gross = 0;
    const { units, mark } = this;
    for (let a = 0; a < units.length; a++) {
      if (units[a] === 0) continue;
      equity += units[a] * mark[a];
      gross += Math.abs(units[a] * mark[a]);
    }
    this.measuredEquity = equity;
    this.measuredGross = gross;
  }

  /** Books a fill of asset `a` and matches it against open lots, oldest first. */
  fill(a: number, terms: FillTerms, bar: number, orderId: number, tag: string): void {
    const { price, unitValue, fee } = terms;
    let { delta } = terms;
    const before = this.units[a];
    // Rounding must not leave a position that no lot stands for.
    if (Math.abs(before + delta) <= 1e-12 * Math.abs(before)) delta = -before;
    const after = before + delta;
    this.cash -= delta * unitValue + fee;
    this.totalFees += fee;
    this.#traded += Math.abs(delta) * unitValue;
    this.units[a] = after;
    if (before < 0 && after >= 0) this.shorts--;
    else if (before >= 0 && after < 0) this.shorts++;
    if (this.#lots === null) return;
    const lots = this.#lots[a];
    let left = delta;
    const feePerUnit = fee / Math.abs(delta);
    if (before * delta < 0) {
      const closesAll = after === 0;
      while (lots.length > 0 && (closesAll || left * delta > 0)) {
        const lot = lots[0];
        // What rounding leaves of a lot belongs to its last closing.
        const whole = closesAll || Math.abs(lot.units) <= Math.abs(left) * (1 + 1e-12);
        const closed = whole ? lot.units : -left;
        this.#book(a, lot, closed, price, unitValue, feePerUnit, bar, orderId);
        left += closed;
        if (whole) lots.shift();
        else {
          lot.units -= closed;
          left = 0;
        }
      }
      if (after * before >= 0) return;
      left = after; // turned over: what is left opens the other side
    }
    const time = this.#time[bar];
    lots.push({ units: left, price, unitValue, feePerUnit, bar, time, orderId, tag });
  }

  /** Closes `units` of a lot, whole or in part. */
  #book(
    a: number,
    lot: Lot,
    units: number,
    price: number,
    unitValue: number,
    feePerUnit: number,
    bar: number,
    orderId: number,
  ): void {
    const fees = Math.abs(units) * (lot.feePerUnit + feePerUnit);
    const pnl = units * (unitValue - lot.unitValue) - fees;
    this.closed.push(a, units, lot, bar, price, orderId, pnl, fees);
  }

  /** Open lots as trades marked at `price(a)` and worth `mark[a]` a unit; they stay open. */
  openTrades(bar: number, time: number, price: (a: number) => number): Trade[] {
    return (this.#lots ?? []).flatMap((lots, a) =>
      lots.map((lot) => openTrade(this.#symbols[a], lot, price(a), this.mark[a], bar, time))
    );
  }

  /** Whether a fill was booked since the last {@linkcode takeTradedValue}. */
  get hasTraded(): boolean {
    return this.#traded !== 0;
  }

  /** Traded value since the last call. */
  takeTradedValue(): number {
    const value = this.#traded;
    this.#traded = 0;
    return value;
  }

  /** Multiplies the units of asset `a` by `ratio` and divides its prices by it. */
  split(a: number, ratio: number): void {
    this.units[a] *= ratio;
    this.mark[a] /= ratio;
    for (const lot of this.#lots?.[a] ?? []) {
      lot.units *= ratio;
      lot.price /= ratio;
      lot.unitValue /= ratio;
      lot.feePerUnit /= ratio;
    }
  }
}

function openTrade(
  symbol: string,
  lot: Lot,
  price: number,
  unitValue: number,
  bar: number,
  time: number,
): Trade {
  const size = Math.abs(lot.units);
  const fees = size * lot.feePerUnit;
  const pnl = lot.units * (unitValue - lot.unitValue) - fees;
  return {
    symbol,
    side: lot.units > 0 ? "long" : "short",
    units: lot.units,
    entryBar: lot.bar,
    entryTime: lot.time,
    entryPrice: lot.price,
    exitBar: bar,
    exitTime: time,
    exitPrice: price,
    pnl,
    tradeReturn: pnl / (size * lot.unitValue),
    fees,
    bars: bar - lot.bar,
    isOpen: true,
    entryOrderId: lot.orderId,
    exitOrderId: -1,
    tag: lot.tag,
  };
}

/**
 * The most units worth `unitValue` that `room` pays for, at most `wanted`.
 *
 * Fees are paid from the same money; at leverage L each unit of fee takes L units of room. With a
 * commission that is not proportional the answer is found by iteration and never costs too much.
 */
export function affordableUnits(
  wanted: number,
  room: number,
  unitValue: number,
  commission: Commission,
  leverage: number,
): number {
  if (!(room > 0)) return 0;
  const most = room / (unitValue * (1 + leverage * commission.rate));
  const units = Math.min(wanted, most);
  return commission.isProportional
    ? units
    : withinRoom(units, room, unitValue, commission, leverage);
}

/** `units` less as many as it takes to pay for them and their commission from `room`. */
function withinRoom(
  units: number,
  room: number,
  unitValue: number,
  commission: Commission,
  leverage: number,
): number {
  for (let i = 0; i < 20; i++) {
    const cost = units * unitValue + leverage * commission.charge(units, units * unitValue);
    if (cost <= room) return units;
    units = Math.max(0, Math.min(units * (1 - 1e-12), units - (cost - room) / unitValue));
    if (units === 0) return 0;
  }
  return 0;
}

/** `units` (absolute) rounded down to a whole number of lots; lot size 0 leaves it. */
export function roundToLot(units: number, lotSize: number): number {
  if (lotSize === 0) return units;
  // A quotient a rounding error below a whole number is that number.
  return Math.floor(units / lotSize + 1e-9) * lotSize;
}
