const dayMs = 86_400_000;

/**
 * Bars per year of the calendar that the times show: 252 for daily bars without weekends, 365 with
 * them, 52 for weekly, 12 for monthly, 4 and 1 beyond; for intraday bars the bars of an average day
 * times 252 or 365.
 */
export function barsPerYearOf(times: Float64Array): number {
  // The last 20,000 bars tell the calendar as well as a million do.
  const time = times.length > 20_000 ? times.subarray(times.length - 20_000) : times;
  const n = time.length;
  if (n < 3) return 252;
  const gaps = new Float64Array(n - 1);
  for (let t = 1; t < n; t++) gaps[t - 1] = time[t] - time[t - 1];
  gaps.sort();
  const days = gaps[(n - 1) >> 1] / dayMs;
  if (days > 300) return 1;
  if (days > 80) return 4;
  if (days > 25) return 12;
  if (days > 4) return 52;
  let weekend = 0;
  let sessions = 0;
  let today = NaN;
  for (let t = 0; t < n; t++) {
    // Stamped at the close: a bar that ends at midnight belongs to the day before, unless daily.
    const day = Math.floor((time[t] - (days >= 0.9 ? 0 : 1)) / dayMs);
    if (day === today) continue;
    today = day;
    sessions++;
    const weekday = (day + 4) % 7; // 1970-01-01 was a Thursday
    if (weekday === 0 || weekday === 6) weekend++;
  }
  const perYear = weekend / sessions > 0.6 * 2 / 7 ? 365 : 252;
  return days >= 0.9 ? perYear : Math.round(n / sessions) * perYear;
}
