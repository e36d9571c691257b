import type { Bars } from "../bars.ts";
import { closeMinuteOn, sessionOn, type TradingSession, wallTimeMs } from "../sessions.ts";
import { formatTime } from "../validate_bars.ts";
import type { QualityIssue } from "./quality_report.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Median distance between consecutive times in ms; NaN for fewer than two bars. */
export function medianSpacing(bars: { time: Float64Array; length: number }): number {
  const spacing = new Float64Array(Math.max(0, bars.length - 1));
  for (let i = 0; i < spacing.length; i++) spacing[i] = bars.time[i + 1] - bars.time[i];
  spacing.sort();
  return spacing.length === 0 ? NaN : spacing[spacing.length >>> 1];
}

/** Weekdays strictly between two times: trading days that may be missing. */
function weekdaysBetween(from: number, to: number): number {
  let count = 0;
  for (let day = Math.floor(from / dayMs) + 1; day * dayMs < to - dayMs / 2; day++) {
    const weekday = (day + 4) % 7; // 1970-01-01 was a Thursday
    if (weekday !== 0 && weekday !== 6) count++;
  }
  return count;
}

/**
 * Missing bars. Daily bars: `missingDays` or more weekdays between two of them (as many as the longest
 * closures of exchanges is usual). Shorter bars: a pause longer than 1.5 bars that is no regular
 * closure; regular is a pause that starts at an hour at which trading pauses on a fifth of all days,
 * up to four days long. The row reported is the first after the gap.
 *
 * With the exchange's `session` both are known and not guessed: a daily bar missing on a day of trading
 * is a gap, holidays are none; shorter bars have one where more than 1.5 bars of trading are missing.
 */
export function findGaps(
  bars: Bars,
  missingDays: number,
  session?: TradingSession,
): QualityIssue[] {
  const { time, length } = bars;
  const spacing = medianSpacing(bars);
  if (!(spacing > 0)) return [];
  const rows: number[] = [];
  if (session && spacing <= 4 * dayMs) {
    for (let i = 1; i < length; i++) {
      if (time[i] - time[i - 1] <= 1.5 * spacing) continue;
      const missed = spacing >= 20 * hourMs
        ? sessionDaysBetween(time[i - 1], time[i], session) > 0
        : sessionTimeBetween(time[i - 1], time[i], session) > 1.5 * spacing;
      if (missed) rows.push(i);
    }
    return gapIssue(bars, rows);
  }
  if (spacing >= 20 * hourMs) {
    // Weekly and longer bars: more than two and a half of them apart.
    const isDaily = spacing <= 4 * dayMs;
    for (let i = 1; i < length; i++) {
      const gap = time[i] - time[i - 1];
      if (gap <= spacing * 1.5) continue;
      if (isDaily ? weekdaysBetween(time[i - 1], time[i]) >= missingDays : gap > 2.5 * spacing) {
        rows.push(i);
      }
    }
  } else {
    const pausesByHour = new Float64Array(24);
    const hourOf = (t: number) => Math.floor(t / hourMs) % 24;
    let days = 0;
    let lastDay = NaN;
    for (let i = 0; i < length; i++) {
      const day = Math.floor(time[i] / dayMs);
      if (day !== lastDay) days++;
      lastDay = day;
      if (i > 0 && time[i] - time[i - 1] > 1.5 * spacing) pausesByHour[hourOf(time[i - 1])]++;
    }
    for (let i = 1; i < length; i++) {
      const gap = time[i] - time[i - 1];
      if (!(gap > 1.5 * spacing)) continue;
      const hour = hourOf(time[i - 1]);
      // An hour to either side, as daylight saving moves the closing hour in UTC.
      const regular = pausesByHour[hour] + pausesByHour[(hour + 1) % 24] +
          pausesByHour[(hour + 23) % 24] >= Math.max(3, days / 5);
      if (!(regular && gap >= 2 * hourMs && gap <= 4.5 * dayMs)) rows.push(i);
    }
  }
  return gapIssue(bars, rows);
}

/**
 * Trading days strictly between the dates of two daily bars. A stamp within the hours after an open, or
 * at 00:00 UTC, stands for its date on the exchange's clock, or for the date itself.
 */
function sessionDaysBetween(from: number, to: number, session: TradingSession): number {
  const dateOf = (time: number) =>
    Math.floor((time % dayMs === 0 ? time : wallTimeMs(time - 1, session.timeZone)) / dayMs);
  let count = 0;
  for (let day = dateOf(from) + 1; day < dateOf(to); day++) {
    if (closeMinuteOn(day * dayMs, session) !== null) count++;
  }
  return count;
}

/** Milliseconds of trading between two instants. */
function sessionTimeBetween(from: number, to: number, session: TradingSession): number {
  let sum = 0;
  const first = Math.floor(wallTimeMs(from, session.timeZone) / dayMs);
  const last = Math.floor(wallTimeMs(to, session.timeZone) / dayMs);
  for (let day = first; day <= last; day++) {
    const hours = sessionOn(day * dayMs, session);
    if (hours) sum += Math.max(0, Math.min(to, hours.close) - Math.max(from, hours.open));
  }
  return sum;
}

function gapIssue(bars: Bars, rows: number[]): QualityIssue[] {
  const { time, length } = bars;
  if (rows.length === 0) return [];
  const longest = rows.reduce((a, b) => time[b] - time[b - 1] > time[a] - time[a - 1] ? b : a);
  return [{
    kind: "gap",
    severity: "warning",
    count: rows.length,
    share: rows.length / length,
    message: `${rows.length} gap${rows.length === 1 ? "" : "s"} in time, the longest from ${
      formatTime(time[longest - 1])
    } to ${formatTime(time[longest])}`,
    rows,
  }];
}
