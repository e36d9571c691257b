import type { OrderRequest } from "./order.ts";
import { setTrail } from "./place_order.ts";
import type { WorkingOrder } from "./working_order.ts";

/**
 * Protective stop and target of an entry that filled at `price`: one cancels the other. A later
 * partial fill of the entry enlarges them.
 */
export function placeBracket(
  parent: WorkingOrder,
  price: number,
  place: (request: OrderRequest) => WorkingOrder,
): void {
  const common: OrderRequest = {
    symbol: parent.symbol,
    size: { units: parent.filledUnits },
    reduceOnly: true,
    oco: `bracket ${parent.id}`,
    tag: parent.tag,
  };
  if (parent.stopLoss !== undefined) {
    if (parent.stopChild?.isWorking) parent.stopChild.units = parent.filledUnits;
    else if (typeof parent.stopLoss === "number") {
      parent.stopChild = place({ ...common, stop: parent.stopLoss });
    } else {
      parent.stopChild = place({ ...common, trail: parent.stopLoss });
      setTrail(parent.stopChild, parent.stopLoss, price, "place bracket");
    }
  }
  if (parent.takeProfit === parent.takeProfit) {
    if (parent.targetChild?.isWorking) parent.targetChild.units = parent.filledUnits;
    else parent.targetChild = place({ ...common, limit: parent.takeProfit });
  }
}
