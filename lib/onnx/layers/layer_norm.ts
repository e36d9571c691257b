/**
 * Layer normalisation over the last axis as ONNX's operator, with the short form of its gradient.
 * @module
 */
import { mul, reduce, reshape, sub } from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import { float, type Graph, int, type Value } from "../graph/graph.ts";
import { type Emitted, once } from "./_emit.ts";
import { columnSums } from "./_sequence.ts";

/** Inputs: x, gamma, beta (each of the last axis's length). Output: the normalised x. */
export function emitLayerNorm(g: Graph, inputs: Value[], epsilon: number): Emitted {
  const [x, gamma, beta] = inputs;
  const axis = x.shape.length - 1;
  const width = x.shape[axis];
  const moments = { dtype: "float32" as const, shape: [...x.shape.slice(0, -1), 1] };
  const [y, mean, inverse] = g.emit(
    "LayerNormalization",
    [x, gamma, beta],
    [{ dtype: "float32", shape: x.shape }, moments, moments],
    { axis: int(-1), epsilon: float(epsilon) },
  );
  const gradients = (_: Graph, [dy]: Value[]): (() => Value)[] => {
    const normal = once(() => mul(g, sub(g, x, mean), inverse));
    const flat = (v: Value) => reshape(g, v, [sizeOf(v.shape) / width, width]);
    return [
      () => {
        const d = mul(g, dy, gamma);
        const shift = reduce(g, "ReduceMean", d, [axis], true);
        const slope = reduce(g, "ReduceMean", mul(g, d, normal()), [axis], true);
        return mul(g, sub(g, sub(g, d, shift), mul(g, normal(), slope)), inverse);
      },
      () => columnSums(g, flat(mul(g, dy, normal()))),
      () => columnSums(g, flat(dy)),
    ];
  };
  return { outputs: [y], gradients };
}
