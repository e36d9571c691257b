import type { VectorLocals } from "../wasm/vector_code.ts";
import { type } from "../wasm/wasm_module.ts";

/**
 * Where a head's loops are: locals that hold bytes. A value of rows lies by columns, each of them
 * whole, so that one offset leads to a row in all of them.
 */
export interface Cursors {
  /** The present four rows in a column, and the end of their block. */
  row: number;
  end: number;
  /** Features in a row of activations. */
  feature: number;
  /** Present place among the activations. */
  wide: number;
}

/** Cursors, which begin at 0. */
export function cursors(locals: VectorLocals): Cursors {
  const [row, end, feature, wide] = [0, 1, 2, 3].map(() => locals.add(type.i32));
  return { row, end, feature, wide };
}
