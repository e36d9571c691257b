import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { createRng } from "../math/mod.ts";
import { compile } from "./mod.ts";

await tf.setBackend("cpu");

const dim = fc.integer({ min: 0, max: 4 });
const shape = fc.array(dim, { maxLength: 4 });

/** Two shapes that broadcast: a common one with axes replaced by 1 or dropped in front. */
const broadcastPair = fc.tuple(
  shape,
  fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  fc.integer({ min: 0, max: 4 }),
).map(([s, a, b, drop]) => {
  const first = s.map((d, i) => a[i] ? 1 : d);
  const second = s.map((d, i) => b[i] ? 1 : d).slice(Math.min(drop, s.length));
  return [first, second];
});

const random = (shape: number[], seed: number) =>
  tf.tensor(
    createRng(seed).fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))),
    shape,
    "float32",
  );

function assertClose(got: tf.Tensor, want: tf.Tensor, relative: number): void {
  assert.deepEqual(got.shape, want.shape);
  assert.equal(got.dtype, want.dtype);
  const a = got.dataSync(), b = want.dataSync();
  for (let i = 0; i < b.length; i++) {
    const close = Object.is(a[i], b[i]) ||
      Math.abs(a[i] - b[i]) <= relative * Math.max(1, Math.abs(b[i]));
    assert.ok(close, `element ${i}: ${a[i]} is not ${b[i]}`);
  }
}

/** Compares a function compiled with the same function on tfjs's cpu backend. */
async function assertSame(
  fn: (...x: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  relative: number,
): Promise<void> {
  const compiled = await compile(fn);
  try {
    assertClose(compiled.apply(...inputs).output_0, tf.tidy(() => fn(...inputs)), relative);
  } finally {
    compiled.dispose();
  }
}

const binaryOps: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
  less: tf.less,
  greaterEqual: tf.greaterEqual,
  atan2: tf.atan2,
};

Deno.test("elementwise operators agree with tfjs for any shapes that broadcast", async () => {
  await fc.assert(
    fc.asyncProperty(
      broadcastPair,
      fc.constantFrom(...Object.keys(binaryOps)),
      fc.nat(),
      async ([a, b], name, seed) => {
        await assertSame(binaryOps[name], [random(a, seed), random(b, seed + 1)], 1e-5);
      },
    ),
    { numRuns: 150, seed: 11 },
  );
});

Deno.test("gradients through operands that broadcast have the operands' shapes", async () => {
  await fc.assert(
    fc.asyncProperty(
      broadcastPair.filter(([a, b]) => ![...a, ...b].includes(0)),
      fc.constantFrom("add", "sub", "mul"),
      fc.nat(),
      async ([a, b], name, seed) => {
        const inputs = [random(a, seed), random(b, seed + 1)];
        const loss = (x: tf.Tensor, y: tf.Tensor) =>
          tf.sum(tf.square(binaryOps[name](x, y))) as tf.Scalar;
        const both = (x: tf.Tensor, y: tf.Tensor) =>
          tf.grads(loss as (...x: tf.Tensor[]) => tf.Scalar)([x, y]);
        const compiled = await compile((x, y) => both(x, y));
        const got = Object.values(compiled.apply(...inputs));
        both(inputs[0], inputs[1]).forEach((want, i) => assertClose(got[i], want, 1e-4));
        compiled.dispose();
      },
    ),
    { numRuns: 80, seed: 12 },
  );
});

Deno.test("reductions agree with tfjs over any axes, empty and single ones included", async () => {
  const ops = { sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...Object.keys(ops) as (keyof typeof ops)[]),
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.nat(),
      async (s, name, picks, keep, seed) => {
        const axes = [...new Set(picks.map((p) => p % s.length))];
        await assertSame((x) => ops[name](x, axes, keep), [random(s, seed)], 1e-5);
      },
    ),
    { numRuns: 120, seed: 13 },
  );
});

/** Steps that turn a tensor into another one; each draws what it needs from `n`. */
const steps: Record<string, (x: tf.Tensor, n: number) => tf.Tensor> = {
  relu: (x) => tf.relu(x),
  tanh: (x) => tf.tanh(x),
  double: (x) => tf.add(x, x),
  scale: (x, n) => tf.mul(x, n % 3 - 1),
  shift: (x, n) => tf.add(x, n % 2),
  flatten: (x) => tf.reshape(x, [x.size]),
  transpose: (x) => tf.transpose(x),
  reverse: (x, n) => x.rank === 0 ? x : tf.reverse(x, n % x.rank),
  expandDims: (x, n) => x.rank > 4 ? x : tf.expandDims(x, n % (x.rank + 1)),
  squeeze: (x) => tf.squeeze(x),
  tile: (x, n) =>
    x.rank === 0 || x.size > 200 ? x : tf.tile(x, x.shape.map((_, i) => 1 + (n >> i) % 2)),
  sum: (x, n) => x.rank === 0 ? x : tf.sum(x, n % x.rank),
  mean: (x, n) => x.rank === 0 || x.size === 0 ? x : tf.mean(x, n % x.rank, true),
  centre: (x, n) => x.rank === 0 || x.size === 0 ? x : tf.sub(x, tf.mean(x, n % x.rank, true)),
  slice: (x, n) =>
    x.rank === 0 || x.shape[0] === 0
      ? x
      : tf.slice(x, [n % x.shape[0], ...x.shape.slice(1).map(() => 0)]),
  concat: (x, n) => x.rank === 0 || x.size > 200 ? x : tf.concat([x, tf.neg(x)], n % x.rank),
  softmax: (x) => x.rank === 0 || x.size === 0 ? x : tf.softmax(x),
};

Deno.test("chains of operators agree with tfjs, whatever the graph builder rewrites", async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat({ max: 15 })), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.nat(),
      async (s, chain, seed) => {
        const fn = (x: tf.Tensor) =>
          chain.reduce((y, [name, n]) => y.rank > 5 ? y : steps[name](y, n), x);
        await assertSame(fn, [random(s, seed)], 1e-5);
      },
    ),
    { numRuns: 200, seed: 14 },
  );
});

Deno.test("random numbers of the graph are uniform and normal, and keyed by the call", async () => {
  const n = 20000;
  const draw = await compile(
    () => [
      tf.randomUniform([n]),
      tf.randomNormal([n], 2, 3),
      tf.randomUniform([n], -1, 5),
    ],
    [],
    { seed: 5 },
  );
  const first = draw.run(), second = draw.run();
  draw.calls = 0;
  const again = draw.run();
  assert.deepEqual(again.output_0.data, first.output_0.data);
  assert.notDeepEqual(second.output_0.data, first.output_0.data);
  const moments = (x: ArrayLike<number>) => {
    let sum = 0, squares = 0;
    for (let i = 0; i < x.length; i++) {
      sum += x[i];
      squares += x[i] * x[i];
    }
    const mean = sum / x.length;
    return { mean, deviation: Math.sqrt(squares / x.length - mean * mean) };
  };
  // Five standard errors.
  const check = (x: ArrayLike<number>, mean: number, deviation: number) => {
    const m = moments(x);
    assert.ok(Math.abs(m.mean - mean) < 5 * deviation / Math.sqrt(n), `mean ${m.mean}`);
    assert.ok(Math.abs(m.deviation / deviation - 1) < 5 / Math.sqrt(n), `deviation ${m.deviation}`);
  };
  const [u, z, w] = [first.output_0, first.output_1, first.output_2].map((o) =>
    o.data as Float32Array
  );
  check(u, 0.5, Math.sqrt(1 / 12));
  check(z, 2, 3);
  check(w, 2, 6 * Math.sqrt(1 / 12));
  assert.ok(u.every((v) => v >= 0 && v < 1));
  // Neither neighbours nor two sites are correlated.
  const correlation = (a: Float32Array, b: Float32Array) => {
    const ma = moments(a), mb = moments(b);
    let sum = 0;
    for (let i = 0; i < b.length; i++) sum += (a[i] - ma.mean) * (b[i] - mb.mean);
    return sum / b.length / (ma.deviation * mb.deviation);
  };
  assert.ok(Math.abs(correlation(u, u.subarray(1))) < 5 / Math.sqrt(n));
  assert.ok(Math.abs(correlation(u, w)) < 5 / Math.sqrt(n));
  assert.ok(Math.abs(correlation(u, second.output_0.data as Float32Array)) < 5 / Math.sqrt(n));
  draw.dispose();
});

Deno.test("multinomial draws classes as often as their probabilities say", async () => {
  const n = 20000;
  const draw = await compile((x) => tf.multinomial(x as tf.Tensor2D, n), [{ shape: [2, 3] }]);
  const probabilities = [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]];
  const logits = Float32Array.from(probabilities.flat(), Math.log);
  const { output_0 } = draw.run({ data: logits, shape: [2, 3] });
  probabilities.forEach((row, i) => {
    const counts = [0, 0, 0];
    for (let k = 0; k < n; k++) counts[Number(output_0.data[i * n + k])]++;
    row.forEach((p, c) => {
      assert.ok(Math.abs(counts[c] / n - p) < 5 * Math.sqrt(p * (1 - p) / n), `class ${c}`);
    });
  });
  draw.dispose();
});
