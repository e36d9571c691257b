import type { Strategy } from "../strategy.ts";

/**
 * Puts the whole equity into the symbol (equal shares of it into many) at the first bar that trades,
 * and holds. `fromBar` starts later, to be compared with a strategy that has a warm-up.
 */
export function buyAndHold({ fromBar = 0 }: { fromBar?: number } = {}): Strategy {
  const bought = new Set<string>();
  return {
    name: "buyAndHold",
    params: { fromBar },
    init() {
      bought.clear();
    },
    next(context) {
      if (context.bar < fromBar || bought.size === context.symbols.length) return;
      const share = 1 / context.symbols.length;
      for (const symbol of context.symbols) {
        if (bought.has(symbol) || !context.isTraded(symbol)) continue;
        bought.add(symbol);
        context.buy({ symbol, size: { percent: share } });
      }
    },
  };
}
