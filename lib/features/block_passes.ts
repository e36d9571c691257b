import {
  absolutePair,
  addPairs,
  assemble,
  type Code,
  constant,
  get,
  higherPair,
  loadPair,
  lowerPair,
  notAbove,
  notBelow,
  plus,
  repeat,
  select,
  set,
  storePair,
  subtractPairs,
  zeroPair,
} from "./wasm_code.ts";

/**
 * Loops over whole blocks of rows that JavaScript is slow at, as WebAssembly over pairs of doubles:
 * extremes of windows, as a comparison of prices is a branch guessed wrong every other time, and sums
 * of distances. The same operations in the same order as row by row, so the same bits.
 */

/** Fewer rows are not worth the way into WebAssembly's memory. */
const leastRows = 16;
/** Longer windows would look through more history than rows. */
const longestWindow = 1024;
/** Most windows that go through the passes at once. */
const mostRows = 4096;
/** Numbers in each of the memory's four parts: a block with its history, and room to run over. */
const partLength = mostRows + longestWindow + 8;

const partBytes = 8 * partLength;
const pages = Math.ceil(4 * partBytes / 65536);

/** x[p] = the higher (lower) of x[p] and x[p + shift], the later of equal ones; p in [0, end). */
function extremePass(name: string, choose: (a: Code, b: Code) => Code) {
  const [end, shift, at, later] = [0, 1, 2, 3];
  const pairs = [0, 16, 32, 48].map((offset) =>
    storePair(
      get(at),
      choose(loadPair(get(later), offset), loadPair(get(at), offset)),
      offset,
    )
  );
  const body = repeat(at, 64, get(end), [set(later, plus(get(at), get(shift))), pairs]);
  return { name, params: 2, numbers: 2, body };
}

/**
 * As `extremePass()`, and with the values the rows they came from: those in part 3 for the first pass
 * (`rows` = its address), in part 2 afterwards; to part 2.
 */
function rowPass(name: string, isChosen: (later: Code, earlier: Code) => Code) {
  const [end, shift, rows, at, later, mask] = [0, 1, 2, 3, 4, 5];
  const chosen = (from: Code, offset: number) =>
    select(
      loadPair(plus(from, get(later)), offset),
      loadPair(plus(from, get(at)), offset),
      get(mask),
    );
  const pairs = [0, 16].map((offset) => [
    set(mask, isChosen(loadPair(get(later), offset), loadPair(get(at), offset))),
    storePair(get(at), chosen(get(rows), offset), partBytes + offset),
    storePair(get(at), chosen(constant(0), offset), offset),
  ]);
  const body = repeat(at, 32, get(end), [set(later, plus(get(at), get(shift))), pairs]);
  return { name, params: 3, numbers: 2, pairs: 1, body };
}

/** Part 4 = sums of |x - mean| over the `window` bytes from each place on, means in part 2. */
function deviationPass() {
  const [end, window, at, place, mean, sum] = [0, 1, 2, 3, 4, 5];
  const add = set(
    sum,
    addPairs(get(sum), absolutePair(subtractPairs(loadPair(get(place)), get(mean)))),
  );
  const body = repeat(at, 16, get(end), [
    set(mean, loadPair(get(at), partBytes)),
    set(sum, zeroPair),
    set(place, get(at)),
    repeat(place, 8, plus(get(at), get(window)), add),
    storePair(get(at), get(sum), 3 * partBytes),
  ]);
  return { name: "deviations", params: 2, numbers: 2, pairs: 2, body };
}

interface Passes {
  /** The memory's parts: values, rows or means, row numbers, sums. */
  values: Float64Array;
  second: Float64Array;
  sums: Float64Array;
  higher(endBytes: number, shiftBytes: number): void;
  lower(endBytes: number, shiftBytes: number): void;
  higherRows(endBytes: number, shiftBytes: number, rows: number): void;
  lowerRows(endBytes: number, shiftBytes: number, rows: number): void;
  deviations(endBytes: number, windowBytes: number): void;
}

let passes: Passes | null | undefined;

/** The passes of this thread; null where WebAssembly has no vectors. */
function openPasses(): Passes | null {
  if (passes !== undefined) return passes;
  const bytes = assemble(pages, [
    extremePass("higher", higherPair),
    extremePass("lower", lowerPair),
    rowPass("higherRows", notBelow),
    rowPass("lowerRows", notAbove),
    deviationPass(),
  ]);
  if (!WebAssembly.validate(bytes)) return passes = null;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { buffer } = exports.memory as WebAssembly.Memory;
  const part = (k: number) => new Float64Array(buffer, k * partBytes, partLength);
  part(2).forEach((_, k, numbers) => numbers[k] = k);
  passes = {
    ...exports as unknown as Passes,
    values: part(0),
    second: part(1),
    sums: part(3),
  };
  return passes;
}

/** Whether `count` windows of this length go through the block's passes, where there are any. */
export function goesByBlock(count: number, window: number): boolean {
  return count >= leastRows && window <= longestWindow && window > 1 && openPasses() !== null;
}

/**
 * Maxima (sign -1: minima) of the windows that end at x[from..to) into `out` from place `at` on, the
 * latest of equal values. The maximum of 2, 4, 8... values is that of two halves, that of the window
 * the one of two such stretches that overlap: log2(window) passes.
 */
export function extremesByBlock(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  sign: 1 | -1,
  out: Float64Array,
  at: number,
): void {
  const { values, higher, lower } = openPasses()!;
  const pass = sign > 0 ? higher : lower;
  for (let start = from; start < to; start += mostRows) {
    const end = Math.min(to, start + mostRows);
    const count = end - start;
    values.set(x.subarray(start - window + 1, end));
    let length = 1;
    for (; 2 * length <= window; length *= 2) {
      pass(8 * (count + window - 2 * length), 8 * length);
    }
    if (length < window) pass(8 * count, 8 * (window - length));
    out.set(values.subarray(0, count), at + start - from);
  }
}

/** Rows since the extreme of each window came, in place of its value: see `extremesByBlock()`. */
export function extremeAgesByBlock(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  sign: 1 | -1,
  out: Float64Array,
  at: number,
): void {
  const { values, second: rows, higherRows, lowerRows } = openPasses()!;
  const pass = sign > 0 ? higherRows : lowerRows;
  for (let start = from; start < to; start += mostRows) {
    const end = Math.min(to, start + mostRows);
    const count = end - start;
    values.set(x.subarray(start - window + 1, end));
    let place = 2 * partBytes;
    let length = 1;
    for (; 2 * length <= window; length *= 2, place = partBytes) {
      pass(8 * (count + window - 2 * length), 8 * length, place);
    }
    if (length < window) pass(8 * count, 8 * (window - length), place);
    for (let k = 0, o = at + start - from; k < count; k++, o++) out[o] = k + window - 1 - rows[k];
  }
}

/**
 * Sums of the distances of the last `window` values from a mean: of those that end at x[from..to) from
 * means[at..], into `out` from place 0 on.
 */
export function deviationsByBlock(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  means: Float64Array,
  at: number,
  out: Float64Array,
): void {
  const { values, second, sums, deviations } = openPasses()!;
  for (let start = from; start < to; start += mostRows) {
    const end = Math.min(to, start + mostRows);
    const count = end - start;
    values.set(x.subarray(start - window + 1, end));
    second.set(means.subarray(at + start - from, at + end - from));
    deviations(8 * count, 8 * window);
    out.set(sums.subarray(0, count), start - from);
  }
}
