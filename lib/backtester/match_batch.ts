/**
 * Orders that meet the market at one moment. What an execution works out passes from step to step in a
 * match's fields, and matches are used again: a simulation of millions of bars makes no objects.
 * @module
 */
import type { FillTerms } from "./account.ts";
import type { WorkingOrder } from "./working_order.ts";

/** An order that meets the market at `rawPrice`. `delta` is signed: bought positive. */
export interface Match extends FillTerms {
  order: WorkingOrder;
  rawPrice: number;
  /** How many of the units wanted only reduce the position. */
  reduces: number;
  /** Units, absolute, whose price is asked for. */
  units: number;
  /** Units, absolute, of those that open which can be paid for. */
  affordable: number;
  /** Place among those that meet the market at the same moment: 0 first, 3 last. */
  rank: number;
}

/** A list of matches that keeps its objects when it is emptied. */
export class MatchBatch {
  length = 0;
  readonly #matches: Match[] = [];

  at(i: number): Match {
    return this.#matches[i];
  }

  add(order: WorkingOrder, rawPrice: number): Match {
    if (this.length === this.#matches.length) this.#matches.push(newMatch(order));
    const match = this.#matches[this.length++];
    match.order = order;
    match.rawPrice = rawPrice;
    return match;
  }

  clear(): void {
    this.length = 0;
  }
}

/** Numbers begin as NaN, so that the engine keeps them unboxed. */
function newMatch(order: WorkingOrder): Match {
  return {
    order,
    rawPrice: NaN,
    delta: NaN,
    reduces: NaN,
    units: NaN,
    price: NaN,
    unitValue: NaN,
    fee: NaN,
    room: NaN,
    affordable: NaN,
    rank: 0,
  };
}
