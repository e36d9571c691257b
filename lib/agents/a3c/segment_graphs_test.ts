import assert from "node:assert/strict";
import { createSession, ortTensor } from "../../onnx/runtime.ts";
import { createActorCritic } from "../actor_critic.ts";
import { discreteSpace } from "../environment.ts";
import { parseConfig } from "../parse_config.ts";
import { a3cConfigSchema } from "./a3c_config.ts";
import { encodeSegmentGraphs } from "./segment_graphs.ts";
import { allocateSharedMemory, applySharedRmsprop } from "./shared_memory.ts";
import fixture from "./testdata/segment_gradient.json" with { type: "json" };

const near = (got: ArrayLike<number>, wanted: number[], what: string) => {
  assert.equal(got.length, wanted.length, what);
  wanted.forEach((want, i) =>
    assert.ok(Math.abs(got[i] - want) <= 1e-5, `${what}[${i}]: ${got[i]} and ${want}`)
  );
};

for (const { lstmUnits, start, segments } of fixture.cases) {
  const what = lstmUnits === null ? "a feed-forward network" : "a network with an LSTM";
  Deno.test(`gradients and shared RMSprop of ${what} equal PyTorch's within 1e-5, padded segments too`, async () => {
    const config = parseConfig(a3cConfigSchema, {
      totalSteps: 1,
      nSteps: 5,
      entropyCoefficient: 0.02,
      maxGradientNorm: 0.5,
    }, "test");
    const network = await createActorCritic({
      observationSize: 3,
      actionSpace: discreteSpace(3),
      hidden: [4],
      recurrent: lstmUnits === null ? null : { units: lstmUnits, shared: true },
      seed: 1,
    });
    const graphs = await encodeSegmentGraphs(network, config, false);
    const session = await createSession(graphs.gradient);
    const memory = allocateSharedMemory(start.length, 1);
    memory.parameters.set(start);
    for (const s of segments) {
      const n = s.drawn.length;
      // What stands in the rows beyond the segment's end must not matter.
      const rows = (values: number[], size = 1) => {
        const data = new Float32Array(5 * size).fill(7);
        data.set(values);
        return ortTensor(data, "float32", size === 1 ? [5] : [5, size]);
      };
      const weights = new Float32Array(5).fill(1 / n, 0, n);
      const drawn = new Int32Array(5);
      drawn.set(s.drawn);
      const out = session.run({
        parameters: ortTensor(Float32Array.from(memory.parameters), "float32", [start.length]),
        observations: rows(s.observations, 3),
        drawn: ortTensor(drawn, "int32", [5]),
        advantages: rows(s.advantages),
        returns: rows(s.returns),
        weights: ortTensor(weights, "float32", [5]),
        ...(lstmUnits === null ? {} : {
          state: ortTensor(Float32Array.from(s.state), "float32", [1, 2 * lstmUnits]),
        }),
      });
      const gradient = out.gradient.data as Float32Array;
      near(gradient, s.gradient, "gradient");
      for (const name of ["loss", "policyLoss", "valueLoss", "entropy"] as const) {
        near(out[name].data as Float32Array, [s[name]], name);
      }
      applySharedRmsprop(memory, gradient, { learningRate: 0.01, decay: 0.9, epsilon: 1e-5 });
      near(memory.parameters, s.parameters, "parameters");
    }
    session.dispose();
    network.dispose();
  });
}
