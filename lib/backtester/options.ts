import { type Commission, createCommission, type Fees } from "./costs/commission.ts";
import { createSlippage, type Slippage, type SlippageOption } from "./costs/slippage.ts";
import { type ResolvedSizing, resolveSizing, type Sizing } from "./sizing/sizing.ts";
import type { PanelOptions } from "./panel.ts";

/**
 * When a market order fills. `nextOpen` (default): the open of the bar after the signal's.
 * `nextClose`: that bar's close. `sameClose`: the close that produced the signal; it can only be had
 * by knowing the close before it is printed, so results with it look better than they are.
 */
export type FillMode = "nextOpen" | "nextClose" | "sameClose";

/** What makes one symbol special. */
export interface AssetOptions {
  /** Account-currency units per point: contract multiplier, 1 by default. */
  multiplier?: number;
  /** Units are rounded down to multiples of it; 0 allows any fraction. Defaults to the run's. */
  lotSize?: number;
  /** Fill prices are rounded against the trader to multiples of it; 0 leaves them. */
  tickSize?: number;
  /** Quote currency; defaults to the account's. */
  currency?: string;
}

/** A split or a cash dividend, effective before the open of the first bar at or after `time`. */
export type CorporateAction =
  | { kind: "split"; symbol?: string; time: number; ratio: number }
  | { kind: "dividend"; symbol?: string; time: number; amount: number };

/** An exchange rate series: account-currency units for one unit of the foreign one. */
export interface RateSeries {
  readonly time: Float64Array;
  readonly rate: Float64Array;
}

export interface BacktestOptions extends PanelOptions {
  /** Starting capital; 10,000 by default. */
  cash?: number;
  /** Commission on both legs; none by default. A number is a fraction of the traded value. */
  fees?: Fees;
  /** Adverse shift of market and stop fills; none by default. A number is a fraction of the price. */
  slippage?: SlippageOption;
  /** Full bid-ask spread as a fraction of the price; half of it is paid on each leg. */
  spread?: number;
  fill?: FillMode;
  /** Size of an order that names none; 1 (the whole equity) by default. */
  size?: Sizing;
  /** Gross exposure allowed per unit of equity when a position is opened; 1 by default. */
  leverage?: number;
  /** Positions are liquidated at the close when equity falls below this share of gross exposure. */
  maintenanceMargin?: number;
  /** Whether short positions may be opened; true by default. */
  allowShort?: boolean;
  lotSize?: number;
  tickSize?: number;
  multiplier?: number;
  assets?: Readonly<Record<string, AssetOptions>>;
  /** Currency of cash and equity; USD by default. */
  currency?: string;
  /** Exchange rates by currency; the last rate at or before a bar is used. */
  fx?: Readonly<Record<string, RateSeries>>;
  /** Cost of exchanging money on a foreign fill, as a fraction of its value. */
  fxCost?: number;
  /** Largest share of a bar's volume that one order may fill; the rest is carried over. */
  volumeLimit?: number;
  onVolumeLimit?: "carry" | "cancel";
  /** What happens to an order in units that costs more than there is; `reject` by default. */
  onShortfall?: "reject" | "reduce";
  /** Annual rates; accrued per calendar day (365) between bars. */
  borrowRate?: number;
  marginRate?: number;
  cashRate?: number;
  actions?: readonly CorporateAction[];
  /** A symbol whose bars end before the run: sold at its last close (default), or held at it. */
  delisting?: "liquidate" | "hold";
  /** Target orders closer than this to the present weight are left alone. */
  rebalanceBand?: number;
  /** Closes what is open at the last close, so that it counts among the trades. */
  finalizeTrades?: boolean;
  /** For annualising; found from the times by default (252 for daily bars without weekends). */
  barsPerYear?: number;
  /** Risk-free rate per bar. */
  riskFree?: number;
  /** How many configurations were tried to find this one, and how their Sharpe ratios varied. */
  selection?: { trials: number; sharpeVariance: number };
  /** Checks each indicator on prefixes of the bars for look-ahead; true by default. */
  checkCausality?: boolean;
}

/** Options with every default filled in and every number checked. */
export interface ResolvedOptions {
  readonly cash: number;
  readonly commission: Commission;
  readonly slippage: Slippage;
  readonly halfSpread: number;
  /** Sum of spread and slippage when both are the same for every fill, else NaN. */
  readonly constantShift: number;
  readonly fill: FillMode;
  readonly size: ResolvedSizing;
  readonly leverage: number;
  readonly maintenanceMargin: number;
  readonly allowShort: boolean;
  readonly volumeLimit: number;
  readonly carryVolume: boolean;
  readonly reduceShortfall: boolean;
  readonly rebalanceBand: number;
  readonly source: BacktestOptions;
}

const fills: readonly FillMode[] = ["nextOpen", "nextClose", "sameClose"];

/** Checks the options. @throws {RangeError} Naming the option, its value and what is allowed. */
export function resolveOptions(options: BacktestOptions = {}): ResolvedOptions {
  const within = (
    name: keyof BacktestOptions,
    fallback: number,
    low: number,
    high: number,
    isOpenLow = false,
  ) => {
    const value = (options[name] as number | undefined) ?? fallback;
    if (!(typeof value === "number" && value <= high && (isOpenLow ? value > low : value >= low))) {
      const range = `${isOpenLow ? "(" : "["}${low}, ${high}]`;
      throw new RangeError(
        `Cannot run backtest: ${name} must be a number in ${range}, got ${value}`,
      );
    }
    return value;
  };
  const fill = options.fill ?? "nextOpen";
  if (!fills.includes(fill)) {
    throw new RangeError(
      `Cannot run backtest: fill must be one of ${fills.join(", ")}, got ${fill}`,
    );
  }
  const halfSpread = within("spread", 0, 0, 1) / 2;
  const slippage = createSlippage(options.slippage);
  const volumeShare = typeof options.slippage === "object" && "volumeShare" in options.slippage
    ? options.slippage.volumeShare
    : 1e300;
  for (const rate of ["borrowRate", "marginRate", "cashRate"] as const) within(rate, 0, -1, 10);
  for (const size of ["lotSize", "tickSize"] as const) within(size, 0, 0, 1e300);
  within("multiplier", 1, 0, 1e300, true);
  within("fxCost", 0, 0, 0.5);
  if (options.barsPerYear !== undefined) within("barsPerYear", 252, 0, 1e9, true);
  return {
    cash: within("cash", 10_000, 0, 1e300, true),
    commission: createCommission(options.fees),
    slippage,
    halfSpread,
    constantShift: slippage.constant + halfSpread,
    fill,
    size: resolveSizing(options.size ?? 1, "run backtest"),
    leverage: within("leverage", 1, 0, 1000, true),
    maintenanceMargin: within("maintenanceMargin", 0, 0, 1),
    allowShort: options.allowShort ?? true,
    volumeLimit: Math.min(within("volumeLimit", 1e300, 0, 1e300, true), volumeShare),
    carryVolume: options.onVolumeLimit !== "cancel",
    reduceShortfall: options.onShortfall === "reduce",
    rebalanceBand: within("rebalanceBand", 0, 0, 1),
    source: options,
  };
}
