/**
 * Orders that rest while a bar is on its way: what stops, limits and trailing stops do after the open.
 * @module
 */
import { matchLimit, matchStop } from "./fill_rules.ts";
import type { AssetColumns } from "./panel.ts";
import type { WorkingOrder } from "./working_order.ts";

/** Price at which a stop fills within bar `t`, or NaN. */
export function stopWithin(order: WorkingOrder, asset: AssetColumns, t: number): number {
  const before = order.isTriggered;
  const raw = matchStop(order, asset.high[t], asset.low[t]);
  if (order.isTriggered && !before) order.triggeredBar = t;
  // A child placed by a fill at the open whose stop the open had jumped over.
  if (order.intrabarFrom !== t || raw !== raw) return raw;
  const open = asset.open[t];
  return order.isBuy ? Math.max(raw, open) : Math.min(raw, open);
}

/** Price at which a limit fills within bar `t`, or NaN. */
export function limitWithin(order: WorkingOrder, asset: AssetColumns, t: number): number {
  if (order.triggeredBar === t) return NaN;
  const raw = matchLimit(order, asset.high[t], asset.low[t]);
  if (order.intrabarFrom !== t || raw !== raw) return raw;
  const open = asset.open[t];
  return order.isBuy ? Math.min(raw, open) : Math.max(raw, open);
}

/** Moves a trailing stop that was working during bar `t` after the bar's extreme. */
export function trail(order: WorkingOrder, { high, low }: AssetColumns, t: number): void {
  if (order.placedBar >= t && order.intrabarFrom !== t) return;
  const best = order.isBuy ? low[t] : high[t];
  if (order.isBuy ? best < order.extreme : best > order.extreme) {
    order.extreme = best;
    order.ratchet();
  }
}
