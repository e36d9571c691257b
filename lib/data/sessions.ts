/**
 * Time zones and trading sessions: when a wall clock somewhere shows a time, daylight saving included.
 * @module
 */
import { nyseException } from "./nyse_calendar.ts";

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** Offset of a time zone from UTC in ms at an instant (ms UTC): positive east of Greenwich. */
export function zoneOffsetMs(time: number, timeZone: string): number {
  // Offsets change on quarter hours; one lookup serves all instants in between.
  const quarter = Math.floor(time / 900_000);
  const key = `${timeZone} ${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  let format = formats.get(timeZone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone,
        hourCycle: "h23",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      });
    } catch {
      throw new RangeError(
        `Cannot use time zone: it must be an IANA name such as America/New_York, got ${timeZone}`,
      );
    }
    formats.set(timeZone, format);
  }
  const at = quarter * 900_000;
  const part = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, Number(p.value)]));
  const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  if (offsets.size > 100_000) offsets.clear();
  offsets.set(key, wall - at);
  return wall - at;
}

/**
 * The instant (ms UTC) at which a wall clock in the zone shows `wall` (ms as if it were UTC).
 *
 * An hour that daylight saving skips is read with the offset before the change; of an hour that comes
 * twice, the first is taken.
 */
export function zonedTimeMs(wall: number, timeZone: string): number {
  const before = wall - zoneOffsetMs(wall - 86_400_000, timeZone);
  const after = wall - zoneOffsetMs(wall + 86_400_000, timeZone);
  for (const instant of before <= after ? [before, after] : [after, before]) {
    if (instant + zoneOffsetMs(instant, timeZone) === wall) return instant;
  }
  return before;
}

/** What the wall clock shows at an instant, as ms as if it were UTC. */
export function wallTimeMs(time: number, timeZone: string): number {
  return time + zoneOffsetMs(time, timeZone);
}

/** Regular trading hours of a venue; minutes from midnight on its own clock. */
export interface TradingSession {
  timeZone: string;
  openMinute: number;
  closeMinute: number;
  /** Days of the week with trading, Monday 0. */
  weekdays: readonly number[];
  /** What is special about a date (ms at 00:00 as if UTC); left out where holidays are not known. */
  exception?(date: number): SessionException | null;
}

/** A weekday without trading, or with less of it. */
export interface SessionException {
  /** The holiday or event. */
  name: string;
  /** When trading ends, minutes from midnight; null: there is none. */
  closeMinute: number | null;
}

const weekdays = [0, 1, 2, 3, 4];

const newYork = {
  timeZone: "America/New_York",
  openMinute: 570,
  closeMinute: 960,
  weekdays,
  exception: nyseException,
} satisfies TradingSession;

/** Sessions by the market identifier code of the exchange; holidays and early closes of New York only. */
export const tradingSessions = {
  XNYS: newYork,
  /** Nasdaq keeps the days and hours of the NYSE. */
  XNAS: newYork,
  XLON: { timeZone: "Europe/London", openMinute: 480, closeMinute: 990, weekdays },
  XETR: { timeZone: "Europe/Berlin", openMinute: 540, closeMinute: 1050, weekdays },
  XTKS: { timeZone: "Asia/Tokyo", openMinute: 540, closeMinute: 930, weekdays },
  XHKG: { timeZone: "Asia/Hong_Kong", openMinute: 570, closeMinute: 960, weekdays },
  /** Every minute of every day. */
  "24/7": { timeZone: "UTC", openMinute: 0, closeMinute: 1440, weekdays: [0, 1, 2, 3, 4, 5, 6] },
} as const satisfies Record<string, TradingSession>;

/** Minute at which trading ends on a date (ms at 00:00 as if UTC), or null without trading. */
export function closeMinuteOn(date: number, session: TradingSession): number | null {
  const weekday = ((Math.floor(date / 86_400_000) + 3) % 7 + 7) % 7;
  if (!session.weekdays.includes(weekday)) return null;
  const exception = session.exception?.(date);
  return exception ? exception.closeMinute : session.closeMinute;
}

/** The open and close (ms UTC) of the session on a date (ms at 00:00 as if UTC), or null without one. */
export function sessionOn(
  date: number,
  session: TradingSession,
): { open: number; close: number } | null {
  const closeMinute = closeMinuteOn(date, session);
  if (closeMinute === null) return null;
  return {
    open: zonedTimeMs(date + session.openMinute * 60_000, session.timeZone),
    close: zonedTimeMs(date + closeMinute * 60_000, session.timeZone),
  };
}
