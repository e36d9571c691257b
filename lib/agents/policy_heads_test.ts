import assert from "node:assert/strict";
import { createPolicy } from "./actor_critic_policy.ts";
import { boxSpace, discreteSpace, multiDiscreteSpace, type Space } from "./environment.ts";
import { compilePpoUpdate } from "./ppo_update.ts";
import fixture from "./testdata/policy_heads.json" with { type: "json" };

type Head = { kind: string; sizes?: number[]; low?: number[]; high?: number[]; squash?: boolean };

function spaceOf({ sizes, low, high }: Head): Space {
  if (!sizes) return boxSpace([low!.length], low, high);
  return sizes.length === 1 ? discreteSpace(sizes[0]) : multiDiscreteSpace(sizes);
}

for (const { name, head, trunk, recurrent, start, data, losses, weights } of fixture.cases) {
  Deno.test(`PPO's losses and update of ${name} equal PyTorch's within 1e-5`, async () => {
    const { size, hidden, units, batch, steps } = fixture;
    const policy = await createPolicy({
      observationSize: size,
      actionSpace: spaceOf(head as Head),
      hidden: [hidden],
      trunk: trunk as "separate",
      squash: (head as Head).squash ?? false,
      recurrent: recurrent ? { units } : null,
      seed: 0,
    });
    policy.restore({ weights: start });
    const step = await compilePpoUpdate(policy.network, {
      batchSize: batch,
      clipRange: 0.2,
      valueClipRange: null,
      normalizeAdvantage: true,
      entropyCoefficient: 0.01,
      valueCoefficient: 0.5,
      maxGradientNorm: 0.5,
      learningRate: 0.01,
      adamEpsilon: 1e-5,
      recurrent: recurrent ? { units, shared: false, sequenceSteps: steps } : null,
      seed: 0,
    }, data.masks !== null);
    const { drawn, masks, starts, state, ...columns } = data;
    const arrays: Record<string, Float32Array | Int32Array> = Object.fromEntries(
      Object.entries(columns).map(([key, values]) => [key, Float32Array.from(values)]),
    );
    arrays.drawn = head.kind === "choices" ? Int32Array.from(drawn) : Float32Array.from(drawn);
    if (masks) arrays.masks = Float32Array.from(masks);
    if (recurrent) {
      arrays.starts = Float32Array.from(starts);
      arrays.state = Float32Array.from(state);
    }
    const rows = recurrent ? fixture.rows / steps : fixture.rows;
    const metrics = step.epochMetrics(
      arrays,
      Int32Array.from({ length: 2 * rows }, (_, i) => i % rows),
    );
    losses.forEach((wanted, i) => {
      for (const [key, want] of Object.entries(wanted)) {
        const got = metrics[key][i];
        const isNear = Math.abs(got - want) <= 1e-5 * Math.max(1, Math.abs(want));
        assert.ok(isNear, `${key} ${i}: ${got} and ${want}`);
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
