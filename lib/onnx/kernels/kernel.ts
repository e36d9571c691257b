import type { Graph, Value } from "../graph/graph.ts";

/** One dispatch of a tfjs kernel, its tensors already values of the graph. */
export interface KernelCall {
  readonly g: Graph;
  readonly name: string;
  /** Inputs by tfjs's names; an absent optional input is undefined. */
  readonly in: Record<string, Value>;
  /** Inputs in order, for kernels that take a list. */
  readonly list: Value[];
  // deno-lint-ignore no-explicit-any
  readonly attrs: Record<string, any>;
  /** The key of this step's random numbers. */
  randomKey(): Value;
  /** A number that tells this random site from others. */
  randomSite(): number;
  /** Refuses the call with an UnsupportedOpError that gives `reason`. */
  refuse(reason: string): never;
}

/** Translates a dispatch: the value or values that the kernel returns. */
export type Kernel = (call: KernelCall) => Value | Value[];

/** Kernels by the name under which tfjs dispatches them. */
export type KernelTable = Record<string, Kernel>;

/** Axes as non-negative numbers; null or undefined means all. */
export function normalizeAxes(axis: number | number[] | null | undefined, rank: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  return (Array.isArray(axis) ? axis : [axis]).map((a) => a < 0 ? a + rank : a);
}
