import assert from "node:assert/strict";
import {
  createPolicy,
  discreteSpace,
  EnsemblePolicy,
  loadEnsemble,
  logPolicy,
} from "../lib/agents/mod.ts";
import { createRng } from "../lib/math/mod.ts";
import { connect } from "../lib/tracking/mod.ts";
import { readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { openTestDatabase } from "./support/server.ts";

interface InferAnswer {
  model_version: string;
  outputs: { name: string; shape: number[]; data: number[] }[];
}

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
  const home = await Deno.makeTempDir();
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "silent" }),
    { db: await openTestDatabase("pglite") },
  );
  const tracker = connect(server.url, { spoolDir: `${home}/spool` });
  try {
    const run = await tracker.startRun({ experiment: "agents", name: "ensemble" });
    await logPolicy(run, ensemble, { metadata: { agents: ["ppo", "a2c", "a3c"] } });
    await run.end();
    await tracker.registerModel({ name: "quarterly", runId: run.id });
    const { promotion } = await tracker.transport.json<{ promotion: { status: string } }>(
      "POST",
      "/api/tapebook/v1/promotions",
      { body: { model: "quarterly", version: "1" } },
    );
    assert.equal(promotion.status, "applied");

    const infer = async (observation: Float32Array, state: Float32Array): Promise<InferAnswer> => {
      const tensor = (name: string, data: Float32Array) => ({
        name,
        datatype: "FP32",
        shape: [rows, data.length / rows],
        data: [...data],
      });
      const answer = await fetch(`${server.url}/v2/models/quarterly/infer`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          inputs: [tensor("observation", observation), tensor("state", state)],
        }),
      });
      assert.equal(answer.status, 200);
      return await answer.json();
    };
    const rng = createRng(4);
    let state = new Float32Array(rows * ensemble.stateSize);
    for (let t = 0; t < 5; t++) {
      const observation = rng.fillNormal(new Float32Array(rows * size));
      const local = ensemble.evaluate(observation, state);
      const { outputs, model_version } = await infer(observation, state);
      assert.equal(model_version, "1");
      const served = (name: string) => outputs.find((o) => o.name === name)!.data;
      for (const name of ["action", "distribution", "value", "weights"] as const) {
        served(name).forEach((value, i) =>
          assert.ok(
            Math.abs(value - local[name][i]) <= 1e-6,
            `${name}: ${value}, ${local[name][i]}`,
          )
        );
      }
      state = Float32Array.from(served("next_state"));
      local.next!.forEach((value, i) => assert.ok(Math.abs(value - state[i]) <= 1e-6));
    }

    const weights = await tracker.reader.downloadArtifact(run.id, "model/policy.safetensors");
    const again = await loadEnsemble(weights);
    const observation = rng.fillNormal(new Float32Array(rows * size));
    assert.deepEqual(again.evaluate(observation, state), ensemble.evaluate(observation, state));
    again.dispose();
  } finally {
    await tracker.close();
    await server.close();
    ensemble.dispose();
    await Deno.remove(home, { recursive: true });
  }
});
