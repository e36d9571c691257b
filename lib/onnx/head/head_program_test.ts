import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { createRng } from "../../math/mod.ts";
import { makeData, sizeOf } from "../graph/dtype.ts";
import type { InputSpec } from "../input_spec.ts";
import { GradientSession } from "../lanes/gradient_session.ts";
import { gradientProgram } from "../lanes/lane_graphs.ts";
import type { LossFunction } from "../record_gradient.ts";
import { loadRuntime } from "../runtime.ts";

await tf.setBackend("cpu");
await loadRuntime();

type Inputs = Record<string, tf.Tensor>;
type Activation = "relu" | "tanh" | "linear";

interface Net {
  specs: Record<string, InputSpec>;
  variables: tf.Variable[];
  loss: LossFunction;
  feeds: Record<string, Float32Array>;
}

const features = 5;

/** Data for `rows` rows of each input, beside the features. */
function makeNet(
  seed: number,
  rows: number,
  make: (
    layer: (x: tf.Tensor, from: number, to: number, activation: Activation) => tf.Tensor,
    variable: (shape: number[], scale: number) => tf.Variable,
  ) => { widths: Record<string, number[]>; loss: LossFunction },
  feed: (name: string, value: number) => number = (_, value) => value,
): Net {
  const rng = createRng(seed);
  const variables: tf.Variable[] = [];
  let next = 0;
  const variable = (shape: number[], scale: number) => {
    const at = next++;
    variables[at] ??= tf.variable(
      tf.tensor(rng.fillNormal(new Float32Array(sizeOf(shape))).map((v) => v * scale), shape),
    );
    return variables[at];
  };
  const layer = (x: tf.Tensor, from: number, to: number, activation: Activation) => {
    const y = tf.add(
      tf.matMul(x as tf.Tensor2D, variable([from, to], 1 / Math.sqrt(from)) as tf.Tensor2D),
      variable([to], 0.1),
    );
    return activation === "linear" ? y : tf[activation](y);
  };
  const { widths, loss } = make(layer, variable);
  const specs: Record<string, InputSpec> = { x: { shape: [rows, features] } };
  for (const [name, width] of Object.entries(widths)) {
    specs[name] = name === "coefficient" ? { shape: [] } : { shape: [rows, ...width] };
  }
  const feeds = Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [
      name,
      rng.fillNormal(new Float32Array(sizeOf(shape))).map((v) => feed(name, v)),
    ]),
  );
  const reused: LossFunction = (t) => {
    next = 0;
    return loss(t);
  };
  // Makes the variables.
  const tensors = tensorsOf(specs, feeds);
  tf.dispose([reused(tensors), tensors]);
  return { specs, variables, loss: reused, feeds };
}

const tensorsOf = (specs: Net["specs"], feeds: Net["feeds"]): Inputs =>
  Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [name, tf.tensor(feeds[name], [...shape])]),
  );

/** Gradient and metrics as a lane computes them, of every row in the order of `indices`. */
function inLane({ specs, variables, loss, feeds }: Net) {
  const { program, frozen } = gradientProgram(variables, loss, specs, { lanes: 1 });
  const size = variables.reduce((n, v) => n + v.size, 0);
  const parameters = new Float32Array(size), gradient = new Float32Array(size);
  let at = 0;
  for (const v of variables) {
    parameters.set(v.dataSync(), at);
    at += v.size;
  }
  const metrics = program.metrics.map((m) => makeData(m.dtype, sizeOf(m.shape)));
  const memory = {
    parameters: [new Float32Array(size), parameters],
    frozen: frozen.map(({ variable }) => variable.dataSync() as Float32Array),
    gradients: [gradient],
    metrics,
  };
  const session = new GradientSession(program, memory, {});
  const order = Int32Array.from({ length: program.rows }, (_, i) => program.rows - 1 - i);
  session.from(order, Object.keys(specs).map((name) => feeds[name]));
  session.run(0, 1);
  const first = gradient.slice();
  session.run(0, 1);
  assert.deepEqual(gradient, first, "a second run has the bits of the first");
  session.dispose();
  const values = program.metrics.map((m, i) => [m.name, Number(metrics[i][0])] as const);
  return { hasHead: program.head !== null, gradient, metrics: Object.fromEntries(values) };
}

/** The same by tfjs itself. */
function eagerly({ specs, variables, loss, feeds }: Net) {
  return tf.tidy(() => {
    const tensors = tensorsOf(specs, feeds);
    const metrics: Record<string, number> = {};
    const { grads } = tf.variableGrads(() => {
      const result = loss(tensors);
      const all = result instanceof tf.Tensor ? { loss: result } : result;
      for (const [name, t] of Object.entries(all)) metrics[name] = t.dataSync()[0];
      return all.loss.asScalar();
    }, variables);
    const gradient = variables.flatMap((v) => [...grads[v.name].dataSync()]);
    return { gradient, metrics };
  });
}

/**
 * Differences are measured against the largest element of a variable's gradient, or a hundredth of the
 * largest of all, where terms cancel.
 */
const tolerance = 2e-5;

function checkNet(net: Net, hasHead: boolean, what: string): void {
  const got = inLane(net), want = eagerly(net);
  assert.equal(got.hasHead, hasHead, `${what}: whether a head is found`);
  let at = 0;
  const largest = (values: number[]) => Math.max(...values.map(Math.abs));
  const least = Math.max(1e-12, largest(want.gradient) / 100);
  net.variables.forEach((v, k) => {
    const scale = Math.max(least, largest(want.gradient.slice(at, at + v.size)));
    for (let i = at; i < at + v.size; i++) {
      const far = Math.abs(got.gradient[i] - want.gradient[i]) / scale;
      assert.ok(
        far <= tolerance,
        `${what}: variable ${k} [${i - at}]: ${got.gradient[i]}, not ${want.gradient[i]}`,
      );
    }
    at += v.size;
  });
  for (const [name, value] of Object.entries(want.metrics)) {
    const far = Math.abs(got.metrics[name] - value) / Math.max(1e-3, Math.abs(value));
    assert.ok(far <= tolerance, `${what}: ${name}: ${got.metrics[name]}, not ${value}`);
  }
  tf.dispose(net.variables);
}

const losses: Record<string, (y: tf.Tensor, p: tf.Tensor) => tf.Tensor> = {
  meanSquaredError: (y, p) => tf.losses.meanSquaredError(y, p),
  absoluteDifference: (y, p) => tf.losses.absoluteDifference(y, p),
  huber: (y, p) => tf.losses.huberLoss(y, p, undefined, 0.7),
  // Targets as probabilities.
  softmaxCrossEntropy: (y, p) =>
    tf.neg(tf.mean(tf.sum(tf.mul(tf.softmax(y), tf.logSoftmax(p)), 1))),
  binaryCrossEntropy: (y, p) => {
    const chance = tf.sigmoid(p), wanted = tf.cast(tf.greater(y, 0), "float32");
    const right = tf.mul(wanted, tf.log(tf.add(chance, 1e-7)));
    return tf.neg(
      tf.mean(tf.add(right, tf.mul(tf.sub(1, wanted), tf.log(tf.sub(1.0000001, chance))))),
    );
  },
};

const activations: Activation[] = ["relu", "tanh", "linear"];

Deno.test("a head has the gradient of tfjs for every loss, activation and number of columns", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 4, max: 20 }).map((n) => 4 * n),
        hidden: fc.integer({ min: 3, max: 40 }).map((n) => 4 * n),
        columns: fc.integer({ min: 1, max: 8 }),
        activation: fc.constantFrom(...activations),
        loss: fc.constantFrom(...Object.keys(losses)),
        seed: fc.integer({ min: 1, max: 1000 }),
      }),
      ({ rows, hidden, columns, activation, loss, seed }) => {
        const net = makeNet(seed, rows, (layer) => ({
          widths: { y: [columns] },
          loss: ({ x, y }) => {
            const first = layer(x, features, 9, "tanh");
            const p = layer(layer(first, 9, hidden, activation), hidden, columns, "linear");
            return losses[loss](y, p);
          },
        }));
        // Inputs of more than four columns are not narrow.
        checkNet(net, columns <= 4, `${loss} ${activation} [${rows}, ${hidden}] to ${columns}`);
      },
    ),
    { numRuns: 60, seed: 11 },
  );
});

const ppo = (shared: boolean, activation: Activation, rows: number) =>
  makeNet(
    5,
    rows,
    (layer) => ({
      widths: { action: [3], old: [], advantage: [], returns: [], coefficient: [] },
      loss: (t) => {
        const trunk = () => layer(layer(t.x, features, 16, "tanh"), 16, 12, activation);
        const body = trunk();
        const logits = tf.logSoftmax(layer(body, 12, 3, "linear"));
        const value = tf.squeeze(layer(shared ? body : trunk(), 12, 1, "linear"), [1]);
        const chosen = tf.sum(tf.mul(logits, t.action), 1);
        const ratio = tf.exp(tf.sub(chosen, t.old));
        const clipped = tf.clipByValue(ratio, 0.8, 1.2);
        const gain = tf.minimum(tf.mul(ratio, t.advantage), tf.mul(clipped, t.advantage));
        const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), 1)));
        const loss = tf.add(
          tf.sub(tf.neg(tf.mean(gain)), tf.mul(entropy, t.coefficient)),
          tf.mul(0.5, tf.mean(tf.square(tf.sub(value, t.returns)))),
        );
        const outside = tf.cast(tf.greater(tf.abs(tf.sub(ratio, 1)), 0.2), "float32");
        return { loss, entropy, clipFraction: tf.mean(outside) };
      },
    }),
    (name, value) =>
      name === "old" ? 0.3 * value - 1.1 : name === "action" ? Number(value > 0) : value,
  );

for (const shared of [true, false]) {
  for (const activation of activations) {
    const what = `PPO's loss, ${shared ? "one body" : "two bodies"}, ${activation}`;
    Deno.test(`a head has the gradient and metrics of tfjs: ${what}`, () => {
      checkNet(ppo(shared, activation, 48), true, what);
    });
  }
}

Deno.test("activations that are needed again are not overwritten", () => {
  for (const activation of activations) {
    const net = makeNet(3, 32, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) => {
        const hidden = layer(layer(x, features, 12, "relu"), 12, 12, activation);
        const loss = tf.losses.meanSquaredError(y, layer(hidden, 12, 2, "linear")) as tf.Tensor;
        return { loss, activity: tf.mean(tf.square(hidden)) };
      },
    }));
    checkNet(net, true, `a metric of ${activation} activations`);
  }
});

Deno.test("two heads, one of them on activations that the other's are made from", () => {
  for (const trained of [true, false]) {
    const net = makeNet(6, 32, (layer) => ({
      widths: { y: [2], z: [1] },
      loss: ({ x, y, z }) => {
        const first = layer(x, features, 12, "relu");
        const second = layer(first, 12, 16, "relu");
        return tf.add(
          losses.meanSquaredError(z, layer(first, 12, 1, "linear")),
          losses.meanSquaredError(y, layer(second, 16, 2, "linear")),
        );
      },
    }));
    // The weights of the second layer.
    const variables = net.variables.filter((_, i) => trained || i !== 2);
    checkNet({ ...net, variables }, true, `an auxiliary loss, ${trained}`);
  }
});

Deno.test("a head hands back what goes two ways before it", () => {
  const net = makeNet(4, 32, (layer) => ({
    widths: { y: [2] },
    loss: ({ x, y }) => {
      const first = layer(x, features, 12, "relu");
      const second = tf.add(first, layer(first, 12, 12, "relu"));
      return losses.meanSquaredError(y, layer(second, 12, 2, "linear"));
    },
  }));
  checkNet(net, true, "a residual connection");
});

/** Nets whose heads are not computed by rows, and why. */
const others: Record<string, (rows: number) => Net> = {
  "fewer than 16 rows": () => ppo(true, "relu", 12),
  "rows that four do not divide": () => ppo(true, "relu", 30),
  "a layer before it whose width four does not divide": (rows) =>
    makeNet(1, rows, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) =>
        losses.meanSquaredError(y, layer(layer(x, features, 10, "relu"), 10, 2, "linear")),
    })),
  "nothing before the layer": (rows) =>
    makeNet(1, rows, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) => losses.meanSquaredError(y, layer(x, features, 2, "linear")),
    })),
  "rows that depend on all rows": (rows) =>
    makeNet(1, rows, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) => {
        const p = layer(layer(x, features, 12, "relu"), 12, 2, "linear");
        return losses.meanSquaredError(y, tf.mul(p, tf.mean(tf.square(p), 0)));
      },
    })),
  "an operator that is not elementwise": (rows) =>
    makeNet(1, rows, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) => {
        const p = layer(layer(x, features, 12, "relu"), 12, 2, "linear");
        return losses.meanSquaredError(y, tf.cumsum(p, 1));
      },
    })),
  "weights that are not trained": (rows) => {
    const net = makeNet(1, rows, (layer) => ({
      widths: { y: [2] },
      loss: ({ x, y }) =>
        losses.meanSquaredError(y, layer(layer(x, features, 12, "relu"), 12, 2, "linear")),
    }));
    return { ...net, variables: net.variables.slice(0, 2) };
  },
  "a penalty on its weights": (rows) =>
    makeNet(1, rows, (layer, variable) => ({
      widths: { y: [2] },
      loss: ({ x, y }) => {
        const hidden = layer(x, features, 12, "relu");
        const weight = variable([12, 2], 0.3) as tf.Tensor2D;
        const p = tf.matMul(hidden as tf.Tensor2D, weight);
        return tf.add(losses.meanSquaredError(y, p), tf.mul(0.1, tf.sum(tf.square(weight))));
      },
    })),
};

for (const [why, make] of Object.entries(others)) {
  Deno.test(`the graph stays whole, and right, with ${why}`, () => {
    checkNet(make(32), false, why);
  });
}
