import assert from "node:assert/strict";
import {
  createPolicy,
  discreteSpace,
  EnsemblePolicy,
  loadEnsemble,
  logPolicy,
  marketEnvironment,
  type Policy,
  portfolioEnvironment,
  ppo,
  vectorize,
} from "../lib/agents/mod.ts";
import { type Bars, makeBars } from "../lib/data/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { connect, type Tracker } from "../lib/tracking/mod.ts";
import { readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { openTestDatabase } from "./support/server.ts";

interface Served {
  tracker: Tracker;
  runId: string;
  /** Asks the endpoint about `rows` rows of each input. */
  infer(rows: number, inputs: Record<string, ArrayLike<number>>): Promise<Response>;
}

/** Logs a policy, registers and promotes it, and serves it while `body` runs. */
async function withServed(policy: Policy, body: (served: Served) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "silent" }),
    { db: await openTestDatabase("pglite") },
  );
  const tracker = connect(server.url, { spoolDir: `${home}/spool` });
  try {
    const run = await tracker.startRun({ experiment: "agents", name: "policy" });
    await logPolicy(run, policy, { metadata: { agents: ["ppo", "a2c", "a3c"] } });
    await run.end();
    await tracker.registerModel({ name: "quarterly", runId: run.id });
    const { promotion } = await tracker.transport.json<{ promotion: { status: string } }>(
      "POST",
      "/api/tapebook/v1/promotions",
      { body: { model: "quarterly", version: "1" } },
    );
    assert.equal(promotion.status, "applied");
    await body({
      tracker,
      runId: run.id,
      infer: (rows, inputs) =>
        fetch(`${server.url}/v2/models/quarterly/infer`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            inputs: Object.entries(inputs).map(([name, data]) => ({
              name,
              datatype: "FP32",
              shape: [rows, data.length / rows],
              data: Array.from(data),
            })),
          }),
        }),
    });
  } finally {
    await tracker.close();
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
}

/** Outputs by name of an answer that must be one of version 1. */
async function outputsOf(answer: Response): Promise<Record<string, number[]>> {
  assert.equal(answer.status, 200);
  const { model_version, outputs } = await answer.json() as {
    model_version: string;
    outputs: { name: string; data: number[] }[];
  };
  assert.equal(model_version, "1");
  return Object.fromEntries(outputs.map(({ name, data }) => [name, data]));
}

const near = (got: number[], wanted: ArrayLike<number>, what: string) => {
  assert.equal(got.length, wanted.length, what);
  got.forEach((value, i) =>
    assert.ok(Math.abs(value - wanted[i]) <= 1e-6, `${what}: ${value}, ${wanted[i]}`)
  );
};

Deno.test("an ensemble of policies is logged, registered, promoted and served as one model, its state passed back", async () => {
  const size = 4, rows = 2;
  const members = await Promise.all([1, 2, 3].map((seed) =>
    createPolicy({
      observationSize: size,
      actionSpace: discreteSpace(2),
      hidden: [8],
      recurrent: seed === 3 ? { units: 4 } : null,
      seed,
    })
  ));
  const ensemble = await EnsemblePolicy.create(members, {
    kind: "rollingSharpe",
    assetReturn: { index: 0, scale: 0.01 },
    windowBars: 3,
    levels: [0, 1],
  });
  await withServed(ensemble, async ({ infer, tracker, runId }) => {
    const rng = createRng(4);
    let state = new Float32Array(rows * ensemble.stateSize);
    for (let t = 0; t < 5; t++) {
      const observation = rng.fillNormal(new Float32Array(rows * size));
      const local = ensemble.evaluate(observation, state);
      const served = await outputsOf(await infer(rows, { observation, state }));
      for (const name of ["action", "distribution", "value", "weights"] as const) {
        near(served[name], local[name], name);
      }
      state = Float32Array.from(served.next_state);
      near(served.next_state, local.next!, "next_state");
    }
    const weights = await tracker.reader.downloadArtifact(runId, "model/policy.safetensors");
    const again = await loadEnsemble(weights);
    const observation = rng.fillNormal(new Float32Array(rows * size));
    assert.deepEqual(again.evaluate(observation, state), ensemble.evaluate(observation, state));
    again.dispose();
  });
  ensemble.dispose();
});

/** Bars of a random walk, some without volume: the symbol does not trade there. */
function walk(seed: number): Bars {
  const rng = createRng(seed);
  let price = 100;
  const close = Float64Array.from({ length: 200 }, () => price *= 1 + 0.01 * rng.normal());
  return makeBars({
    time: close.map((_, t) => (t + 1) * 86_400_000),
    open: close,
    high: close,
    low: close,
    close,
    volume: close.map((_, t) => (t + seed) % 7 === 0 ? 0 : 1000),
  });
}

const frameOf = (bars: Bars) => ({
  names: ["price"],
  columns: [bars.close.map((c) => c / 100 - 1)],
  time: bars.time,
  length: bars.length,
});

for (
  const [what, make] of [
    ["one symbol", () => {
      const bars = walk(1);
      return marketEnvironment({ bars, frame: frameOf(bars), minimumHoldBars: 3 });
    }],
    ["a portfolio", () => {
      const bars = { A: walk(1), B: walk(2) };
      const frames = { A: frameOf(bars.A), B: frameOf(bars.B) };
      const actions = { kind: "levels", levels: [0, 0.2, 0.5] } as const;
      return portfolioEnvironment({ bars, frames, actions, minimumHoldBars: 3 });
    }],
  ] as const
) {
  Deno.test(`a policy that learned with masks is served with them (${what})`, async () => {
    const { policy } = await ppo.train(make, { totalSteps: 256, rolloutSteps: 128, hidden: [8] });
    assert.ok(policy.isMasked);
    await withServed(policy, async ({ infer }) => {
      const rows = 2;
      const environments = vectorize(make, rows), rng = createRng(3);
      environments.reset(1);
      let forbidden = 0;
      for (let t = 0; t < 12; t++) {
        const { observations: observation } = environments;
        const masks = environments.masks!;
        for (const allowed of masks) forbidden += 1 - allowed;
        const local = policy.act(observation, { deterministic: true, masks });
        const served = await outputsOf(await infer(rows, { observation, action_mask: masks }));
        near(served.action, local.actions, "action");
        near(served.value, local.values, "value");
        masks.forEach((allowed, i) =>
          assert.ok(allowed ? served.distribution[i] > -1e6 : served.distribution[i] < -1e6)
        );
        environments.step(policy.act(observation, { rng, masks }).actions);
      }
      assert.ok(forbidden > 10, `${forbidden} choices were forbidden`);
      const refused = await infer(rows, { observation: environments.observations });
      assert.equal(refused.status, 400);
      assert.match(await refused.text(), /action_mask.* is missing/);
    });
    policy.dispose();
  });
}
