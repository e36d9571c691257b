/**
 * Gradients of a trunk and of its layers as WebAssembly: four features at a time, over the rows of a
 * block.
 * @module
 */
import type { GraphNode, Value } from "../graph/graph.ts";
import type { VectorLocals } from "../wasm/vector_code.ts";
import { vectorBytes, wasm } from "../wasm/wasm_module.ts";
import type { Cursors } from "./cursors.ts";
import { rectified } from "./layer_code.ts";
import type { Head, Trunk } from "./split_at_head.ts";
import { WideCode } from "./wide_code.ts";

/** Places in memory. */
export interface GradientPlaces {
  given: number;
  /** Of a ReLU that `given` has yet to go through. */
  bias: number | null;
  /** What the trunk hands back; may be `given`. */
  back: number;
  /** Each layer's weights, by columns. */
  weights: Map<Head, number>;
  /** Columns by which activations are multiplied, each of them whole. */
  deltas: Map<Value, number[]>;
  /** Results, a number for each feature: of a delta's column, or of `back` itself. */
  sums: { at: number; delta: { value: Value; column: number } | null }[];
}

/** Instructions for the `rows` rows that end where the cursor `end` is at. */
export function gradientCode(
  trunk: Trunk,
  makers: Map<Value, GraphNode>,
  rows: number,
  places: GradientPlaces,
  at: Cursors,
  locals: VectorLocals,
): number[] {
  const { width } = trunk, stride = 4 * width;
  const kept = (code: number[], instructions: number[]) => {
    const local = locals.add();
    code.push(...instructions, ...wasm.set(local));
    return local;
  };
  const ofFeature = (place: number) => [...wasm.get(at.feature), ...wasm.load(place)];

  // What all rows share.
  const before: number[] = [];
  const bias = places.bias === null ? null : kept(before, ofFeature(places.bias));
  const weights = new Map(trunk.heads.map((head) => {
    const columns = Array.from({ length: head.weight.shape[1] }, (_, j) => stride * j);
    const first = places.weights.get(head)!;
    return [head, columns.map((by) => kept(before, ofFeature(first + by)))];
  }));
  const sums = places.sums.map((sum) => ({ ...sum, local: kept(before, locals.constant(0)) }));

  // Deltas of four rows at once: each access to memory is checked.
  const loads: number[] = [];
  const fours = new Map(
    [...places.deltas].map(([value, columns]) => [
      value,
      columns.map((place) => kept(loads, [...wasm.get(at.row), ...wasm.load(place)])),
    ]),
  );
  const body = [0, 1, 2, 3].flatMap((r) => {
    const code: number[] = [];
    const input = kept(code, [
      ...[...wasm.get(at.wide), ...wasm.load(places.given + stride * r)],
      ...bias === null ? [] : rectified(bias, locals),
    ]);
    const deltas = new Map(
      [...fours].map(([value, columns]) => [
        value,
        columns.map((four) =>
          kept(code, [...wasm.get(four), ...wasm.get(four), ...wasm.shuffle(r, r, r, r)])
        ),
      ]),
    );
    const back = new WideCode(trunk, makers, locals, {
      input,
      deltas,
      weights,
      kept: (instructions) => kept(code, instructions),
    }).compute(trunk.back);
    code.push(...wasm.get(at.wide), ...wasm.get(back), ...wasm.store(places.back + stride * r));
    for (const { delta, local } of sums) {
      const column = delta && deltas.get(delta.value)![delta.column];
      code.push(
        ...column === null
          ? [...wasm.get(local), ...wasm.get(back), ...wasm.add, ...wasm.set(local)]
          : wasm.addProduct(column, input, local),
      );
    }
    return code;
  });
  const stores = sums.flatMap(({ at: place, local }) => [
    ...wasm.get(at.feature),
    ...[...ofFeature(place), ...wasm.get(local), ...wasm.add],
    ...wasm.store(place),
  ]);
  return [
    ...[...wasm.integer(0), ...wasm.set(at.feature)],
    ...wasm.repeat(at.feature, vectorBytes, wasm.integer(stride), [
      ...before,
      ...[...wasm.plus(at.end, -4 * rows), ...wasm.set(at.row)],
      ...[...wasm.get(at.row), ...wasm.integer(width), ...wasm.mulInteger],
      ...[...wasm.get(at.feature), ...wasm.addInteger, ...wasm.set(at.wide)],
      ...wasm.repeat(at.row, vectorBytes, wasm.get(at.end), [
        ...[...loads, ...body, ...wasm.advance(at.wide, 4 * stride)],
      ]),
      ...stores,
    ]),
  ];
}
