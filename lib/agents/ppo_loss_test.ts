import assert from "node:assert/strict";
import { compileStep } from "../onnx/mod.ts";
import { createActorCritic } from "./actor_critic.ts";
import { ActorCriticPolicy } from "./actor_critic_policy.ts";
import { discreteSpace } from "./environment.ts";
import { type PpoBatch, ppoLoss } from "./ppo_loss.ts";
import fixture from "./testdata/ppo_update.json" with { type: "json" };

for (const { valueClipRange, losses, weights } of fixture.cases) {
  const what = valueClipRange === null ? "without" : "with";
  Deno.test(`PPO's losses and update ${what} value clipping equal PyTorch's within 1e-5`, async () => {
    const config = {
      observationSize: 3,
      actionSpace: discreteSpace(3),
      hidden: [4],
      seed: 0,
    };
    const network = await createActorCritic(config);
    const policy = await ActorCriticPolicy.create(network);
    policy.restore({ weights: fixture.start });
    const batch = 8, row = { shape: [batch] };
    const step = await compileStep({
      variables: network.variables,
      inputs: {
        observations: { shape: [batch, 3] },
        drawn: { shape: [batch], dtype: "int32" },
        oldLogProbabilities: row,
        oldValues: row,
        advantages: row,
        returns: row,
      },
      loss: (inputs) =>
        ppoLoss(network, inputs as unknown as PpoBatch, {
          clipRange: 0.2,
          valueClipRange,
          normalizeAdvantage: true,
          entropyCoefficient: 0.01,
          valueCoefficient: 0.5,
        }),
      optimizer: { kind: "adam", learningRate: 0.01, epsilon: 1e-5 },
      clipNorm: 0.5,
    });
    const { data } = fixture;
    const metrics = step.epochMetrics(
      {
        observations: Float32Array.from(data.observations),
        drawn: Int32Array.from(data.actions),
        oldLogProbabilities: Float32Array.from(data.oldLogProbabilities),
        oldValues: Float32Array.from(data.oldValues),
        advantages: Float32Array.from(data.advantages),
        returns: Float32Array.from(data.returns),
      },
      Int32Array.from({ length: 24 }, (_, i) => i),
    );
    losses.forEach((wanted, i) => {
      for (const [name, want] of Object.entries(wanted)) {
        const got = metrics[name][i];
        assert.ok(
          Math.abs(got - want) <= 1e-5 * Math.max(1, Math.abs(want)),
          `${name} ${i}: ${got}`,
        );
      }
    });
    step.syncVariables();
    policy.state().weights.forEach((got, v) =>
      got.forEach((value, k) => {
        const want = weights[v][k];
        assert.ok(Math.abs(value - want) <= 1e-5, `variable ${v}[${k}]: ${value} and ${want}`);
      })
    );
    step.dispose();
    policy.dispose();
  });
}
