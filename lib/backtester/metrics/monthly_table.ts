/** Compounded return of one calendar month (UTC), months from 1. */
export interface MonthlyReturn {
  year: number;
  month: number;
  value: number;
}

/** Compounded returns by calendar month, in order; a month without bars is missing. */
export function monthlyReturns(returns: Float64Array, time: Float64Array): MonthlyReturn[] {
  if (returns.length !== time.length) {
    throw new RangeError(
      `Cannot group by month: returns and time must agree in length, got ${returns.length} and ${time.length}`,
    );
  }
  const out: MonthlyReturn[] = [];
  let current: MonthlyReturn | undefined;
  for (let t = 0; t < returns.length; t++) {
    const date = new Date(time[t]);
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth() + 1;
    if (current?.year !== year || current.month !== month) {
      current = { year, month, value: 0 };
      out.push(current);
    }
    current.value = (1 + current.value) * (1 + returns[t]) - 1;
  }
  return out;
}

/** The same as a table: one row a year with twelve months (NaN where missing) and the year. */
export function monthlyTable(
  returns: Float64Array,
  time: Float64Array,
): { year: number; months: Float64Array; total: number }[] {
  const rows: { year: number; months: Float64Array; total: number }[] = [];
  for (const { year, month, value } of monthlyReturns(returns, time)) {
    let row = rows.at(-1);
    if (row?.year !== year) {
      row = { year, months: new Float64Array(12).fill(NaN), total: 0 };
      rows.push(row);
    }
    row.months[month - 1] = value;
    row.total = (1 + row.total) * (1 + value) - 1;
  }
  return rows;
}
