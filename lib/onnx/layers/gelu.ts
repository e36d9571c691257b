/**
 * GELU in its tanh form, x s with s = sigmoid(2 c (x + 0.044715 x^3)), and a gradient that uses s
 * again: two thirds of the passes that differentiating the formula takes.
 * @see Hendrycks & Gimpel 2016, arXiv:1606.08415; c = sqrt(2 / pi)
 * @module
 */
import { add, mul, sub, unary } from "../builder/mod.ts";
import type { Graph, Value } from "../graph/graph.ts";
import type { Emitted } from "./_emit.ts";

const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = 0.044715 * linear;

/** Input: x. Output: its GELU. */
export function emitGelu(g: Graph, [x]: Value[]): Emitted {
  const number = (v: number) => g.splat(v, "float32");
  const square = mul(g, x, x);
  const polynomial = add(g, mul(g, square, number(cubic)), number(linear));
  const s = unary(g, "Sigmoid", mul(g, x, polynomial));
  const y = mul(g, x, s);
  const gradients = (_: Graph, [dy]: Value[]): (() => Value)[] => [
    () => {
      // dy/dx = s + y (1 - s) (linear + 3 cubic x^2)
      const slope = add(g, mul(g, square, number(3 * cubic)), number(linear));
      return mul(g, dy, add(g, s, mul(g, sub(g, y, mul(g, y, s)), slope)));
    },
  ];
  return { outputs: [y], gradients };
}
