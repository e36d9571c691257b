import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../../math/mod.ts";
import { erfc } from "../../math/normal.ts";
import { compile } from "../compile.ts";
import { replacedGradients } from "../gradients.ts";
import { type Case, normal } from "./_case.ts";
import { casesAToG } from "./_cases_a_to_g.ts";
import { casesIToZ } from "./_cases_i_to_z.ts";
import { kernels } from "./mod.ts";

await tf.setBackend("cpu");
/** Every mapped kernel has at least one case. */
const table: Record<string, Case[]> = { ...casesAToG, ...casesIToZ };
/** Kernels that only gradients dispatch, with the kernel whose gradient does. */
const throughGradient: Record<string, string> = {
  AvgPool3DGrad: "AvgPool3D",
  AvgPoolGrad: "AvgPool",
  Conv2DBackpropFilter: "Conv2D",
  Conv2DBackpropInput: "Conv2D",
  Conv3DBackpropFilterV2: "Conv3D",
  Conv3DBackpropInputV2: "Conv3D",
  DepthwiseConv2dNativeBackpropFilter: "DepthwiseConv2dNative",
  DepthwiseConv2dNativeBackpropInput: "DepthwiseConv2dNative",
  EluGrad: "Elu",
  MaxPool3DGrad: "MaxPool3D",
  MaxPoolGrad: "MaxPool",
  ResizeBilinearGrad: "ResizeBilinear",
  ResizeNearestNeighborGrad: "ResizeNearestNeighbor",
};

function inputsOf(c: Case, seed: number): tf.Tensor[] {
  const rng = createRng(seed);
  return c.shapes.map((shape, i) => {
    const dtype = c.dtypes?.[i] ?? "float32";
    const draw = c.draw?.[i] ?? c.draw?.[0] ?? normal;
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw(rng));
    return tf.tensor(data, shape, dtype);
  });
}

function compare(got: tf.Tensor, want: tf.Tensor, relative: number, what: string): void {
  assert.deepEqual(got.shape, want.shape, what);
  assert.equal(got.dtype, want.dtype, what);
  const a = got.dataSync(), b = want.dataSync();
  for (let i = 0; i < b.length; i++) {
    const equal = Object.is(a[i], b[i]) || a[i] === b[i] ||
      Math.abs(a[i] - b[i]) <= relative * Math.max(1, Math.abs(b[i]));
    assert.ok(equal, `${what}: element ${i} is ${a[i]}, not ${b[i]}`);
  }
}

const asList = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x : [x];

/** Whether the operands of a case have different shapes: there some of tfjs's gradients are wrong. */
const broadcasts = (c: Case) => c.shapes.some((s) => String(s) !== String(c.shapes[0]));

for (const [name, cases] of Object.entries(table)) {
  Deno.test(`kernel ${name} computes what tfjs computes, and its gradient`, async () => {
    for (const [i, c] of cases.entries()) {
      const inputs = inputsOf(c, i + 1);
      const what = `${name} of ${c.shapes.map((s) => `[${s}]`).join(" ")}`;
      const forward = await compile((...x) => asList(c.fn(...x)));
      const got = Object.values(forward.apply(...inputs));
      const want = asList(c.fn(...inputs));
      assert.equal(got.length, want.length);
      got.forEach((t, k) => compare(t, want[k], 1e-5, what));
      forward.dispose();
      const hasWrongGradient = replacedGradients.includes(name) && broadcasts(c);
      if (c.gradient === false || hasWrongGradient || inputs.some((t) => t.size === 0)) continue;
      // A weighted sum, so that each output element has its own gradient.
      const scalar = (...x: tf.Tensor[]) =>
        asList(c.fn(...x)).reduce<tf.Tensor>((sum, y, k) => {
          const w = tf.reshape(tf.linspace(0.5, 1.5 + k, Math.max(1, y.size)), y.shape);
          return tf.add(sum, tf.sum(tf.mul(y, w)));
        }, tf.scalar(0));
      const grads = (...x: tf.Tensor[]) => tf.grads(scalar as (...x: tf.Tensor[]) => tf.Scalar)(x);
      const backward = await compile(grads);
      const wantGrads = grads(...inputs);
      Object.values(backward.apply(...inputs)).forEach((t, k) =>
        compare(t, wantGrads[k], 1e-4, `gradient ${k} of ${what}`)
      );
      backward.dispose();
    }
  });
}

Deno.test("Erf has the digits of the closed form, also where it is small", async () => {
  const x = Float32Array.from({ length: 401 }, (_, i) => 2 ** ((i - 300) / 20));
  const compiled = await compile((t) => tf.erf(t));
  const got = Object.values(compiled.apply(tf.tensor(x)))[0].dataSync();
  x.forEach((v, i) => {
    // 1 - erfc loses digits below 1e-2, where the series needs two terms.
    const want = v < 1e-2 ? 2 / Math.sqrt(Math.PI) * (v - v ** 3 / 3) : 1 - erfc(v);
    assert.ok(Math.abs(got[i] - want) <= 1e-6 * want, `erf(${v}) is ${got[i]}, not ${want}`);
  });
  compiled.dispose();
});

Deno.test("every mapped kernel is in the table", () => {
  const missing = Object.keys(kernels).filter((k) => !(k in table) && !(k in throughGradient));
  assert.deepEqual(missing, []);
});
