/**
 * Layer normalisation over the last axis as ONNX's operator, with the short form of its gradient.
 * @module
 */
import { gemm, mul, reduce, reshape, sub } from "../builder/mod.ts";
import { sizeOf } from "../graph/dtype.ts";
import { float, type Graph, int, type Value } from "../graph/graph.ts";
import { type Emitted, once } from "./_emit.ts";
import { columnSums } from "./_sequence.ts";

/** Up to this width a product costs less than the three passes that it replaces. */
const widestProduct = 64;

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
        const centred = centredGradient(g, dy, gamma);
        // The normalised values have no mean: centring does not change this product's.
        const slope = reduce(g, "ReduceMean", mul(g, centred, normal()), [axis], true);
        return mul(g, sub(g, centred, mul(g, normal(), slope)), inverse);
      },
      () => columnSums(g, flat(mul(g, dy, normal()))),
      () => columnSums(g, flat(dy)),
    ];
  };
  return { outputs: [y], gradients };
}

/** gamma dy less its mean over the last axis. One product with diag(gamma) (I - 1 / width). */
function centredGradient(g: Graph, dy: Value, gamma: Value): Value {
  const width = dy.shape.at(-1)!;
  if (width > widestProduct) {
    const d = mul(g, dy, gamma);
    return sub(g, d, reduce(g, "ReduceMean", d, [dy.shape.length - 1], true));
  }
  const centring = new Float32Array(width * width).fill(-1 / width);
  for (let i = 0; i < width; i++) centring[i * (width + 1)] += 1;
  const matrix = mul(
    g,
    reshape(g, gamma, [width, 1]),
    g.constant(centring, "float32", [width, width]),
  );
  const rows = reshape(g, dy, [sizeOf(dy.shape) / width, width]);
  return reshape(g, gemm(g, rows, matrix), dy.shape);
}
