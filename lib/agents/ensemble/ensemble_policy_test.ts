import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { loadOnnx } from "../../onnx/mod.ts";
import { ActorCriticPolicy, createPolicy } from "../actor_critic_policy.ts";
import { boxSpace, discreteSpace, multiDiscreteSpace, type Space } from "../environment.ts";
import { type CombinationConfig, EnsemblePolicy, loadEnsemble } from "./mod.ts";

const size = 4, rows = 3;
const observations = createRng(5).fillNormal(new Float32Array(rows * size));

/** Members that differ, one of them recurrent; last layers are no longer tiny. */
async function makeMembers(
  actionSpace: Space,
  recurrent = false,
  masked = false,
): Promise<ActorCriticPolicy[]> {
  return await Promise.all([1, 2, 3].map(async (seed) => {
    const policy = await createPolicy({
      observationSize: size,
      actionSpace,
      hidden: [8],
      recurrent: recurrent && seed === 2 ? { units: 3 } : null,
      masked,
      seed,
    });
    const { weights } = policy.state();
    const rng = createRng(seed);
    policy.restore({ weights: weights.map((w) => w.map((x) => x + 0.5 * rng.normal())) });
    return policy;
  }));
}

const softmax = (x: ArrayLike<number>): number[] => {
  const e = Array.from(x, (v) => Math.exp(v));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};
const argMax = (x: number[]) => x.indexOf(Math.max(...x));
const near = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string) => {
  assert.equal(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) {
    assert.ok(Math.abs(got[i] - want[i]) <= tolerance, `${what}[${i}]: ${got[i]} and ${want[i]}`);
  }
};

/** Members' probabilities [row][member][choice]. */
const probabilitiesOf = (members: readonly ActorCriticPolicy[]) => {
  const outputs = members.map((m) => m.evaluate(observations).outputs);
  return Array.from(
    { length: rows },
    (_, i) => outputs.map((o) => softmax(o.slice(3 * i, 3 * i + 3))),
  );
};

Deno.test("a mean ensemble has the weighted mean of its members' probabilities and values", async () => {
  const members = await makeMembers(discreteSpace(3));
  const ensemble = await EnsemblePolicy.create(members, { kind: "mean", weights: [1, 1, 2] });
  const weights = [0.25, 0.25, 0.5];
  const answer = ensemble.evaluate(observations);
  const all = probabilitiesOf(members);
  const values = members.map((m) => m.evaluate(observations).values);
  for (let i = 0; i < rows; i++) {
    const mixed = [0, 1, 2].map((a) => weights.reduce((s, w, k) => s + w * all[i][k][a], 0));
    near(answer.distribution.slice(3 * i, 3 * i + 3).map(Math.exp), mixed, 1e-6, "probabilities");
    assert.equal(answer.action[i], argMax(mixed));
    near([answer.value[i]], [weights.reduce((s, w, k) => s + w * values[k][i], 0)], 1e-5, "value");
  }
  const { actions } = ensemble.act(observations, { deterministic: true });
  assert.deepEqual([...actions], [...answer.action]);
  ensemble.dispose();
});

Deno.test("a vote takes the choice of most members, and the likelier of equals", async () => {
  const members = await makeMembers(discreteSpace(3));
  const ensemble = await EnsemblePolicy.create(members, { kind: "vote" });
  const answer = ensemble.evaluate(observations);
  probabilitiesOf(members).forEach((each, i) => {
    const score = [0, 1, 2].map((a) =>
      each.filter((p) => argMax(p) === a).length + 1e-3 * each.reduce((s, p) => s + p[a], 0)
    );
    assert.equal(answer.action[i], argMax(score));
  });
  ensemble.dispose();
});

Deno.test("an ensemble gated by regime takes its row of weights, and is flat in a row of zeros", async () => {
  const members = await makeMembers(discreteSpace(3));
  const ensemble = await EnsemblePolicy.create(members, {
    kind: "regime",
    reading: { index: 2, scale: 10, offset: 1 },
    thresholds: [2, 4],
    weights: [[1, 0, 0], [0, 0.5, 0], [0, 0, 0]],
    flat: 1,
  });
  const own = observations.slice();
  // Readings of 1.5, 3 and 5.
  [0.05, 0.2, 0.4].forEach((x, i) => own[i * size + 2] = x);
  const { weights, action, distribution } = ensemble.evaluate(own);
  near(weights, [1, 0, 0, 0, 0.5, 0, 0, 0, 0], 1e-6, "weights");
  const first = softmax(members[0].evaluate(own).outputs.slice(0, 3));
  near(distribution.slice(0, 3).map(Math.exp), first, 1e-6, "first row");
  const second = softmax(members[1].evaluate(own).outputs.slice(3, 6));
  const halved = second.map((p, a) => p / 2 + (a === 1 ? 0.5 : 0));
  near(distribution.slice(3, 6).map(Math.exp), halved, 1e-6, "second row");
  assert.equal(action[2], 1);
  ensemble.dispose();
});

Deno.test("rolling Sharpe ratios weigh members as a computation by hand does", async () => {
  const members = await makeMembers(discreteSpace(3));
  const levels = [-1, 0, 1], windowBars = 4, temperature = 2, costBps = 10;
  const ensemble = await EnsemblePolicy.create(members, {
    kind: "rollingSharpe",
    assetReturn: { index: 1, scale: 0.01 },
    windowBars,
    temperature,
    costBps,
    levels,
    weights: [2, 1, 1],
  });
  const state = new Float32Array(ensemble.stateSize);
  const rng = createRng(8);
  const history: number[][] = [[], [], []];
  const held = [0, 0, 0];
  for (let t = 0; t < 9; t++) {
    const one = rng.fillNormal(new Float32Array(size));
    const answer = ensemble.evaluate(one, state);
    state.set(answer.next!);
    members.forEach((m, k) => {
      const position = levels[argMax(softmax(m.evaluate(one).outputs))];
      const cost = Math.abs(position - held[k]) * costBps / 1e4;
      history[k].push(held[k] * one[1] * 0.01 - cost);
      held[k] = position;
    });
    const sharpes = history.map((h) => {
      const last = h.slice(-windowBars);
      const mean = last.reduce((a, b) => a + b, 0) / windowBars;
      const square = last.reduce((a, b) => a + (b - mean) ** 2, 0) / (windowBars - 1);
      return mean / (Math.sqrt(square) + 1e-8) * Math.sqrt(252) / temperature;
    });
    const wanted = t + 1 < windowBars ? [0.5, 0.25, 0.25] : softmax(sharpes);
    near(answer.weights, wanted, 1e-4, `weights at ${t}`);
  }
  ensemble.dispose();
});

Deno.test("an ensemble of numbers has mean and variance of its members' mixture", async () => {
  const members = await makeMembers(boxSpace([2], -1, 1));
  const ensemble = await EnsemblePolicy.create(members, { kind: "mean" });
  const { action, distribution } = ensemble.evaluate(observations);
  const out = members.map((m) => m.act(observations, { deterministic: true }).actions);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < 2; k++) {
      const means = out.map((a) => a[2 * i + k]);
      const mean = means.reduce((a, b) => a + b, 0) / 3;
      near([action[2 * i + k]], [mean], 1e-6, "mean");
      const second = members.reduce((s, m, j) => {
        const [logStd] = m.network.head.variables;
        return s + (Math.exp(2 * logStd.dataSync()[k]) + means[j] ** 2) / 3;
      }, 0);
      const logDeviation = Math.log(second - mean ** 2) / 2;
      near([distribution[4 * i + 2 + k]], [logDeviation], 1e-5, "log deviation");
    }
  }
  const many = new Float32Array(size * 4000);
  for (let i = 0; i < 4000; i++) many.set(observations.subarray(0, size), i * size);
  const { drawn, actions } = ensemble.act(many, { rng: createRng(1) });
  let mean = 0;
  for (let i = 0; i < 4000; i++) mean += drawn[2 * i] / 4000;
  assert.ok(Math.abs(mean - distribution[0]) < 4 * Math.exp(distribution[2]) / Math.sqrt(4000));
  assert.ok(actions.every((a) => a >= -1 && a <= 1));
  ensemble.dispose();
});

const combinations: [string, CombinationConfig][] = [
  ["mean", { kind: "mean" }],
  ["vote", { kind: "vote", weights: [1, 2, 1] }],
  ["rollingSharpe", {
    kind: "rollingSharpe",
    assetReturn: { index: 0 },
    windowBars: 3,
    levels: [-1, 0, 1],
  }],
  ["regime", {
    kind: "regime",
    reading: { index: 1 },
    thresholds: [0],
    weights: [[1, 0, 0], [0, 0, 1]],
  }],
];

for (const [name, combination] of combinations) {
  Deno.test(`a saved ensemble (${name}) and its one ONNX graph answer as it does, over a sequence and with an LSTM`, async () => {
    const ensemble = await EnsemblePolicy.create(
      await makeMembers(discreteSpace(3), true),
      combination,
    );
    const again = await loadEnsemble(ensemble.toBytes());
    const graph = await loadOnnx(await ensemble.toOnnx({ version: "7" }));
    assert.equal(graph.metadata.version, "7");
    const n = 5, rng = createRng(2);
    const state = new Float32Array(n * ensemble.stateSize);
    const shape = [n, ensemble.stateSize];
    for (let t = 0; t < 6; t++) {
      const data = rng.fillNormal(new Float32Array(n * size));
      const local = ensemble.evaluate(data, state);
      const loaded = again.evaluate(data, state);
      const served = await graph.run({
        observation: { data, shape: [n, size] },
        state: { data: state, shape },
      });
      for (const key of ["action", "distribution", "value", "weights"] as const) {
        near(served[key].data as Float32Array, local[key], 1e-6, `${key} at ${t}`);
        assert.deepEqual(loaded[key], local[key]);
      }
      near(served.next_state.data as Float32Array, local.next!, 1e-6, `state at ${t}`);
      state.set(local.next!);
    }
    graph.dispose();
    ensemble.dispose();
    again.dispose();
  });
}

Deno.test("the graph of an ensemble whose members are masked takes a mask, and answers as act() with it", async () => {
  const members = await makeMembers(discreteSpace(3), true, true);
  const ensemble = await EnsemblePolicy.create(members, { kind: "vote" });
  assert.ok(ensemble.isMasked);
  const graph = await loadOnnx(await ensemble.toOnnx());
  assert.deepEqual(graph.inputs.map((i) => i.name), ["observation", "state", "action_mask"]);
  const masks = Uint8Array.of(1, 0, 1, 0, 1, 1, 0, 0, 1);
  const state = new Float32Array(rows * ensemble.stateSize);
  const served = await graph.run({
    observation: { data: observations, shape: [rows, size] },
    state: { data: state, shape: [rows, ensemble.stateSize] },
    action_mask: { data: Float32Array.from(masks), shape: [rows, 3] },
  });
  const { actions } = ensemble.act(observations, { deterministic: true, masks, state });
  assert.deepEqual([...served.action.data], [...actions]);
  masks.forEach((allowed, i) => assert.equal(served.distribution.data[i] > -1e6, allowed === 1));
  const again = await loadEnsemble(ensemble.toBytes());
  assert.ok(again.isMasked);
  again.dispose();
  graph.dispose();
  ensemble.dispose();
});

Deno.test("EnsemblePolicy.create() names what does not fit, and loadEnsemble() a damaged file", async () => {
  const members = await makeMembers(discreteSpace(3));
  const create = (c: CombinationConfig, who = members) => EnsemblePolicy.create(who, c);
  await assert.rejects(create({ kind: "mean" }, []), /members must not be empty/);
  await assert.rejects(
    create({ kind: "mean", weights: [1] }),
    /weights must have 3 numbers, got 1/,
  );
  await assert.rejects(create({ kind: "mean", weights: [0, 0, 0] }), /a sum > 0, got 0/);
  const sharpe = { kind: "rollingSharpe", assetReturn: { index: 0 } } as const;
  await assert.rejects(create(sharpe), /levels must have 3 numbers, got none/);
  await assert.rejects(
    create({ ...sharpe, assetReturn: { index: 4 }, levels: [0, 0, 0] }),
    /assetReturn.index must be < 4, got 4/,
  );
  const regime = { kind: "regime" as const, reading: { index: 0 }, thresholds: [1] };
  await assert.rejects(create({ ...regime, weights: [[1, 0, 0]] }), /weights/);
  await assert.rejects(
    create({ ...regime, weights: [[1, 1, 0], [0, 0, 0]] }),
    /add up to at most 1, got 2/,
  );
  const [other] = await makeMembers(discreteSpace(2));
  await assert.rejects(create({ kind: "mean" }, [...members, other]), /got others in member 3/);
  const parts = await makeMembers(multiDiscreteSpace([2, 2]));
  await assert.rejects(create({ kind: "mean" }, parts), /discrete or box, got multiDiscrete/);
  const ensemble = await create({ kind: "mean" });
  const bytes = ensemble.toBytes();
  await assert.rejects(loadEnsemble(bytes.subarray(0, bytes.length - 9)), SyntaxError);
  await assert.rejects(loadEnsemble(members[0].toBytes()), /format must be tapebook-ensemble-1/);
  assert.throws(() => ensemble.evaluate(Float32Array.of(1, NaN, 0, 0)), /must be finite, got NaN/);
  ensemble.dispose();
});
