/** Part of a position from its entry fill to its exit fill, matched first in, first out. */
export interface Trade {
  symbol: string;
  side: "long" | "short";
  /** Signed: long positive. */
  units: number;
  entryBar: number;
  entryTime: number;
  entryPrice: number;
  /** For an open trade: the last bar of the run and its close. */
  exitBar: number;
  exitTime: number;
  exitPrice: number;
  /** Account currency, both legs' fees subtracted; without dividends and financing. */
  pnl: number;
  /** `pnl` over the entry value. */
  tradeReturn: number;
  /** Both legs. */
  fees: number;
  bars: number;
  isOpen: boolean;
  entryOrderId: number;
  exitOrderId: number;
  tag: string;
}
