import assert from "node:assert/strict";
import { flatOptimizer } from "../optimizers.ts";
import { normal } from "../_close.ts";
import { UpdateKernel, updateMemory, updateNumbers, updateProgram } from "./update_kernel.ts";

for (const size of [1, 3, 16, 1000, 70_001]) {
  Deno.test(`lanes share ${size} parameters of an update, each element once`, () => {
    const optimizer = flatOptimizer({ kind: "adam", learningRate: 0.1 });
    const lanes = 3;
    const program = updateProgram({ optimizer, size, lanes, clipNorm: 0.5, clipValue: 1 });
    const { memory, sets, gradients } = updateMemory(program);
    const kernels = gradients.map((_, lane) => new UpdateKernel(program, memory, lane));
    gradients.forEach((g, i) => g.set(normal(size, 1 + i)));
    sets.forEach((set) => set.forEach((v, i) => v.set(normal(size, 10 + i).map(Math.abs))));
    const sum = Float32Array.from(gradients[0], (v, i) => {
      const both = Math.fround(Math.fround(v + gradients[1][i]) + gradients[2][i]);
      return Math.max(-1, Math.min(1, both));
    });
    const squares = kernels.reduce((total, k) => total + k.squares(), 0);
    const want = sum.reduce((total, v) => total + v * v, 0);
    assert.ok(Math.abs(squares - want) <= 1e-12 * want, `${squares} is not ${want}`);
    const [c, e] = optimizer.schedule(3, 0.1);
    const numbers = updateNumbers(program, squares, [c, e]);
    const [p, m, v] = sets[1].map((data) => data.slice());
    const untouched = sets[0].map((data) => data.slice());
    for (const kernel of kernels) kernel.update(1, numbers);
    const scale = Math.min(1, 0.5 / (Math.sqrt(want) + 1e-6));
    for (let i = 0; i < size; i++) {
      const g = sum[i] * scale;
      const moment = 0.9 * m[i] + g, spread = 0.999 * v[i] + g * g;
      const expected = [p[i] - c * moment / (Math.sqrt(spread) + e), moment, spread];
      expected.forEach((x, k) => {
        const far = Math.abs(sets[1][k][i] - x);
        assert.ok(far <= 1e-6 * Math.max(1, Math.abs(x)), `${k}[${i}]: ${sets[1][k][i]}, not ${x}`);
      });
    }
    assert.deepEqual(sets[0], untouched);
  });
}

Deno.test("an update takes no operator that is not elementwise", () => {
  const optimizer = flatOptimizer({ kind: "sgd", learningRate: 0.1 });
  const summing: typeof optimizer = {
    ...optimizer,
    update: (g, parameters) => ({
      parameters: g.emit("CumSum", [parameters], [parameters])[0],
      slots: [],
    }),
  };
  assert.throws(
    () => updateProgram({ optimizer: summing, size: 4, lanes: 2 }),
    {
      name: "TypeError",
      message: "Cannot compile update: operators must be elementwise, got CumSum",
    },
  );
});
