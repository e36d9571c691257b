import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compileStep, type OptimizerConfig } from "./mod.ts";

await tf.setBackend("cpu");

const start = [1.5, -2, 0.3, 4];
const curvature = tf.tensor1d([1, 0.1, 3, 0.5]);
/** A bowl whose steps differ along each axis, pulled by an input. */
const bowl = (v: tf.Tensor, pull: tf.Tensor) =>
  tf.sum(tf.mul(curvature, tf.square(tf.sub(v, tf.mean(pull)))));
const pullOf = (i: number) => Float32Array.of(Math.sin(i), Math.cos(2 * i));

async function compiled(
  optimizer: OptimizerConfig,
  steps: number,
  options: { clipNorm?: number; clipValue?: number } = {},
): Promise<Float32Array> {
  // Two variables, so that the flat vector is put together and taken apart.
  const a = tf.variable(tf.tensor1d(start.slice(0, 1))),
    b = tf.variable(tf.tensor1d(start.slice(1)));
  const step = await compileStep({
    variables: [a, b],
    inputs: { pull: { shape: [2] } },
    loss: ({ pull }) => bowl(tf.concat([a, b]), pull),
    optimizer,
    ...options,
  });
  for (let i = 0; i < steps; i++) step.stepFeeds({ pull: pullOf(i) });
  const { parameters } = step.state();
  step.syncVariables();
  assert.deepEqual([...a.dataSync(), ...b.dataSync()], [...parameters]);
  step.dispose();
  tf.dispose([a, b]);
  return parameters;
}

function near(got: ArrayLike<number>, want: ArrayLike<number>, relative = 2e-5): void {
  for (let i = 0; i < want.length; i++) {
    assert.ok(
      Math.abs(got[i] - want[i]) <= relative * Math.max(1, Math.abs(want[i])),
      `${i}: ${got[i]} is not ${want[i]}`,
    );
  }
}

const withTfjs: [string, OptimizerConfig, () => tf.Optimizer][] = [
  ["sgd", { kind: "sgd", learningRate: 0.05 }, () => tf.train.sgd(0.05)],
  [
    "sgd with momentum",
    { kind: "sgd", learningRate: 0.02, momentum: 0.9 },
    () => tf.train.momentum(0.02, 0.9),
  ],
  [
    "sgd with Nesterov's momentum",
    { kind: "sgd", learningRate: 0.02, momentum: 0.9, nesterov: true },
    () => tf.train.momentum(0.02, 0.9, true),
  ],
  ["adam", { kind: "adam", learningRate: 0.1 }, () => tf.train.adam(0.1)],
  [
    "adam with constants of its own",
    { kind: "adam", learningRate: 0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-3 },
    () => tf.train.adam(0.1, 0.8, 0.99, 1e-3),
  ],
  ["rmsprop", { kind: "rmsprop", learningRate: 0.05 }, () => tf.train.rmsprop(0.05)],
  [
    "rmsprop with momentum",
    { kind: "rmsprop", learningRate: 0.05, decay: 0.99, momentum: 0.5, epsilon: 1e-5 },
    () => tf.train.rmsprop(0.05, 0.99, 0.5, 1e-5),
  ],
];

for (const [name, config, make] of withTfjs) {
  Deno.test(`flat ${name} takes the steps of tfjs's`, async () => {
    const v = tf.variable(tf.tensor1d(start));
    const optimizer = make();
    for (let i = 0; i < 30; i++) {
      optimizer.minimize(() => bowl(v, tf.tensor1d(pullOf(i))) as tf.Scalar, false, [v]);
    }
    near(await compiled(config, 30), v.dataSync());
    v.dispose();
  });
}

/** Gradient of the bowl at p for step i, in double precision. */
function gradientAt(p: number[], i: number): number[] {
  const [x, y] = pullOf(i);
  const c = [1, 0.1, 3, 0.5];
  return p.map((v, k) => 2 * c[k] * (v - (x + y) / 2));
}

Deno.test("flat adamw decays weights apart from the gradient", async () => {
  const config = { kind: "adamw" as const, learningRate: 0.05, weightDecay: 0.1 };
  const p = [...start], m = p.map(() => 0), s = p.map(() => 0);
  for (let t = 1; t <= 30; t++) {
    gradientAt(p, t - 1).forEach((g, k) => {
      m[k] = 0.9 * m[k] + 0.1 * g;
      s[k] = 0.999 * s[k] + 0.001 * g * g;
      const step = m[k] / (1 - 0.9 ** t) / (Math.sqrt(s[k] / (1 - 0.999 ** t)) + 1e-7);
      p[k] = p[k] * (1 - 0.05 * 0.1) - 0.05 * step;
    });
  }
  near(await compiled(config, 30), p);
});

Deno.test("centered rmsprop divides by the deviation, as tfjs does", async () => {
  const config = { kind: "rmsprop" as const, learningRate: 0.01, epsilon: 1e-3, centered: true };
  const p = [...start], s = p.map(() => 0), m = p.map(() => 0);
  for (let t = 0; t < 10; t++) {
    gradientAt(p, t).forEach((g, k) => {
      s[k] = 0.9 * s[k] + 0.1 * g * g;
      m[k] = 0.9 * m[k] + 0.1 * g;
      p[k] -= 0.01 * g / Math.sqrt(s[k] - (m[k] * m[k] + 1e-3));
    });
  }
  near(await compiled(config, 10), p, 1e-4);
});

Deno.test("clipNorm limits the gradient's common norm, clipValue each element", async () => {
  const config = { kind: "sgd" as const, learningRate: 0.1 };
  const g = gradientAt(start, 0);
  const norm = Math.hypot(...g);
  near(
    await compiled(config, 1, { clipNorm: 0.5 }),
    start.map((v, k) => v - 0.1 * g[k] * 0.5 / (norm + 1e-6)),
  );
  near(
    await compiled(config, 1, { clipNorm: 2 * norm }),
    start.map((v, k) => v - 0.1 * g[k]),
  );
  near(
    await compiled(config, 1, { clipValue: 0.7 }),
    start.map((v, k) => v - 0.1 * Math.max(-0.7, Math.min(0.7, g[k]))),
  );
});

Deno.test("constants outside of their range are refused by name", async () => {
  const cases: [OptimizerConfig, RegExp][] = [
    [{ kind: "adam", learningRate: NaN }, /learningRate must lie in \[0, Infinity\], got NaN/],
    [{ kind: "adam", learningRate: 1, beta1: 1 }, /beta1 must lie in/],
    [{ kind: "sgd", learningRate: 1, momentum: -1 }, /momentum must lie in \[0, 1\], got -1/],
    [{ kind: "lion", learningRate: 1 } as unknown as OptimizerConfig, /kind must be .*got lion/],
  ];
  for (const [config, message] of cases) await assert.rejects(compiled(config, 1), message);
  await assert.rejects(
    compiled({ kind: "sgd", learningRate: 1 }, 1, { clipNorm: 0 }),
    /clipNorm must be > 0, got 0/,
  );
});
