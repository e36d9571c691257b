/**
 * Milliseconds UTC of a time as files and venues write it, or NaN.
 *
 * Taken: ISO 8601 dates and times (without a zone they are UTC), `2020-01-02 15:04:05`, `20200102`,
 * `2020/01/02`, and numbers since 1970 whose magnitude tells seconds, milliseconds, microseconds or
 * nanoseconds. A date alone is 00:00 UTC. Dates such as 01/02/2020, which may be read two ways, are
 * refused.
 */
export function parseTime(text: string | number): number {
  if (typeof text === "number") return epochMs(text);
  const s = text.trim();
  const match = isoPattern.exec(s);
  if (match) {
    const [, year, month, day, hour, minute, second, fraction, zone] = match;
    const y = Number(year), mo = Number(month), d = Number(day);
    const h = hour === undefined ? 0 : Number(hour);
    const mi = minute === undefined ? 0 : Number(minute);
    const se = second === undefined ? 0 : Number(second);
    const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000);
    if (mo < 1 || mo > 12 || d < 1 || d > daysInMonth(y, mo) || h > 23 || mi > 59 || se > 59) {
      return NaN;
    }
    return Date.UTC(y, mo - 1, d, h, mi, se, ms) - zoneOffsetMs(zone);
  }
  if (/^\d{8}$/.test(s)) return parseTime(`${s.slice(0, 4)}-${s.slice(4, 6)}-${s.slice(6)}`);
  if (/^-?\d+(\.\d+)?(e[+]?\d+)?$/i.test(s)) return epochMs(Number(s));
  return NaN;
}

const isoPattern =
  /^(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$/i;

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function zoneOffsetMs(zone: string | undefined): number {
  if (zone === undefined || /^(z|utc)$/i.test(zone)) return 0;
  const sign = zone[0] === "-" ? -1 : 1;
  const digits = zone.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)) * 60_000;
}

/** Numbers below 1e11 are seconds (until the year 5138), then milli-, micro- and nanoseconds. */
function epochMs(value: number): number {
  if (!Number.isFinite(value)) return NaN;
  const size = Math.abs(value);
  if (size < 1e11) return value * 1000;
  if (size < 1e14) return value;
  if (size < 1e17) return value / 1000;
  return value / 1e6;
}
