import type { Order, OrderStatus, OrderType, TimeInForce } from "./order.ts";
import type { WorkingOrder } from "./working_order.ts";

const types: readonly OrderType[] = ["market", "limit", "stop", "stopLimit", "trailingStop"];
const statuses: readonly OrderStatus[] = [
  "pending",
  "partial",
  "filled",
  "cancelled",
  "rejected",
  "expired",
];
const times: readonly TimeInForce[] = ["gtc", "day", "ioc", "fok"];
/** Codes by name; a record is quicker than a search. */
const codesOf = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Record<Name, number>;
const typeCodes = codesOf(types);
const statusCodes = codesOf(statuses);
const timeCodes = codesOf(times);
const wholes = 6;
const reals = 6;

/**
 * Orders that are done, as growing columns: a long run places many, and as objects they would keep
 * the garbage collector busier than the run itself.
 */
export class OrderLog {
  #length = 0;
  #whole = new Int32Array(wholes * 256); // id, asset, placed bar, filled bar, parent, packed enums
  #real = new Float64Array(reals * 256); // units, filled units, limit, stop, price, fee
  /** Reasons and tags by id; most orders have neither. */
  readonly #reasons = new Map<number, string>();
  readonly #tags = new Map<number, string>();
  readonly #symbols: readonly string[];
  readonly #time: Float64Array;

  constructor(symbols: readonly string[], time: Float64Array) {
    this.#symbols = symbols;
    this.#time = time;
  }

  /** Writes down an order as it is now. */
  push(order: WorkingOrder): void {
    const i = this.#length++;
    if (wholes * i === this.#whole.length) {
      const whole = new Int32Array(2 * wholes * i);
      whole.set(this.#whole);
      this.#whole = whole;
      const real = new Float64Array(2 * reals * i);
      real.set(this.#real);
      this.#real = real;
    }
    const w = wholes * i;
    this.#whole[w] = order.id;
    this.#whole[w + 1] = order.asset;
    this.#whole[w + 2] = order.placedBar;
    this.#whole[w + 3] = order.filledBar;
    this.#whole[w + 4] = order.parentId;
    this.#whole[w + 5] = typeCodes[order.type] + 8 * statusCodes[order.status] +
      64 * timeCodes[order.timeInForce] + (order.isBuy ? 256 : 0);
    const r = reals * i;
    this.#real[r] = order.units;
    this.#real[r + 1] = order.filledUnits;
    this.#real[r + 2] = order.limit;
    this.#real[r + 3] = order.stop;
    this.#real[r + 4] = order.price;
    this.#real[r + 5] = order.fee;
    if (order.reason !== "") this.#reasons.set(order.id, order.reason);
    if (order.tag !== "") this.#tags.set(order.id, order.tag);
  }

  /** All orders written, and those still working, in the order of their placing. */
  toOrders(working: readonly WorkingOrder[]): Order[] {
    const out: Order[] = [];
    for (let i = 0; i < this.#length; i++) {
      const [id, asset, placedBar, filledBar, parentId, packed] = this.#whole.subarray(wholes * i);
      const [units, filledUnits, limit, stop, price, fee] = this.#real.subarray(reals * i);
      out.push({
        id,
        symbol: this.#symbols[asset],
        side: packed & 256 ? "buy" : "sell",
        type: types[packed & 7],
        units,
        filledUnits,
        limit,
        stop,
        timeInForce: times[(packed >> 6) & 3],
        status: statuses[(packed >> 3) & 7],
        placedBar,
        placedTime: this.#time[placedBar],
        filledBar,
        filledTime: filledBar < 0 ? NaN : this.#time[filledBar],
        price,
        fee,
        reason: this.#reasons.get(id) ?? "",
        tag: this.#tags.get(id) ?? "",
        parentId,
      });
    }
    for (const order of working) out.push(order.toOrder());
    return out.sort((a, b) => a.id - b.id);
  }
}
