import type { Order, OrderStatus, OrderType, TimeInForce } from "./order.ts";
import { RowLog } from "./row_log.ts";
import type { WorkingOrder } from "./working_order.ts";

const types: readonly OrderType[] = ["market", "limit", "stop", "stopLimit", "trailingStop"];
const statuses: readonly OrderStatus[] = [
  "filled",
  "pending",
  "partial",
  "cancelled",
  "rejected",
  "expired",
];
const times: readonly TimeInForce[] = ["gtc", "day", "ioc", "fok"];

/** Place of a name in its list; the first, by far the most usual, without a search. */
function codeOf<Name extends string>(names: readonly Name[], name: Name): number {
  return name === names[0] ? 0 : names.indexOf(name);
}

/**
 * Orders that are done, as columns: a long run places many, and as objects they would keep the garbage
 * collector busier than the run itself.
 */
export class OrderLog {
  /** Id, asset, placed bar, filled bar, parent, packed enums; units, filled units, limit, stop, price, fee. */
  readonly #rows = new RowLog(6, 6);
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
    this.#rows.append();
    const { whole, real, w, r } = this.#rows;
    whole[w] = order.id;
    whole[w + 1] = order.asset;
    whole[w + 2] = order.placedBar;
    whole[w + 3] = order.filledBar;
    whole[w + 4] = order.parentId;
    whole[w + 5] = codeOf(types, order.type) + 8 * codeOf(statuses, order.status) +
      64 * codeOf(times, order.timeInForce) + (order.isBuy ? 256 : 0);
    real[r] = order.units;
    real[r + 1] = order.filledUnits;
    real[r + 2] = order.limit;
    real[r + 3] = order.stop;
    real[r + 4] = order.price;
    real[r + 5] = order.fee;
    if (order.reason !== "") this.#reasons.set(order.id, order.reason);
    if (order.tag !== "") this.#tags.set(order.id, order.tag);
  }

  #at(i: number): Order {
    this.#rows.seek(i);
    const { whole, real, w, r } = this.#rows;
    const id = whole[w];
    const placedBar = whole[w + 2];
    const filledBar = whole[w + 3];
    const packed = whole[w + 5];
    return {
      id,
      symbol: this.#symbols[whole[w + 1]],
      side: packed & 256 ? "buy" : "sell",
      type: types[packed & 7],
      units: real[r],
      filledUnits: real[r + 1],
      limit: real[r + 2],
      stop: real[r + 3],
      timeInForce: times[(packed >> 6) & 3],
      status: statuses[(packed >> 3) & 7],
      placedBar,
      placedTime: this.#time[placedBar],
      filledBar,
      filledTime: filledBar < 0 ? NaN : this.#time[filledBar],
      price: real[r + 4],
      fee: real[r + 5],
      reason: this.#reasons.get(id) ?? "",
      tag: this.#tags.get(id) ?? "",
      parentId: whole[w + 4],
    };
  }

  /** All orders written, and those still working, in the order of their placing. */
  toOrders(working: readonly WorkingOrder[]): Order[] {
    const out = Array.from({ length: this.#rows.length }, (_, i) => this.#at(i));
    for (const order of working) out.push(order.toOrder());
    return out.sort((a, b) => a.id - b.id);
  }
}
