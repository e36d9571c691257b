import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compile, compileStep, trace, TraceError, UnsupportedOpError } from "./mod.ts";
import { encodeModel } from "./graph/model_proto.ts";

await tf.setBackend("cpu");

const ops = (t: { graph: { nodes: { op: string }[] } }) => t.graph.nodes.map((n) => n.op);

Deno.test("trace() records a kernel once, however often it is asked for", () => {
  const t = trace((x) => tf.add(tf.exp(x), tf.exp(x)), [{ shape: [3] }]);
  assert.deepEqual(ops(t), ["Exp", "Add"]);
});

Deno.test("trace() folds what does not depend on the inputs", () => {
  const t = trace((x) => {
    const table = tf.transpose(tf.reshape(tf.range(0, 6), [2, 3]));
    return tf.add(x, tf.mul(table, tf.scalar(2)));
  }, [{ shape: [3, 2] }]);
  assert.deepEqual(ops(t), ["Add"]);
});

Deno.test("trace() leaves out what no output needs, and reshapes of reshapes", () => {
  const t = trace((x) => {
    tf.exp(x);
    return tf.reshape(tf.reshape(tf.reshape(x, [6]), [3, 2]), [1, 6]);
  }, [{ shape: [2, 3] }]);
  assert.deepEqual(ops(t), ["Reshape"]);
});

Deno.test("trace() makes a dense layer one Gemm with its bias", () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  assert.deepEqual(ops(trace((x) => model.apply(x) as tf.Tensor, [{ shape: [4, 3] }])), ["Gemm"]);
  model.dispose();
});

Deno.test("a gradient of mean needs no tensor of ones", () => {
  const t = trace((x) => tf.grad((v) => tf.mean(tf.square(v)))(x), [{ shape: [64, 32] }]);
  const bytes = encodeModel(t.graph);
  assert.ok(bytes.length < 2000, `${bytes.length} bytes`);
});

Deno.test("a kernel without a translation is refused by name, op and layer", () => {
  class Spectrum extends tf.layers.Layer {
    static className = "Spectrum";
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.abs(tf.spectral.rfft([inputs].flat()[0]));
    }
  }
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [8] })] });
  const spectrum = new Spectrum({ name: "spectrum" });
  assert.throws(
    () =>
      trace((x) => spectrum.apply(model.apply(x) as tf.Tensor) as tf.Tensor, [{ shape: [2, 8] }]),
    (e: unknown) => {
      assert.ok(e instanceof UnsupportedOpError);
      assert.match(
        e.message,
        /^Cannot trace kernel "\w+" asked for by op "\w+" in layer "spectrum"/,
      );
      assert.equal(e.layer, "spectrum");
      return true;
    },
  );
  assert.equal(tf.getBackend(), "cpu");
  model.dispose();
});

Deno.test("reading values inside a trace is refused, and the backend stays as it was", () => {
  const before = tf.memory().numTensors;
  assert.throws(
    () => trace((x) => tf.scalar(tf.sum(x).dataSync()[0]), [{ shape: [3] }]),
    (e: unknown) => e instanceof TraceError && /dataSync/.test(e.message),
  );
  assert.equal(tf.getBackend(), "cpu");
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual([...tf.add(tf.tensor1d([1]), 1).dataSync()], [2]);
});

Deno.test("values that are known during a trace may be read", () => {
  const t = trace((x) => tf.add(x, tf.scalar(tf.scalar(3).dataSync()[0])), [{ shape: [2] }]);
  assert.deepEqual(ops(t), ["Add"]);
});

Deno.test("assigning during a trace leaves the real variable and its memory alone", () => {
  const v = tf.variable(tf.tensor1d([1, 2]), true, "kept");
  const memory = tf.memory();
  const t = trace((x) => {
    v.assign(tf.add(v, x));
    return tf.sum(v);
  }, [{ shape: [2] }]);
  assert.deepEqual([...v.dataSync()], [1, 2]);
  assert.deepEqual(tf.memory(), memory);
  assert.deepEqual(t.graph.outputs.map((o) => o.name), ["output_0", "var/kept:new"]);
  v.dispose();
});

Deno.test("a thousand traces, failed ones among them, leave no tensor behind", () => {
  const v = tf.variable(tf.tensor1d([1, 2]), true, "counted");
  const before = tf.memory();
  for (let i = 0; i < 1000; i++) {
    try {
      trace((x) => {
        v.assign(tf.mul(v, x));
        const g = tf.grad((y: tf.Tensor) => tf.sum(tf.square(y)))(tf.add(v, x));
        if (i % 3 === 0) g.dataSync();
        return g;
      }, [{ shape: [2] }]);
    } catch (e) {
      assert.ok(e instanceof TraceError);
    }
  }
  assert.deepEqual(tf.memory(), before);
  assert.deepEqual([...v.dataSync()], [1, 2]);
  v.dispose();
});

Deno.test("a tfjs optimizer's learning rate stays changeable, its slots are state", async () => {
  const optimizers = {
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    nesterov: () => tf.train.momentum(0.1, 0.9, true),
    rmsprop: () => tf.train.rmsprop(0.1),
    centered: () => tf.train.rmsprop(0.1, 0.9, 0.1, 1e-3, true),
    adam: () => tf.train.adam(0.1),
    adamax: () => tf.train.adamax(0.1),
    adagrad: () => tf.train.adagrad(0.1),
    adadelta: () => tf.train.adadelta(0.1),
  };
  for (const [name, make] of Object.entries(optimizers)) {
    const start = [1, -2, 3];
    const setRate = (o: tf.Optimizer, rate: number) => {
      const self = o as unknown as { learningRate: number; setLearningRate?(r: number): void };
      if (self.setLearningRate) self.setLearningRate(rate);
      else self.learningRate = rate;
    };
    const rates = [0.1, 0.1, 0.02, 0.3];
    const eager = tf.variable(tf.tensor1d(start));
    const eagerOptimizer = make();
    for (const rate of rates) {
      setRate(eagerOptimizer, rate);
      eagerOptimizer.minimize(() => tf.sum(tf.square(eager)) as tf.Scalar, false, [eager]);
    }
    const v = tf.variable(tf.tensor1d(start));
    const optimizer = make();
    const compiled = await compile(() => {
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(v)) as tf.Scalar, [v]);
      optimizer.applyGradients(
        Object.entries(grads).map(([name, tensor]) => ({ name, tensor })),
      );
      return value;
    });
    for (const rate of rates) {
      setRate(optimizer, rate);
      compiled.run();
    }
    const got = v.dataSync(), want = eager.dataSync();
    want.forEach((w, i) =>
      assert.ok(
        Math.abs(got[i] - w) < 1e-5 * Math.max(1, Math.abs(w)),
        `${name}: ${got} not ${want}`,
      )
    );
    compiled.dispose();
    tf.dispose([v, eager]);
  }
});

Deno.test("random numbers of JavaScript and seeded draws are refused, not frozen", () => {
  assert.throws(
    () => trace((x) => tf.mul(x, Math.random()), [{ shape: [2] }]),
    /Math.random\(\)/,
  );
  assert.throws(
    () => trace((x) => tf.add(x, tf.randomNormal([2], 0, 1, "float32", 7)), [{ shape: [2] }]),
    /seeded draw would be the same at every step/,
  );
  assert.throws(
    () => trace((x) => tf.add(x, tf.truncatedNormal([2])), [{ shape: [2] }]),
    /truncatedNormal/,
  );
  assert.ok(Math.random() !== Math.random());
});

Deno.test("dropout, seeded or not, draws anew at each step and repeats with the run's seed", async () => {
  for (const seed of [undefined, 42]) {
    const drop = await compile((x) => tf.dropout(x, 0.4, undefined, seed), [{ shape: [1000] }], {
      seed: 3,
    });
    const x = { data: new Float32Array(1000).fill(1), shape: [1000] };
    const first = drop.run(x).output_0.data as Float32Array;
    const second = drop.run(x).output_0.data as Float32Array;
    assert.notDeepEqual(first, second);
    const kept = first.filter((v) => v > 0);
    assert.ok(Math.abs(kept.length / 1000 - 0.6) < 0.08);
    assert.ok(kept.every((v) => Math.abs(v - 1 / 0.6) < 1e-6));
    drop.calls = 0;
    assert.deepEqual(drop.run(x).output_0.data, first);
    drop.dispose();
  }
});

Deno.test("one and two threads compute the same", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 256, activation: "tanh", inputShape: [64] }),
      tf.layers.dense({ units: 64 }),
    ],
  });
  const rows = 512;
  const x = Float32Array.from({ length: rows * 64 }, (_, i) => Math.sin(i));
  const states = await Promise.all([1, 2].map(async (threads) => {
    const step = await compileStep({
      model,
      loss: (y, p) => tf.losses.meanSquaredError(y, p),
      optimizer: { kind: "adam", learningRate: 1e-3 },
      batchSize: rows,
      threads,
    });
    for (let i = 0; i < 10; i++) step.step(x, x);
    const { parameters } = step.state();
    step.dispose();
    return parameters;
  }));
  states[0].forEach((v, i) => assert.ok(Math.abs(v - states[1][i]) < 1e-5));
  model.dispose();
});

Deno.test("integers go where ONNX Runtime has no integer kernel", async () => {
  const fns: ((x: tf.Tensor) => tf.Tensor)[] = [
    (x) => tf.exp(x),
    (x) => tf.abs(x),
    (x) => tf.relu(x),
    (x) => tf.mean(x),
    (x) => tf.pow(x, tf.scalar(2, "int32")),
    (x) => tf.oneHot(tf.abs(x), 4),
    (x) => tf.clipByValue(x, -1, 1),
    (x) => tf.max(x),
    (x) => tf.prod(x),
    (x) => tf.cumsum(x),
    (x) => tf.sign(x),
    (x) => tf.tile(tf.cast(x, "bool"), [2]),
    (x) => tf.pad(tf.cast(x, "bool"), [[1, 1]]),
    (x) => tf.where(tf.cast(x, "bool"), tf.cast(x, "bool"), tf.zerosLike(tf.cast(x, "bool"))),
    (x) => tf.reverse(tf.cast(x, "bool"), 0),
    (x) => tf.gather(tf.cast(x, "bool"), tf.tensor1d([0, 1], "int32")),
    (x) => tf.maximum(x, tf.scalar(0, "int32")),
    (x) => tf.mod(x, tf.scalar(2, "int32")),
    (x) => tf.topk(x, 2).values,
    (x) => tf.argMax(x),
  ];
  const x = tf.tensor1d([-2, 0, 3, 1], "int32");
  for (const fn of fns) {
    const compiled = await compile(fn);
    const got = compiled.apply(x).output_0, want = fn(x);
    assert.equal(got.dtype, want.dtype, String(fn));
    const a = got.dataSync(), b = want.dataSync();
    assert.equal(a.length, b.length);
    b.forEach((v, i) =>
      assert.ok(Math.abs(a[i] - v) <= 1e-5 * Math.max(1, Math.abs(v)), String(fn))
    );
    compiled.dispose();
  }
});

Deno.test("compile() makes one graph for each shape and keeps it", async () => {
  const twice = await compile((x) => tf.mul(x, 2));
  const run = (n: number) => twice.run({ data: new Float32Array(n).fill(3), shape: [n] });
  run(2);
  run(3);
  assert.deepEqual([...run(2).output_0.data], [6, 6]);
  assert.equal(twice.graphs, 2);
  assert.deepEqual(
    [...(await twice.runAsync({ data: Float32Array.of(1), shape: [1] })).output_0.data],
    [2],
  );
  twice.dispose();
});

Deno.test("traces do not nest, and a function must return tensors", () => {
  assert.throws(
    () => trace((x) => (trace((y) => y, [{ shape: [1] }]), x), [{ shape: [1] }]),
    /another trace is running/,
  );
  assert.throws(
    () => trace((() => 3) as unknown as (x: tf.Tensor) => tf.Tensor, [{ shape: [1] }]),
    /must return a tensor/,
  );
  assert.throws(
    () =>
      trace((async (x: tf.Tensor) => x) as unknown as (x: tf.Tensor) => tf.Tensor, [{
        shape: [1],
      }]),
    /must be synchronous/,
  );
});
