import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../../math/mod.ts";
import { compile } from "../compile.ts";
import { trace } from "../trace.ts";

await tf.setBackend("cpu");

const batch = 3, time = 5, features = 2, units = 4;

interface Variant {
  returnSequences?: boolean;
  returnState?: boolean;
  goBackwards?: boolean;
  useBias?: boolean;
  recurrentActivation?: "sigmoid" | "hardSigmoid";
}

const variants: Record<string, Variant> = {
  "the last output": {},
  "all outputs": { returnSequences: true },
  "all outputs and states": { returnSequences: true, returnState: true },
  "the last output and states": { returnState: true },
  "time reversed": { goBackwards: true, returnSequences: true },
  "no bias": { useBias: false },
  "sigmoid gates": { recurrentActivation: "sigmoid", returnSequences: true },
};

function near(got: tf.Tensor, want: tf.Tensor, tolerance: number, what: string): void {
  assert.deepEqual(got.shape, want.shape, what);
  const a = got.dataSync();
  want.dataSync().forEach((v, i) => assert.ok(Math.abs(a[i] - v) <= tolerance, `${what}[${i}]`));
}

for (const kind of ["lstm", "gru"] as const) {
  for (const [what, variant] of Object.entries(variants)) {
    Deno.test(`the fused ${kind} with ${what} has the layer's outputs and gradients`, async () => {
      for (const withState of [false, true]) {
        const layer = tf.layers[kind]({ units, ...variant });
        const rng = createRng(6);
        const random = (...shape: number[]) =>
          tf.tensor(rng.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);
        const states = withState
          ? Array.from({ length: kind === "lstm" ? 2 : 1 }, () => random(batch, units))
          : [];
        const inputs = [random(batch, time, features), ...states];
        const call = (...t: tf.Tensor[]) =>
          [layer.apply(t[0], t.length > 1 ? { initialState: t.slice(1) } : undefined)]
            .flat() as tf.Tensor[];
        call(...inputs);
        layer.setWeights(layer.getWeights().map((w) => tf.mul(random(...w.shape), 0.5)));
        const weights = layer.trainableWeights.map((w) =>
          (w as unknown as { val: tf.Variable }).val
        );
        const gradients = (...t: tf.Tensor[]) => {
          const loss = (...u: tf.Tensor[]) =>
            call(...u).reduce<tf.Tensor>((s, y, i) => {
              const ramp = tf.reshape(tf.linspace(-1, 1 + i, y.size), y.shape);
              return tf.add(s, tf.sum(tf.mul(tf.square(y), ramp)));
            }, tf.scalar(0)) as tf.Scalar;
          const ofInputs = tf.grads(loss as (...u: tf.Tensor[]) => tf.Scalar)(t);
          const { grads } = tf.variableGrads(() => loss(...t), weights);
          return [...ofInputs, ...weights.map((w) => grads[w.name])];
        };
        for (const fn of [call, gradients]) {
          const fused = await compile(fn);
          const got = Object.values(fused.apply(...inputs));
          fn(...inputs).forEach((want, i) => near(got[i], want, 1e-4, `${fn.name} ${i}`));
          fused.dispose();
        }
        tf.dispose(weights);
      }
    });
  }
}

/** Operators of a call, after one that makes the weights. */
function opsOf(layer: tf.layers.Layer, input: number[], training = false): string[] {
  layer.apply(tf.zeros(input));
  const fn = (x: tf.Tensor) => [layer.apply(x, { training })].flat()[0] as tf.Tensor;
  return trace(fn, [{ shape: input }]).graph.nodes.map((n) => n.op);
}

Deno.test("the fused GELU has the layer's outputs and gradients", async () => {
  const layer = tf.layers.activation({ activation: "gelu_new" });
  const x = tf.linspace(-6, 6, 49);
  const call = (t: tf.Tensor) => layer.apply(t) as tf.Tensor;
  const gradient = tf.grad((t: tf.Tensor) => tf.sum(tf.square(call(t))));
  for (const fn of [call, gradient]) {
    const fused = await compile(fn);
    const tolerance = fn === call ? 1e-5 : 1e-4;
    near(Object.values(fused.apply(x))[0], fn(x), tolerance, `within ${tolerance}`);
    fused.dispose();
  }
});

Deno.test("a prediction through LSTM and GRU is ONNX's own operator", () => {
  const shape = [batch, time, features];
  const lstm = tf.layers.lstm({ units }), gru = tf.layers.gru({ units });
  assert.ok(opsOf(lstm, shape).includes("LSTM"));
  assert.ok(opsOf(gru, shape).includes("GRU"));
});

Deno.test("what the fused form does not cover goes to the layer's own code", () => {
  const shape = [batch, time, features];
  const plain = tf.layers.lstm({ units, activation: "relu" });
  assert.ok(!opsOf(plain, shape).includes("LSTM"));
  const dropping = tf.layers.gru({ units, dropout: 0.5 });
  assert.ok(!opsOf(dropping, shape, true).includes("GRU"));
  assert.ok(opsOf(dropping, shape).includes("GRU"));
});

Deno.test("the layers are as they were after a trace", () => {
  const layer = tf.layers.lstm({ units });
  const proto = Object.getPrototypeOf(layer);
  const before = proto.call;
  opsOf(layer, [batch, time, features]);
  assert.equal(proto.call, before);
});
