import type { Account } from "./account.ts";
import type { Broker } from "./broker.ts";
import { metricsOf } from "./compute_metrics.ts";
import { summariseFalls } from "./metrics/fall_summary.ts";
import type { ResolvedOptions } from "./options.ts";
import { contractTerms } from "./contract_terms.ts";
import type { Fill, Order } from "./order.ts";
import { day, type Panel } from "./panel.ts";
import type { Recorder, Shares } from "./recorder.ts";
import { barsPerYearOf } from "./bars_per_year.ts";
import { loggedTradeMetrics } from "./trade_metrics.ts";
import type { Trade } from "./trade.ts";

/** Where money went, in account currency; positive numbers are costs, save the last two. */
export interface CostBreakdown {
  commission: number;
  /** Spread included. */
  slippage: number;
  exchange: number;
  borrow: number;
  /** Earned positive, paid negative. */
  interest: number;
  dividends: number;
}

export interface BacktestResultParts {
  strategy: string;
  params: Readonly<Record<string, unknown>>;
  symbols: readonly string[];
  time: Float64Array;
  initialCash: number;
  equity: Float64Array;
  returns: Float64Array;
  /** Functions make what few callers look at when they first do. */
  drawdown: () => Float64Array;
  position: () => Float64Array;
  gross: () => Float64Array;
  trades: () => Trade[];
  openTrades: Trade[];
  orders: () => Order[];
  fills: () => Fill[];
  metrics: Record<string, number>;
  costs: CostBreakdown;
  barsPerYear: number;
  stopped: { bar: number; reason: string } | null;
}

/**
 * What a run came to. Columns have one value per bar; bar t is what the account held after the close.
 *
 * A notebook shows it as its tearsheet.
 */
export class BacktestResult {
  declare readonly strategy: string;
  declare readonly params: Readonly<Record<string, unknown>>;
  declare readonly symbols: readonly string[];
  /** Milliseconds UTC. */
  declare readonly time: Float64Array;
  declare readonly initialCash: number;
  /** Cash plus positions at the close. */
  declare readonly equity: Float64Array;
  /** Simple returns of equity; the first one is against the starting cash. */
  declare readonly returns: Float64Array;
  /** Equity over its running maximum (starting cash included) less one: 0 or negative. */
  declare readonly drawdown: Float64Array;
  /** Net position value as a share of equity. */
  declare readonly position: Float64Array;
  /** Gross position value as a share of equity. */
  declare readonly gross: Float64Array;
  /** Closed trades in the order of their exits. */
  declare readonly trades: Trade[];
  /** Lots still open, marked at the last close. */
  declare readonly openTrades: Trade[];
  declare readonly metrics: Record<string, number>;
  declare readonly costs: CostBreakdown;
  declare readonly barsPerYear: number;
  /** Where trading ended early because equity was gone; null when it did not. */
  declare readonly stopped: { bar: number; reason: string } | null;

  /** All orders, in the order of their placing. */
  declare readonly orders: Order[];
  /** All executions, in order. */
  declare readonly fills: Fill[];

  constructor(parts: BacktestResultParts) {
    const { drawdown, position, gross, trades, orders, fills, ...rest } = parts;
    Object.assign(this, rest);
    lazily(this, "drawdown", drawdown);
    lazily(this, "position", position);
    lazily(this, "gross", gross);
    lazily(this, "trades", trades);
    lazily(this, "orders", orders);
    lazily(this, "fills", fills);
  }

  /** Shows the tearsheet in a Deno notebook. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const { renderTearsheet } = await import("./tearsheet/render_tearsheet.ts");
    const { fragment, markdown } = await renderTearsheet(this, {});
    return { "text/html": fragment, "text/markdown": markdown, "text/plain": this.summary() };
  }

  /** One line for a log. */
  summary(): string {
    const m = this.metrics;
    const percent = (x: number) => `${(x * 100).toFixed(2)} %`;
    const n = this.time.length;
    return `${this.strategy} ${day(this.time[0])} to ${day(this.time[n - 1])}: return ${
      percent(m.total_return)
    }, Sharpe ${m.sharpe.toFixed(2)}, max drawdown ${percent(m.max_drawdown)}, ${m.trades} trades`;
  }
}

/** An own property that is computed when it is first read, and kept. */
function lazily<T>(target: object, name: string, compute: () => T): void {
  Object.defineProperty(target, name, {
    enumerable: true,
    configurable: true,
    get() {
      const value = compute();
      Object.defineProperty(target, name, { enumerable: true, value });
      return value;
    },
  });
}

/** Simple returns of an equity curve, the first against `start`. */
export function returnsOf(equity: Float64Array, start: number): Float64Array {
  const out = new Float64Array(equity.length);
  let before = start;
  for (let t = 0; t < equity.length; t++) {
    out[t] = before === 0 ? 0 : equity[t] / before - 1;
    before = equity[t];
  }
  return out;
}

/** Equity over its running maximum less one; the maximum starts at `start`. */
export function drawdownOf(equity: Float64Array, start: number): Float64Array {
  const out = new Float64Array(equity.length);
  let peak = start;
  for (let t = 0; t < equity.length; t++) {
    if (equity[t] > peak) peak = equity[t];
    out[t] = equity[t] / peak - 1;
  }
  return out;
}

export interface RunRecord {
  strategy: string;
  params?: Readonly<Record<string, unknown>>;
  panel: Panel;
  options: ResolvedOptions;
  recorder: Recorder;
  account: Account;
  orders: () => Order[];
  fills: () => Fill[];
  costs: CostBreakdown;
  stopped: { bar: number; reason: string } | null;
  /** Bars that were run; fewer than the panel's when the run failed. */
  length: number;
}

/** The result of a run, or of the part of it that was run. */
export function buildResult(run: RunRecord): BacktestResult {
  const { panel, options, recorder, account, length } = run;
  const whole = length === panel.length;
  const cut = (c: Float64Array) => whole ? c : c.slice(0, length);
  const equity = cut(recorder.equity);
  const returns = returnsOf(equity, options.cash);
  const time = cut(panel.time);
  const barsPerYear = options.source.barsPerYear ?? barsPerYearOf(time);
  let made: Shares | null = null;
  const shares = () => made ??= recorder.shares(length, marksOf(panel, options));
  const last = Math.max(0, length - 1);
  const lastClose = (a: number) => {
    const { close } = panel.assets[a];
    for (let t = last; t >= 0; t--) if (close[t] === close[t]) return close[t];
    return NaN;
  };
  const metrics = {
    ...metricsOf(returns, summariseFalls(equity, options.cash), {
      barsPerYear,
      riskFree: options.source.riskFree,
      selection: options.source.selection,
    }),
    ...loggedTradeMetrics(account.closed),
    turnover: length === 0 ? 0 : recorder.turnover / 2 / length * barsPerYear,
    exposure: length === 0 ? 0 : recorder.barsHeld / length,
  };
  return new BacktestResult({
    strategy: run.strategy,
    params: run.params ?? {},
    symbols: panel.symbols,
    time,
    initialCash: options.cash,
    equity,
    returns,
    drawdown: () => drawdownOf(equity, options.cash),
    position: () => shares().net,
    gross: () => shares().gross,
    trades: () => account.closed.toTrades(),
    openTrades: account.openTrades(last, panel.time[last], lastClose),
    orders: run.orders,
    fills: run.fills,
    metrics,
    costs: run.costs,
    barsPerYear,
    stopped: run.stopped,
  });
}

/** What one unit of the only symbol is worth at a bar's close, in account currency. */
function marksOf(panel: Panel, options: ResolvedOptions): (t: number) => number {
  const { multiplier, fx } = contractTerms(panel, options.source);
  const { close } = panel.assets[0];
  const rates = fx[0];
  return (t) => rates === null ? close[t] * multiplier[0] : close[t] * multiplier[0] * rates[t];
}

/** The broker's books as a breakdown. */
export function costsOf(broker: Broker): CostBreakdown {
  return {
    commission: broker.account.totalFees - broker.execution.fxCost,
    slippage: broker.execution.slippageCost,
    exchange: broker.execution.fxCost,
    borrow: broker.holding.borrowCost,
    interest: broker.holding.interest,
    dividends: broker.holding.dividends,
  };
}
