import { type Bars, makeBars } from "../bars.ts";
import { DoubleColumn } from "../double_column.ts";
import { closeMinuteOn, type TradingSession, wallTimeMs, zonedTimeMs } from "../sessions.ts";
import type { Trade } from "../sources/source.ts";
import { timeframeMs } from "../sources/timeframes.ts";

/** How time is cut into bars. */
export interface ResampleOptions {
  /** Timeframe of the bars made: `5m`, `1h`, `1d`, `1w`. */
  to: string;
  /** Zone whose midnight (or Monday) days and weeks begin at. Default UTC. */
  timeZone?: string;
  /**
   * Trading hours: hourly and shorter bars begin at the open, days end at the close, bars outside of
   * the hours are left out. Its zone is taken.
   */
  session?: TradingSession;
}

const dayMs = 86_400_000;

/**
 * Longer bars from shorter ones: the first open, the highest high, the lowest low, the last close, the
 * sum of volumes. A bar belongs to the interval in which it closes, its end included; stamps are the
 * ends of intervals (days: with a session its close, else 00:00 UTC of the date). Intervals without
 * bars give none. The last interval may be unfinished.
 *
 * Volumes that are NaN are left out of the sum; all NaN gives NaN.
 */
export function resampleBars(bars: Bars, options: ResampleOptions): Bars {
  const out = new BarCollector();
  const cut = intervals(options);
  for (let i = 0; i < bars.length; i++) {
    // A bar of a whole day stamped 00:00 stands for that day, not for the instant.
    const end = cut(bars.time[i], bars.timeframe === "1d" || bars.timeframe === "1w");
    if (end === null) continue;
    out.add(end, bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]);
  }
  return out.bars(bars.symbol, options.to);
}

/** Bars from trades in order of time; a trade at an interval's very end belongs to it. */
export function barsFromTrades(trades: Iterable<Trade>, options: ResampleOptions): Bars {
  const out = new BarCollector();
  const cut = intervals(options);
  let symbol: string | undefined;
  for (const trade of trades) {
    symbol ??= trade.symbol;
    const end = cut(trade.time, false);
    if (end === null) continue;
    const { price, size } = trade;
    out.add(end, price, price, price, price, size);
  }
  return out.bars(symbol, options.to);
}

/** A function from a time to the end of its interval (ms UTC), or null outside of the session. */
export function intervals(
  { to, timeZone = "UTC", session }: ResampleOptions,
): (time: number, isDay: boolean) => number | null {
  const length = timeframeMs(to);
  const zone = session?.timeZone ?? timeZone;
  const weeks = length >= 7 * dayMs ? length / (7 * dayMs) : 0;
  if (length > dayMs && length % dayMs !== 0) {
    throw new RangeError(`Cannot resample: bars over a day must be whole days, got ${to}`);
  }
  return (time, isDay) => {
    if (isDay) {
      if (weeks > 0) {
        // Monday 1970-01-05 began the first whole week; stamped with the week's last weekday.
        const week = Math.floor((time / dayMs - 4) / 7);
        const last = Math.floor(week / weeks) * weeks + weeks - 1;
        return (last * 7 + 4 + 4) * dayMs;
      }
      return length <= dayMs ? time : Math.floor(time / length) * length;
    }
    const wall = wallTimeMs(time, zone);
    if (!session && length < dayMs) return Math.ceil(time / length) * length;
    // The date on which the bar closes; a close at midnight ends the day before.
    const date = Math.floor((wall - 1) / dayMs) * dayMs;
    let closes = date;
    if (session) {
      const minute = (wall - date) / 60_000;
      const closeMinute = closeMinuteOn(date, session);
      if (closeMinute === null || minute <= session.openMinute || minute > closeMinute) return null;
      if (length < dayMs) {
        const step = length / 60_000;
        const count = Math.ceil((minute - session.openMinute) / step);
        const end = Math.min(session.openMinute + count * step, closeMinute);
        return zonedTimeMs(date + end * 60_000, zone);
      }
      if (length === dayMs) return zonedTimeMs(date + closeMinute * 60_000, zone);
    }
    if (weeks > 0) {
      const week = Math.floor((date / dayMs - 4) / 7);
      const last = Math.floor(week / weeks) * weeks + weeks - 1;
      closes = (last * 7 + 4 + 4) * dayMs;
      return session ? zonedTimeMs(closes + session.closeMinute * 60_000, zone) : closes;
    }
    return length === dayMs ? date : Math.floor(date / length) * length;
  };
}

/** Gathers pieces of bars whose ends ascend. */
class BarCollector {
  #columns = ["time", "open", "high", "low", "close", "volume"].map(() => new DoubleColumn());
  #end = NaN;
  #open = 0;
  #high = 0;
  #low = 0;
  #close = 0;
  #volume = NaN;

  add(end: number, open: number, high: number, low: number, close: number, volume: number): void {
    if (end < this.#end) {
      throw new RangeError(
        `Cannot resample: times must ascend, got an interval that ends at ${end} after ${this.#end}`,
      );
    }
    if (end !== this.#end) {
      this.#flush();
      this.#end = end;
      this.#open = open;
      this.#high = high;
      this.#low = low;
      this.#volume = NaN;
    }
    if (high > this.#high) this.#high = high;
    if (low < this.#low) this.#low = low;
    this.#close = close;
    if (volume === volume) {
      this.#volume = this.#volume === this.#volume ? this.#volume + volume : volume;
    }
  }

  #flush(): void {
    if (this.#end !== this.#end) return;
    [this.#end, this.#open, this.#high, this.#low, this.#close, this.#volume]
      .forEach((value, k) => this.#columns[k].push(value));
  }

  bars(symbol: string | undefined, timeframe: string): Bars {
    this.#flush();
    const [time, open, high, low, close, volume] = this.#columns.map((c) => c.take());
    return makeBars({ time, open, high, low, close, volume, symbol, timeframe });
  }
}
