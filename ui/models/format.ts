/** Numbers, times and sizes as people read them. @module */

const significant = new Intl.NumberFormat("en", { maximumSignificantDigits: 5, useGrouping: true });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const minus = (text: string) => text.replace("-", "\u2212");

/** A metric's value: five significant digits, or scientific where that would hide it. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return "\u2013";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "\u221e" : "\u2212\u221e";
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e9)) return minus(value.toExponential(3));
  if (Number.isInteger(value)) return minus(whole.format(value));
  return minus(significant.format(value));
}

/** A fraction as a percentage with two decimals. */
export function formatPercent(value: number): string {
  return Number.isFinite(value) ? minus(`${(value * 100).toFixed(2)} %`) : formatNumber(value);
}

const fractions =
  /^(cagr|total_return|max_drawdown|volatility|exposure|win_rate|annual_return|drawdown)$/;

/** The name of a metric without the scope before its last slash. */
const bareKey = (key: string) => key.slice(key.lastIndexOf("/") + 1);

/** Whether a metric is a fraction that people read in percent. */
export function isFraction(key: string): boolean {
  return fractions.test(bareKey(key).replace(/^(benchmark|test|train|validation|val|oos)_/, ""));
}

/** A metric's value in its own unit. */
export function formatMetric(key: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "\u2013";
  return isFraction(key) ? formatPercent(value) : formatNumber(value);
}

/** A param's text; a number with more digits than anybody reads is shortened. */
export function formatParam(value: string | null | undefined): string {
  if (value === null || value === undefined || value === "") return "\u2013";
  return value.length > 9 && !isNaN(Number(value)) ? formatNumber(Number(value)) : value;
}

/** The fewest digits that are still the same 32-bit float. */
export function shortestFloat32(value: number): number {
  const wanted = Math.fround(value);
  for (let digits = 3; digits <= 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === wanted) return shorter;
  }
  return value;
}

/** `1 request`, `2 requests`. */
export function formatCount(count: number, one: string): string {
  return `${formatNumber(count)} ${one}${count === 1 ? "" : "s"}`;
}

/** `3 s`, `4 min 10 s`, `2 h 05 min`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return "\u2013";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Milliseconds with the precision that a latency deserves. */
export function formatLatency(ms: number | null): string {
  if (ms === null) return "\u2013";
  if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} \u00b5s`;
  return ms < 100 ? `${ms.toFixed(1)} ms` : formatDuration(ms);
}

const dateTime = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** Local date and time to the second. */
export function formatTime(ms: number | null): string {
  return ms === null ? "\u2013" : dateTime.format(ms);
}

const steps: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [30, "day"],
  [12, "month"],
  [Infinity, "year"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** `5 min. ago`. */
export function formatAgo(ms: number | null, now: number): string {
  if (ms === null) return "\u2013";
  let amount = (ms - now) / 1000;
  if (Math.abs(amount) < 5) return "just now";
  for (const [size, unit] of steps) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return formatTime(ms);
}

/** Bytes in binary units. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return "\u2013";
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let size = bytes, unit = -1;
  do {
    size /= 1024;
    unit++;
  } while (size >= 1024 && unit < units.length - 1);
  return `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Text cut to `length` characters, with an ellipsis. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}\u2026`;
}
