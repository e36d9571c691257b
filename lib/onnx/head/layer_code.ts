/**
 * A trunk's layers as WebAssembly: products of four rows of activations with each column of weights.
 * @module
 */
import type { VectorLocals } from "../wasm/vector_code.ts";
import { vectorBytes, wasm } from "../wasm/wasm_module.ts";
import type { Cursors } from "./cursors.ts";

/** Places in memory. */
export interface LayerPlaces {
  /** Rows of `width` numbers. */
  given: number;
  width: number;
  /** Of a ReLU that `given` has yet to go through. */
  bias: number | null;
  /** Each column's weights, which lie end to end, and its products, a number for each row. */
  columns: { weights: number; products: number }[];
}

/** Instructions for the four rows that the cursor `row` is at. */
export function layerCode(
  { given, width, bias, columns }: LayerPlaces,
  at: Cursors,
  locals: VectorLocals,
): number[] {
  const code: number[] = [];
  const stride = 4 * width;
  const sums = columns.map(() => [0, 1, 2, 3].map(() => locals.add()));
  const weight = locals.add(), offset = locals.add();
  const inputs = [0, 1, 2, 3].map(() => locals.add());
  // As many rows at a time as their sums fit into a processor's 16 vectors.
  const together = columns.length <= 3 ? 4 : columns.length <= 6 ? 2 : 1;
  const unrolled = [16, 8, 4, 2, 1].find((n) => width % (4 * n) === 0)!;
  // A place that is known beforehand needs no check.
  const feature = width === 4 * unrolled ? wasm.integer(0) : wasm.get(at.feature);
  for (let first = 0; first < 4; first += together) {
    const rows = Array.from({ length: together }, (_, i) => first + i);
    for (const column of sums) {
      for (const r of rows) code.push(...locals.constant(0), ...wasm.set(column[r]));
    }
    const vectors = Array.from({ length: unrolled }, (_, i) => vectorBytes * i).flatMap((by) => [
      ...bias === null ? [] : [...feature, ...wasm.load(bias + by), ...wasm.set(offset)],
      ...rows.flatMap((r) => [
        ...[...wasm.get(at.wide), ...wasm.load(given + stride * r + by)],
        ...bias === null ? [] : rectified(offset, locals),
        ...wasm.set(inputs[r]),
      ]),
      ...columns.flatMap(({ weights }, j) => [
        ...[...feature, ...wasm.load(weights + by), ...wasm.set(weight)],
        ...rows.flatMap((r) => wasm.addProduct(inputs[r], weight, sums[j][r])),
      ]),
    ]);
    const step = vectorBytes * unrolled;
    code.push(
      ...[...wasm.get(at.row), ...wasm.integer(width), ...wasm.mulInteger, ...wasm.set(at.wide)],
      ...[...wasm.integer(0), ...wasm.set(at.feature)],
      ...wasm.repeat(at.feature, step, wasm.integer(stride), [
        ...vectors,
        ...wasm.advance(at.wide, step),
      ]),
    );
  }
  columns.forEach(({ products }, j) => {
    code.push(...wasm.get(at.row), ...addAcross(sums[j], locals), ...wasm.store(products));
  });
  return code;
}

/** Instructions that leave what each of four vectors adds up to. */
function addAcross([a, b, c, d]: number[], locals: VectorLocals): number[] {
  const pair = (x: number, y: number) => [
    ...[...wasm.get(x), ...wasm.get(y), ...wasm.shuffle(0, 4, 1, 5)],
    ...[...wasm.get(x), ...wasm.get(y), ...wasm.shuffle(2, 6, 3, 7)],
    ...wasm.add,
  ];
  const first = locals.add(), second = locals.add();
  return [
    ...[...pair(a, b), ...wasm.set(first), ...pair(c, d), ...wasm.set(second)],
    ...[...wasm.get(first), ...wasm.get(second), ...wasm.shuffle(0, 1, 4, 5)],
    ...[...wasm.get(first), ...wasm.get(second), ...wasm.shuffle(2, 3, 6, 7)],
    ...wasm.add,
  ];
}

/** Instructions that add a bias to the vector on top and take the larger of the sum and 0. */
export const rectified = (bias: number, locals: VectorLocals): number[] => [
  ...[...wasm.get(bias), ...wasm.add, ...locals.constant(0), ...wasm.maxFast],
];
