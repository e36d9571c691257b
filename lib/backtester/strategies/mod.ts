/**
 * Ready strategies: baselines to beat and examples to copy.
 * @module
 */
import { buyAndHold } from "./buy_and_hold.ts";
import { donchianBreakout } from "./donchian_breakout.ts";
import { rsiReversion } from "./rsi_reversion.ts";
import { smaCross } from "./sma_cross.ts";

export { crossedAbove, crossesAbove } from "./crossing.ts";

/** Strategies by name. */
export const strategies = { smaCross, buyAndHold, rsiReversion, donchianBreakout };
