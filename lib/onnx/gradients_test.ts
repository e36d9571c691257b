import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compile } from "./mod.ts";
import { replacedGradients } from "./gradients.ts";

await tf.setBackend("cpu");

interface Packed {
  shape: number[];
  data: number[];
}
interface Fixture {
  name: string;
  attrs: { axis?: number; exclusive?: boolean; reverse?: boolean };
  inputs: Packed[];
  weight: Packed;
  output: Packed;
  gradients: Packed[];
}

const fixtures: Fixture[] = JSON.parse(
  Deno.readTextFileSync(new URL("./testdata/gradients.json", import.meta.url)),
);
const tensor = (p: Packed) => tf.tensor(p.data, p.shape, "float32");

function operator(f: Fixture): (...x: tf.Tensor[]) => tf.Tensor {
  const { axis, exclusive, reverse } = f.attrs;
  switch (f.name) {
    case "cumsum":
      return (x) => tf.cumsum(x, axis, exclusive, reverse);
    case "avgPool":
      return (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, "same");
    case "maximum":
      return (a, b) => tf.maximum(a, b);
    case "minimum":
      return (a, b) => tf.minimum(a, b);
    default:
      return (a, b) => tf.squaredDifference(a, b);
  }
}

const largestError = (got: ArrayLike<number>, want: number[]) =>
  want.reduce((e, v, i) => Math.max(e, Math.abs(got[i] - v)), 0);

for (const [i, f] of fixtures.entries()) {
  const shapes = f.inputs.map((x) => `[${x.shape}]`).join(" and ");
  Deno.test(`the gradient of ${f.name} of ${shapes} (${i}) is PyTorch's, where tfjs's is wrong`, async () => {
    const fn = operator(f);
    const weight = tensor(f.weight);
    const inputs = f.inputs.map(tensor);
    const loss = (...x: tf.Tensor[]) => tf.sum(tf.mul(fn(...x), weight)) as tf.Scalar;
    const compiled = await compile((...x) => [fn(...x), ...tf.grads(loss)(x)]);
    const [value, ...grads] = Object.values(compiled.apply(...inputs));
    assert.ok(largestError(value.dataSync(), f.output.data) < 1e-5);
    grads.forEach((t, k) => {
      assert.deepEqual(t.shape, f.gradients[k].shape);
      assert.ok(largestError(t.dataSync(), f.gradients[k].data) < 1e-4);
    });
    compiled.dispose();
  });
}

Deno.test("a trace leaves tfjs's own gradients in place", async () => {
  const before = replacedGradients.map((n) => tf.getGradient(n));
  const compiled = await compile((x) => tf.grad((v) => tf.sum(tf.relu(v)))(x), [{ shape: [3] }]);
  compiled.dispose();
  assert.deepEqual(replacedGradients.map((n) => tf.getGradient(n)), before);
});
