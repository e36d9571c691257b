/**
 * The days on which the New York Stock Exchange is closed or closes early, by its rules.
 *
 * Good from 1993 on (rule 7.2 of the exchange and its predecessors). Closings that no rule foretells
 * (mourning, storms, September 2001) are listed; the next such one is not known here.
 * @see https://www.nyse.com/markets/hours-calendars
 */
import type { SessionException } from "./sessions.ts";

const dayMs = 86_400_000;
const [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = [0, 1, 2, 3, 4, 5, 6];

/** Closings outside of the rules. */
const extraClosings = new Map([
  ["1994-04-27", "funeral of President Nixon"],
  ["2001-09-11", "attacks of September 11"],
  ["2001-09-12", "attacks of September 11"],
  ["2001-09-13", "attacks of September 11"],
  ["2001-09-14", "attacks of September 11"],
  ["2004-06-11", "funeral of President Reagan"],
  ["2007-01-02", "mourning for President Ford"],
  ["2012-10-29", "hurricane Sandy"],
  ["2012-10-30", "hurricane Sandy"],
  ["2018-12-05", "mourning for President George H. W. Bush"],
  ["2025-01-09", "mourning for President Carter"],
]);

/** Early closings outside of the rules. */
const extraEarlyCloses = new Map([
  ["1997-12-26", "day after Christmas"],
  ["1999-12-31", "New Year's Eve"],
  ["2003-12-26", "day after Christmas"],
]);

/** One o'clock in the afternoon. */
const earlyMinute = 780;

const years = new Map<number, Map<number, SessionException>>();

/**
 * What is special about a date (ms at 00:00 as if UTC): closed, or closed early; null for a day like
 * any other. Weekends are no exception, they are no days of trading to begin with.
 *
 * @throws {RangeError} For dates before 1993.
 */
export function nyseException(date: number): SessionException | null {
  const year = new Date(date).getUTCFullYear();
  if (!(year >= 1993)) {
    throw new RangeError(
      `Cannot tell the holidays of the NYSE: year must be 1993 or later, got ${year}`,
    );
  }
  let exceptions = years.get(year);
  if (!exceptions) years.set(year, exceptions = exceptionsOf(year));
  return exceptions.get(Math.floor(date / dayMs)) ?? null;
}

function exceptionsOf(year: number): Map<number, SessionException> {
  const exceptions = new Map<number, SessionException>();
  const put = (day: number, name: string, closeMinute?: number) => {
    const weekday = weekdayOf(day);
    if (weekday < saturday) exceptions.set(day, { name, closeMinute: closeMinute ?? null });
  };

  // New Year's Day on a Saturday is not kept on the Friday before, which ends the accounting year.
  const newYear = dayOf(year, 1, 1);
  put(weekdayOf(newYear) === sunday ? newYear + 1 : newYear, "New Year's Day");
  if (year >= 1998) put(nthWeekday(year, 1, monday, 3), "Martin Luther King Jr. Day");
  put(nthWeekday(year, 2, monday, 3), "Washington's Birthday");
  put(easterSunday(year) - 2, "Good Friday");
  const june = dayOf(year, 6, 1);
  put(june - 1 - weekdayOf(june - 1), "Memorial Day");
  if (year >= 2022) put(observed(dayOf(year, 6, 19)), "Juneteenth");
  const fourth = dayOf(year, 7, 4);
  put(observed(fourth), "Independence Day");
  put(nthWeekday(year, 9, monday, 1), "Labor Day");
  const thanksgiving = nthWeekday(year, 11, thursday, 4);
  put(thanksgiving, "Thanksgiving Day");
  const christmas = dayOf(year, 12, 25);
  put(observed(christmas), "Christmas Day");

  const eve = weekdayOf(fourth - 1);
  if (
    [monday, tuesday, thursday].includes(eve) && year >= 1995 || eve === wednesday && year >= 2013
  ) {
    put(fourth - 1, "eve of Independence Day", earlyMinute);
  }
  if (weekdayOf(fourth + 1) === friday && year >= 1996 && year <= 2012) {
    put(fourth + 1, "day after Independence Day", earlyMinute);
  }
  put(thanksgiving + 1, "day after Thanksgiving", earlyMinute);
  if (weekdayOf(christmas - 1) <= thursday) put(christmas - 1, "Christmas Eve", earlyMinute);

  for (const [date, name] of extraClosings) {
    if (date.startsWith(String(year))) put(Date.parse(date) / dayMs, name);
  }
  for (const [date, name] of extraEarlyCloses) {
    if (date.startsWith(String(year))) put(Date.parse(date) / dayMs, name, earlyMinute);
  }
  return exceptions;
}

/** Days since 1970. */
function dayOf(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / dayMs;
}

/** Monday 0. */
function weekdayOf(day: number): number {
  return ((day + 3) % 7 + 7) % 7;
}

function nthWeekday(year: number, month: number, weekday: number, n: number): number {
  const first = dayOf(year, month, 1);
  return first + (weekday - weekdayOf(first) + 7) % 7 + 7 * (n - 1);
}

/** A holiday on a Saturday is kept on the Friday before, on a Sunday on the Monday after. */
function observed(day: number): number {
  const weekday = weekdayOf(day);
  return weekday === saturday ? day - 1 : weekday === sunday ? day + 1 : day;
}

/** Easter in the Gregorian calendar (Meeus 1991, Astronomical Algorithms, chapter 8). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31);
  return dayOf(year, month, (h + l - 7 * m + 114) % 31 + 1);
}
