/**
 * Splits of a time series into train, validation and test, with purge and embargo.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { timeSplit } from "./split.ts";
 * const split = timeSplit(1000, { train: 0.6, validation: 0.2, test: 0.2, embargoBars: 10 });
 * assert.deepEqual([split.train, split.validation, split.test], [[0, 600], [610, 800], [810, 1000]]);
 * ```
 * @module
 */

/** Half-open range of bars: `[from, to)`. */
export type BarRange = readonly [from: number, to: number];

/** The three parts of a series in the order of time, and what was dropped between them. */
export interface Split {
  readonly length: number;
  readonly train: BarRange;
  readonly validation: BarRange;
  readonly test: BarRange;
  readonly embargoBars: number;
  /** Bars dropped from the end of a part because their labels look into the next one. */
  readonly purged: { readonly train: number; readonly validation: number };
}

export interface TimeSplitOptions {
  /** Fraction of the series in (0, 1], or a range of bars. */
  train: number | BarRange;
  validation?: number | BarRange;
  test?: number | BarRange;
  /** Bars dropped at the start of validation and of test. Default 0. */
  embargoBars?: number;
  /** `labels.spanEnd`: rows whose label reaches into a later part are dropped from the earlier one. */
  purgeSpans?: Int32Array;
}

/**
 * Splits `length` bars by time.
 *
 * Purging cuts a part at its first row whose label span reaches the next part's first bar; rows
 * after that one are dropped too, so that each part stays one range. A part that was not asked for
 * is an empty range.
 *
 * @throws {RangeError} If fractions exceed 1, ranges overlap or run backwards, or a part becomes empty.
 */
export function timeSplit(length: number, options: TimeSplitOptions): Split {
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(`Cannot split: length must be a positive integer, got ${length}`);
  }
  const embargoBars = options.embargoBars ?? 0;
  if (!Number.isInteger(embargoBars) || embargoBars < 0) {
    throw new RangeError(`Cannot split: embargoBars must be an integer >= 0, got ${embargoBars}`);
  }
  if (options.purgeSpans && options.purgeSpans.length !== length) {
    throw new RangeError(
      `Cannot split: purgeSpans must have one entry per bar (${length}), got ${options.purgeSpans.length}`,
    );
  }
  const names = ["train", "validation", "test"] as const;
  const parts: [number, number][] = [];
  let cursor = 0;
  let fraction = 0;
  for (const name of names) {
    const asked = options[name];
    if (asked === undefined) {
      parts.push([cursor, cursor]);
      continue;
    }
    let from: number, to: number;
    if (typeof asked === "number") {
      if (!(asked > 0 && asked <= 1)) {
        throw new RangeError(`Cannot split: ${name} must be a fraction in (0, 1], got ${asked}`);
      }
      fraction += asked;
      if (fraction > 1 + 1e-9) {
        throw new RangeError(`Cannot split: fractions must sum to at most 1, got ${fraction}`);
      }
      from = cursor;
      to = Math.min(length, Math.round(fraction * length));
    } else {
      [from, to] = asked;
      if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > length) {
        throw new RangeError(
          `Cannot split: ${name} must be whole bars within [0, ${length}], got [${from}, ${to})`,
        );
      }
      if (from < cursor) {
        throw new RangeError(
          `Cannot split: ${name} must start at or after bar ${cursor}, got [${from}, ${to})`,
        );
      }
      fraction = to / length;
    }
    if (cursor > 0) from = Math.max(from, cursor + embargoBars);
    if (to <= from) {
      throw new RangeError(
        `Cannot split: ${name} must hold at least one bar, got [${from}, ${to})`,
      );
    }
    parts.push([from, to]);
    cursor = to;
  }
  const purged = { train: 0, validation: 0 };
  if (options.purgeSpans) {
    for (let p = 0; p < 2; p++) {
      const part = parts[p];
      if (part[0] === part[1]) continue;
      const next = parts.slice(p + 1).find((q) => q[1] > q[0]);
      if (!next) continue;
      let end = part[0];
      while (end < part[1] && options.purgeSpans[end] < next[0]) end++;
      if (end === part[0]) {
        throw new RangeError(
          `Cannot split: purging leaves ${names[p]} empty: the label of bar ${end} ends at bar ` +
            `${options.purgeSpans[end]}, and the next part starts at ${next[0]}`,
        );
      }
      purged[names[p] as "train" | "validation"] = part[1] - end;
      part[1] = end;
    }
  }
  return {
    length,
    train: parts[0],
    validation: parts[1],
    test: parts[2],
    embargoBars,
    purged,
  };
}

/**
 * A drawing of splits as SVG: one line per split, bars dropped by purge or embargo left grey.
 * Colours follow the reader's light or dark preference.
 */
export function drawSplits(
  splits: Split | readonly Split[],
  options: { width?: number; rowHeight?: number } = {},
): string {
  const rows = Array.isArray(splits) ? splits as readonly Split[] : [splits as Split];
  const width = options.width ?? 640;
  const rowHeight = options.rowHeight ?? 22;
  const left = 28;
  const height = rows.length * rowHeight + 30;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Train, validation and test ranges" font-family="system-ui, sans-serif" font-size="11">`,
    `<style>.ink{fill:#333}.none{fill:#d9d9d9}.train{fill:#3b6fb6}.validation{fill:#e0a030}.test{fill:#3a9a6a}@media (prefers-color-scheme: dark){.ink{fill:#ddd}.none{fill:#444}}</style>`,
  ];
  rows.forEach((split, i) => {
    const y = i * rowHeight + 2;
    const x = (bar: number) => (left + (bar / split.length) * (width - left - 4)).toFixed(1);
    const w = (range: BarRange) =>
      (((range[1] - range[0]) / split.length) * (width - left - 4)).toFixed(1);
    out.push(`<text class="ink" x="2" y="${y + rowHeight / 2 + 2}">${i + 1}</text>`);
    out.push(
      `<rect class="none" x="${x(0)}" y="${y}" width="${w([0, split.length])}" height="${
        rowHeight - 6
      }"/>`,
    );
    for (const name of ["train", "validation", "test"] as const) {
      const range = split[name];
      if (range[1] <= range[0]) continue;
      out.push(
        `<rect class="${name}" x="${x(range[0])}" y="${y}" width="${w(range)}" height="${
          rowHeight - 6
        }"><title>${name}: bars ${range[0]} to ${range[1] - 1}</title></rect>`,
      );
    }
  });
  const y = rows.length * rowHeight + 8;
  let x = left;
  for (
    const [name, text] of [["train", "train"], ["validation", "validation"], ["test", "test"], [
      "none",
      "purged or embargoed",
    ]]
  ) {
    out.push(`<rect class="${name}" x="${x}" y="${y}" width="10" height="10"/>`);
    out.push(`<text class="ink" x="${x + 14}" y="${y + 9}">${text}</text>`);
    x += 30 + text.length * 6.2;
  }
  out.push("</svg>");
  return out.join("\n");
}
